package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestAccess(t *testing.T) {
	f := serve(t, false)
	const away = "192.0.2.1:55555"
	token := Access{Token: "s3cret"}
	named := Access{Authorize: func(r *http.Request, change bool) (string, error) {
		if r.Header.Get("User") == "" || change && r.Header.Get("User") != "ann" {
			return "", errors.New("the reason is a secret")
		}
		return r.Header.Get("User"), nil
	}}
	for _, c := range []struct {
		what   string
		access Access
		method string
		header []string
		code   wire.Code // "": let in
	}{
		{"from here", Access{}, "GET", nil, ""},
		{"from here, IPv6", Access{}, "GET", []string{"Remote", "[::1]:1", "Host", "[::1]:80"}, ""},
		{"from here, IPv4 in IPv6", Access{}, "GET", []string{"Remote", "[::ffff:127.0.0.1]:1"}, ""},
		{"from elsewhere", Access{}, "GET", []string{"Remote", away}, wire.CodeForbidden},
		{"from nowhere", Access{}, "GET", []string{"Remote", "@"}, wire.CodeForbidden},
		{"through a proxy here", Access{}, "GET", []string{"X-Forwarded-For", "192.0.2.1"}, wire.CodeForbidden},
		{"through a proxy that does not know for whom", Access{}, "GET", []string{"X-Forwarded-For", ""}, wire.CodeForbidden},
		{"through a proxy that names itself", Access{}, "GET", []string{"Via", "1.1 front"}, wire.CodeForbidden},
		{"through a newer proxy", Access{}, "GET", []string{"Forwarded", "for=192.0.2.1"}, wire.CodeForbidden},

		{"without token", token, "GET", nil, wire.CodeUnauthorized},
		{"a wrong token", token, "GET", []string{"Authorization", "Bearer s3cre"}, wire.CodeUnauthorized},
		{"an empty token", token, "GET", []string{"Authorization", "Bearer "}, wire.CodeUnauthorized},
		{"another scheme", token, "GET", []string{"Authorization", "Basic s3cret"}, wire.CodeUnauthorized},
		{"the token", token, "GET", []string{"Authorization", "Bearer s3cret"}, ""},
		{"the token, from elsewhere", token, "POST", []string{"Authorization", "bearer s3cret", "Remote", away}, ""},
		{"the token, a proxy", token, "GET", []string{"Authorization", "Bearer s3cret", "X-Forwarded-For", "192.0.2.1"}, ""},

		{"nobody", named, "GET", nil, wire.CodeForbidden},
		{"somebody reads", named, "GET", []string{"User", "joe", "Remote", away}, ""},
		{"somebody changes", named, "POST", []string{"User", "joe"}, wire.CodeForbidden},
		{"the right one changes", named, "POST", []string{"User", "ann", "Remote", away}, ""},
		{"a token does not replace it", Access{Token: "s3cret", Authorize: named.Authorize}, "GET", []string{"Authorization", "Bearer s3cret"}, wire.CodeForbidden},

		{"a name that points here", Access{}, "GET", []string{"Host", "evil.example:8080"}, wire.CodeForbidden},
		{"no name", Access{}, "GET", []string{"Host", ""}, wire.CodeForbidden},
		{"a name that only looks right", Access{}, "GET", []string{"Host", "localhost.evil.example"}, wire.CodeForbidden},
		{"localhost with a dot", Access{}, "GET", []string{"Host", "LocalHost.:80"}, ""},
		{"another loopback", Access{}, "GET", []string{"Host", "127.0.0.53"}, ""},
		{"an expected name", Access{Hosts: []string{"ops.example"}}, "GET", []string{"Host", "OPS.example:8443"}, ""},
		{"an expected address", Access{Hosts: []string{"2001:db8::1"}}, "GET", []string{"Host", "[2001:db8::1]:80"}, ""},
		{"any name", Access{Hosts: []string{"*"}}, "GET", []string{"Host", "evil.example"}, ""},
		{"the token under another name", token, "GET", []string{"Authorization", "Bearer s3cret", "Host", "evil.example"}, wire.CodeForbidden},

		{"the page of another site changes", Access{}, "POST", []string{"Sec-Fetch-Site", "cross-site"}, wire.CodeForbidden},
		{"the page of a neighbour changes", Access{}, "POST", []string{"Sec-Fetch-Site", "same-site"}, wire.CodeForbidden},
		{"an old browser changes", Access{}, "POST", []string{"Origin", "https://evil.example"}, wire.CodeForbidden},
		{"the own page changes", Access{}, "POST", []string{"Sec-Fetch-Site", "same-origin"}, ""},
		{"the own page in an old browser", Access{}, "POST", []string{"Origin", "http://localhost:8080"}, ""},
		{"the page of another site reads", Access{}, "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, wire.CodeForbidden},
		{"a link is followed", Access{}, "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, ""},
		{"the address is typed", Access{}, "GET", []string{"Sec-Fetch-Site", "none"}, ""},
	} {
		h := f.s.Handler(c.access)
		before := f.count("")
		var status int
		if c.method == "GET" {
			w := call(h, "GET", "/v1/status", "", c.header...)
			if status = w.Code; c.code != "" {
				p := refusedWith(t, w, c.code)
				if strings.Contains(p.Detail+p.Hint, "secret") {
					t.Errorf("%s: %+v", c.what, p)
				}
				if c.code == wire.CodeUnauthorized && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("%s: %v", c.what, w.Header())
				}
			}
		} else {
			w := call(h, "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]}`, c.header...)
			if status = w.Code; c.code != "" {
				refusedWith(t, w, c.code)
			}
			if stored := f.count("") > before; stored != (c.code == "") {
				t.Errorf("%s: stored %v", c.what, stored)
			}
		}
		if c.code == "" && status >= 300 {
			t.Errorf("%s: %d", c.what, status)
		}
	}
}

// The application's own mux may be served on a unix socket.
func TestAccessOverAUnixSocketOfTheApplication(t *testing.T) {
	f := serve(t, false)
	l, err := net.Listen("unix", t.TempDir()+"/app.sock")
	if err != nil {
		t.Fatal(err)
	}
	app := &http.Server{Handler: f.s.Handler(Access{})}
	done := make(chan error, 1)
	go func() { done <- app.Serve(l) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", l.Addr().String())
	}}
	resp, err := (&http.Client{Transport: transport}).Get("http://localhost/v1/info")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s", resp.Status)
	}
	transport.CloseIdleConnections()
	_ = app.Close()
	<-done
}

