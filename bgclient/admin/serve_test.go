package admin

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/socket"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// onSocket serves the API on the socket of the file until the server is closed.
func (f *fixture) onSocket() (c *client.Client, over <-chan error) {
	f.t.Helper()
	l, err := socket.Listen(f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- f.s.Serve(l) }()
	transport := socket.Transport(f.path)
	f.t.Cleanup(transport.CloseIdleConnections)
	return client.New(transport, socket.BaseURL), ended
}

func TestSocket(t *testing.T) {
	f := serve(t, false)
	c, over := f.onSocket()
	stored, err := c.Enqueue(t.Context(), "", wire.NewJob{Kind: "k"})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := f.db.Audit(t.Context(), store.AuditRequest{Job: stored[0].ID})
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v %v", entries, err)
	}
	want := store.Actor{UID: -1, PID: -1, Via: "socket"}
	if conn, err := socket.Dial(t.Context(), f.path); err != nil {
		t.Error(err)
	} else {
		if _, known := socket.PeerOf(conn); known { // the system tells who connects
			want = store.Actor{Name: socket.Username(os.Getuid()), UID: os.Getuid(), PID: os.Getpid(), Via: "socket"}
		}
		// This connection says nothing, and is not waited for.
		defer conn.Close()
	}
	if entries[0].Actor != want {
		t.Errorf("%+v, want %+v", entries[0].Actor, want)
	}
	began := time.Now()
	if err := f.s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("closing took %v", d)
	}
	if err := <-over; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.path + ".sock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := c.Info(t.Context()); !errors.Is(err, socket.ErrNone) {
		t.Errorf("%v", err)
	}
	// Who comes too late is sent away.
	l, err := socket.Listen(f.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.s.Serve(l); err != nil {
		t.Error(err)
	}
	if err := f.s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestServeNeedsAUnixSocket(t *testing.T) {
	f := serve(t, false)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.s.Serve(l); err == nil || !strings.Contains(err.Error(), "mount Handler") {
		t.Errorf("%v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("it still listens")
	}
}

// A listener that breaks is reported.
func TestServeReportsABrokenListener(t *testing.T) {
	f := serve(t, false)
	l, err := socket.Listen(f.path)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := f.s.Serve(l); err == nil {
		t.Error("nothing was said")
	}
}

// A request that is under way when the server is closed is answered, and Close waits for it.
func TestCloseWaitsForRequests(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		enter, leave := make(chan struct{}), make(chan struct{})
		h := f.s.Handler(Access{Authorize: func(*http.Request, bool) (string, error) {
			close(enter)
			<-leave
			return "ann", nil
		}})
		answers := make(chan int, 1)
		go func() { answers <- call(h, "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]}`).Code }()
		<-enter
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.s.Close(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		closed := make(chan error, 1)
		go func() { closed <- f.s.Close(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Errorf("Close has returned: %v", err)
		default:
		}
		close(leave)
		if status := <-answers; status != http.StatusCreated {
			t.Errorf("%d", status)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// rawRequest sends the beginning of a request.
func rawRequest(t *testing.T, p *pipes, text string) net.Conn {
	t.Helper()
	conn, err := p.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Whoever waits hears that the server closes, also over a connection that is cut right after.
func TestCloseIsToldToThoseWhoWait(t *testing.T) {
	closeWhileWaiting(t, (*testing.T).Context)
}

// Programs close with the context that the signal to end has ended: that is no error by itself.
func TestCloseWithAContextThatIsOver(t *testing.T) {
	closeWhileWaiting(t, func(t *testing.T) context.Context {
		over, cancel := context.WithCancel(t.Context())
		cancel()
		return over
	})
}

func closeWhileWaiting(t *testing.T, with func(*testing.T) context.Context) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		p := f.listen()
		id := f.enqueue(1, queue.NewJob{Kind: "k"})[0]
		const clients = 20
		ended := make(chan error, clients)
		for range clients {
			c := p.client(t)
			go func() {
				_, err := c.Wait(t.Context(), id, time.Minute, client.JSON)
				ended <- err
			}()
		}
		synctest.Wait()
		if err := f.s.Close(with(t)); err != nil {
			t.Error(err)
		}
		for range clients {
			problem(t, <-ended, wire.CodeClosed)
		}
	})
}

// A body has to arrive in time.
func TestSlowBody(t *testing.T) {
	for _, c := range []struct {
		what, head string
		status     string
		takes      time.Duration
	}{
		{"a body that is wanted", "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", "400", bodyPatience},
		{"one in chunks", "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "400", bodyPatience},
		{"one for nobody", "GET /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", "400", closePatience},
		{"one for nothing", "POST /v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", "404", closePatience},
		{"no end of the header", "POST /v1/jobs HTTP/1.1\r\nHost: x\r\n", "", streamPatience},
	} {
		bubble(t, false, func(t *testing.T, f *fixture) {
			p := f.listen()
			began := time.Now()
			conn := rawRequest(t, p, c.head)
			answer, err := io.ReadAll(conn) // until the server closes the connection
			if err != nil || !strings.HasPrefix(string(answer), strings.TrimSpace("HTTP/1.1 "+c.status)) && c.status != "" {
				t.Errorf("%s: %q %v", c.what, answer, err)
			}
			if c.takes == bodyPatience && !strings.Contains(string(answer), "could not be read: it did not arrive in time") {
				t.Errorf("%s: %q", c.what, answer)
			}
			// net/http lingers for half a second before it closes.
			if d := time.Since(began); d < c.takes || d > c.takes+time.Second {
				t.Errorf("%s: it took %v, should %v", c.what, d, c.takes)
			}
		})
	}
}

// A connection can be used again, however long it takes until then, also after a body and a long wait.
func TestDeadlinesAreTakenAway(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		c := f.listen().client(t)
		for range 3 {
			stored, err := c.Enqueue(t.Context(), "", wire.NewJob{Kind: "k", Hold: true})
			if err != nil {
				t.Fatal(err)
			}
			if j, err := c.Wait(t.Context(), stored[0].ID, time.Minute, client.JSON); err != nil || j.State != store.Pending {
				t.Fatalf("%+v %v", j, err)
			}
			time.Sleep(time.Minute)
		}
	})
}

// A client that does not read holds nothing but its own answer, and that only for a while.
func TestSlowReader(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		for range 4 {
			f.enqueue(1, queue.NewJob{Kind: "k", Args: packed(t, bytes.Repeat([]byte{1}, 100<<10))})
		}
		p := f.listen()
		began := time.Now()
		for range maxLarge {
			conn := rawRequest(t, p, "GET /v1/jobs?parts=args HTTP/1.1\r\nHost: x\r\n\r\n")
			if line, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
				t.Fatalf("%q %v", line, err)
			}
		}
		synctest.Wait()
		// Nothing is read from any of them now. No transaction is open: the file can be written and compacted.
		f.enqueue(1, queue.NewJob{Kind: "k"})
		if _, err := f.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if page := answered[wire.JobPage](t, call(f.s, "GET", "/v1/jobs", ""), 200); len(page.Jobs) != 5 {
			t.Errorf("%+v", page)
		}
		// As many large answers as there may be are under way.
		if d := time.Since(began); d > time.Second {
			t.Errorf("it took %v", d)
		}
		refusedWith(t, call(f.s, "GET", "/v1/jobs?parts=args", ""), wire.CodeTooMany) // after some seconds
		// Half a MiB has to be read within ten seconds, and one for each 256 KiB.
		time.Sleep(streamPatience + 3*time.Second)
		synctest.Wait()
		answered[wire.JobPage](t, call(f.s, "GET", "/v1/jobs?parts=args", ""), 200)
	})
}

// A client that does not read cannot keep the server from closing.
func TestSlowReaderAtTheEnd(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		for range 2 {
			f.enqueue(1, queue.NewJob{Kind: "k", Args: packed(t, bytes.Repeat([]byte{1}, 1<<20-100))})
		}
		p := f.listen()
		reader := rawRequest(t, p, "GET /v1/jobs?parts=args HTTP/1.1\r\nHost: x\r\n\r\n")
		writer := rawRequest(t, p, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
		synctest.Wait()
		began := time.Now()
		if err := f.s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if d := time.Since(began); d > closePatience+time.Second {
			t.Errorf("it took %v", d)
		}
		_, _ = reader, writer
	})
}

// What a mounted handler sets for its answers does not concern the other handlers of a connection.
func TestMountedDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, false)
		mux := http.NewServeMux()
		mux.Handle("/ops/", http.StripPrefix("/ops", f.s.Handler(Access{})))
		mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
			for range 10 {
				time.Sleep(10 * time.Second)
				fmt.Fprintln(w, "still here")
				_ = http.NewResponseController(w).Flush()
			}
		})
		p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		p.close = func() { close(p.done) }
		app := &http.Server{Handler: mux}
		over := make(chan error, 1)
		go func() { over <- app.Serve(p) }()
		conn, err := p.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		for _, path := range []string{"/ops/v1/info", "/slow"} {
			if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(path, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || path == "/slow" && strings.Count(string(body), "still") != 10 {
				t.Errorf("%s: %q %v", path, body, err)
			}
		}
		conn.Close()
		_ = app.Close()
		<-over
	})
}
