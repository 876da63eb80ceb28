package admin

import (
	"context"
	"net/http"

	"github.com/bgq-dev/bgq/bgclient/admin/socket"
	"github.com/bgq-dev/bgq/store"
)

// door is a way into the API.
type door struct {
	// enter tells who asks, or why they may not. Who only wants to look need not be known.
	enter    func(r *http.Request, change bool) (store.Actor, error)
	readOnly bool
	remote   bool // the answer goes over a connection, which can be broken off
}

// insideDoor lets the program itself in.
func (s *Server) insideDoor() *door {
	return &door{enter: func(*http.Request, bool) (store.Actor, error) { return s.cfg.Actor, nil }}
}

// socketDoor lets in who can connect to the socket: they could read the file as well.
func (s *Server) socketDoor() *door {
	return &door{remote: true, enter: func(r *http.Request, change bool) (store.Actor, error) {
		actor := store.Actor{UID: -1, PID: -1, Via: "socket"}
		if !change {
			return actor, nil
		}
		if peer, ok := socket.PeerFrom(r.Context()); ok {
			actor.Name, actor.UID, actor.PID = socket.Username(peer.UID), peer.UID, peer.PID
		}
		return actor, nil
	}}
}

// caller is who asks.
type caller struct {
	actor    store.Actor
	readOnly bool
}

type callerKey struct{}

func withCaller(ctx context.Context, c *caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

func callerOf(r *http.Request) *caller {
	c, ok := r.Context().Value(callerKey{}).(*caller)
	if !ok {
		return &caller{actor: store.Actor{UID: -1, PID: -1}}
	}
	return c
}

// audit returns the context for the changes that a request asks for: they are recorded as the caller's.
func (s *Server) audit(r *http.Request, verb, reason, operation string) context.Context {
	return store.WithAudit(r.Context(), store.Audit{Actor: callerOf(r).actor, Verb: verb, Reason: reason, Operation: operation})
}