// Who asked is recorded with the change.
func TestActors(t *testing.T) {
	f := serve(t, false)
	ann := Access{Authorize: func(*http.Request, bool) (string, error) { return "ann", nil }}
	long := Access{Authorize: func(*http.Request, bool) (string, error) { return strings.Repeat("é", 200), nil }}
	for _, c := range []struct {
		h    http.Handler
		want store.Actor
	}{
		{f.s, operator},
		{f.s.Handler(ann), store.Actor{Name: "ann", UID: -1, PID: -1, Via: "http"}},
		{f.s.Handler(long), store.Actor{Name: strings.Repeat("é", 127), UID: -1, PID: -1, Via: "http"}},
		{f.s.Handler(Access{}), store.Actor{Name: "http 127.0.0.1", UID: -1, PID: -1, Via: "http"}},
	} {
		id := f.enqueue(1, queue.NewJob{Kind: "k", Hold: true})[0]
		answered[wire.Acted](t, call(c.h, "POST", "/v1/jobs/"+id.String()+"/release", `{"reason":"it is time"}`), 200)
		entries, err := f.db.Audit(t.Context(), store.AuditRequest{Job: id})
		if err != nil || len(entries) != 1 {
			t.Fatalf("%v %v", entries, err)
		}
		if e := entries[0]; e.Actor != c.want || e.Verb != "release" || e.Reason != "it is time" {
			t.Errorf("%+v, want %+v", e, c.want)
		}
	}
}
