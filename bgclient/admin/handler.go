package admin

import (
	"context"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// Handler returns the API for the application's own mux. Paths begin with /v1: where it is mounted
// below something else, that is to be stripped:
//
//	mux.Handle("/ops/bgq/", http.StripPrefix("/ops/bgq", s.Handler(access)))
func (s *Server) Handler(a Access) http.Handler { return s.handler(a.door(s.log)) }

// ServeHTTP answers a request of the program itself: it may do everything, as Config.Actor.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.inside.ServeHTTP(w, r) }

// handler is the API behind a door.
type handler struct {
	s    *Server
	door *door
	mux  *http.ServeMux
}

func (s *Server) handler(d *door) *handler {
	h := &handler{s: s, door: d, mux: http.NewServeMux()}
	for _, table := range routeTables {
		for _, rt := range table {
			h.mux.Handle(rt.pattern, h.serve(rt))
		}
	}
	h.mux.HandleFunc("/", h.unknown)
	return h
}

// ServeHTTP counts the request, and outlives what goes wrong in it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := h.s.enter()
	if in {
		defer h.s.busy.Done()
	}
	a := newAnswer(h.s, w)
	defer a.finish()
	defer h.rescue(a, r)
	header := a.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if err := a.prepareBody(r); err != nil {
		a.fail(r, err)
		return
	}
	switch p := r.URL.EscapedPath(); {
	case !in:
		a.fail(r, errClosing)
	case !strings.HasPrefix(p, "/") || p != path.Clean(p):
		a.fail(r, nothingAt(r)) // the mux would redirect it, and cannot know where it is mounted
	default:
		h.mux.ServeHTTP(a, r)
	}
}

// rescue answers when a handler has panicked. The stack goes to the log only.
func (h *handler) rescue(a *answer, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { // it was meant
		panic(v)
	}
	h.s.log.Error("the admin API has panicked", zap.String("method", r.Method), zap.String("path", r.URL.Path),
		zap.Any("panic", v), zap.ByteString("stack", debug.Stack()))
	if !a.begun {
		a.fail(r, wire.NewProblem(wire.CodeInternal, "the log of the program says more", "a fault in the program: it has panicked"))
	} else if h.door.remote {
		panic(http.ErrAbortHandler) // so that half an answer is not taken for a whole one
	}
}

// serve answers the requests of a route.
func (h *handler) serve(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := w.(*answer) // see ServeHTTP
		r, leave, err := h.admit(r, &rt)
		if err != nil {
			a.fail(r, err)
			return
		}
		defer leave()
		if rt.stream && r.Method == http.MethodHead {
			a.WriteHeader(http.StatusOK) // the rest would be work for nobody
			return
		}
		if err := rt.handle(h.s, a, r); err != nil {
			a.fail(r, err)
		}
	}
}

// admit lets a request in, or says why not. The request that it returns knows who asks; leave has to be
// called at its end.
func (h *handler) admit(r *http.Request, rt *route) (in *http.Request, leave func(), err error) {
	actor, err := h.door.enter(r, rt.change)
	if err != nil {
		return r, nil, err
	}
	readOnly := h.s.cfg.ReadOnly || h.door.readOnly
	if rt.change && readOnly {
		return r, nil, wire.NewProblem(wire.CodeReadOnly, hintReadOnly, "nothing can be changed here: the API is read-only")
	}
	ctx, cancel := context.WithCancelCause(withCaller(r.Context(), &caller{actor, readOnly}))
	stop := func() bool { return true }
	if !rt.change {
		stop = context.AfterFunc(h.s.life, func() { cancel(errClosing) })
	}
	r = r.WithContext(ctx)
	leave = func() {
		stop()
		cancel(nil)
	}
	return r, leave, nil
}

// methods are those that routes have.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete}

// unknown answers where there is nothing: at the path, or for the method.
func (h *handler) unknown(w http.ResponseWriter, r *http.Request) {
	a := w.(*answer)
	var allowed []string
	for _, m := range methods {
		if _, pattern := h.mux.Handler(&http.Request{Method: m, URL: r.URL, Host: r.Host}); pattern != "/" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 {
		a.fail(r, nothingAt(r))
		return
	}
	if i := slices.Index(allowed, http.MethodGet); i >= 0 {
		allowed = slices.Insert(allowed, i+1, http.MethodHead)
	}
	list := strings.Join(allowed, ", ")
	a.Header().Set("Allow", list)
	a.fail(r, wire.NewProblem(wire.CodeNotAllowed, "there are "+list, "%.20q is no method of %.200q", r.Method, r.URL.Path))
}

func nothingAt(r *http.Request) error {
	return wire.NewProblem(wire.CodeNotFound, "GET /v1/openapi.yaml describes what there is", "there is nothing at %.200q", r.URL.Path)
}
