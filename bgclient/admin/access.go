package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// door is the one of a mounted handler.
func (a Access) door(log *zap.Logger) *door {
	crossOrigin := http.NewCrossOriginProtection()
	return &door{remote: true, readOnly: a.ReadOnly, enter: func(r *http.Request, change bool) (store.Actor, error) {
		actor := store.Actor{Name: "http", UID: -1, PID: -1, Via: "http"}
		if address := addressOf(r); address != "" {
			actor.Name += " " + address
		}
		user, err := a.check(r, change, log)
		if err != nil {
			return actor, err
		}
		if user != "" {
			actor.Name = shorten(user)
		}
		if !a.expects(r.Host) {
			return actor, wire.NewProblem(wire.CodeForbidden, "the program names the hosts that it is reached under in Access.Hosts", "the host %.100q is not one that is expected here", r.Host)
		}
		if err := crossOrigin.Check(r); err != nil || crossSiteRead(r) {
			return actor, wire.NewProblem(wire.CodeForbidden, "call the API from its own origin", "the request comes from the page of another site")
		}
		return actor, nil
	}}
}

// check tells who asks, if that is known, or why they may not.
func (a *Access) check(r *http.Request, change bool, log *zap.Logger) (user string, err error) {
	switch {
	case a.Authorize != nil:
		user, err := a.Authorize(r, change)
		if err != nil {
			log.Info("a request to the admin API was refused", zap.String("method", r.Method), zap.String("path", r.URL.Path), zap.String("from", r.RemoteAddr), zap.Error(err))
			return "", wire.NewProblem(wire.CodeForbidden, "the log of the program says why", "the program does not allow you to do this")
		}
		return user, nil
	case a.Token != "":
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || !sameText(strings.TrimSpace(token), a.Token) {
			return "", wire.NewProblem(wire.CodeUnauthorized, "send the header Authorization: Bearer and the token", "the token is missing or wrong")
		}
		return "", nil
	case !fromHere(r):
		return "", wire.NewProblem(wire.CodeForbidden, "the program opens it for others with Access.Token or Access.Authorize", "only who is on the same machine may ask")
	}
	return "", nil
}

// sameText compares in a time that tells nothing about either.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// fromHere tells whether a request certainly comes from this machine. What a proxy on this machine passes on
// does not, if it says so as nearly all do.
func fromHere(r *http.Request) bool {
	for _, header := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(header)) > 0 {
			return false
		}
	}
	if at, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && at.Network() == "unix" {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// addressOf is the address that a request comes from, without the port.
func addressOf(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return from.Addr().Unmap().String()
}

// expects tells whether a host is one that the handler is reached under. A name that somebody else has made
// to point to this machine is none.
func (a *Access) expects(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(a.Hosts, func(h string) bool {
		return h == "*" || host != "" && strings.EqualFold(strings.Trim(h, "[]"), host)
	})
}

// crossSiteRead tells whether a page of another site reads, other than by a link that somebody follows. It
// could not see the answer, but making one may be work.
func crossSiteRead(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// shorten cuts a name to what an audit holds.
func shorten(name string) string {
	const most = 255
	return strings.ToValidUTF8(name[:min(len(name), most)], "")
}
