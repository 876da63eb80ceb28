package socket

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
)

// serve answers with the host that was asked for and the process that asks.
func serve(t *testing.T, l *Listener, word string) *http.Server {
	server := &http.Server{
		ConnContext: ConnContext,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, ok := PeerFrom(r.Context())
			fmt.Fprintln(w, word, r.Host, r.URL.Path, p, ok)
		}),
	}
	done := make(chan error)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return server
}

func get(tr *http.Transport) (string, error) {
	client := http.Client{Transport: tr}
	resp, err := client.Get(BaseURL + "/v1/info")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestTransport(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // must not matter
	db := newFile(t)
	first := serve(t, listen(t, db), "first")
	t.Chdir(filepath.Dir(db))
	tr := Transport("app.db")
	defer tr.CloseIdleConnections()
	t.Chdir(t.TempDir()) // must not matter either

	want := func(word string) {
		t.Helper()
		p := me()
		want := fmt.Sprintln(word, "bgq", "/v1/info", p, p != Peer{})
		if got, err := get(tr); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	want("first")
	want("first")

	// The program ends, and another one takes over.
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := get(tr); !errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
	serve(t, listen(t, db), "second")
	want("second")
}

// Each request that waits has its connection: they do not wait for each other.
func TestTransportIsNotLimited(t *testing.T) {
	const n = 50
	db := newFile(t)
	l := listen(t, db)
	arrived, leave := make(chan struct{}, n), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-leave
	})}
	served := make(chan error)
	go func() { served <- server.Serve(l) }()
	tr := Transport(db)
	ended := make(chan error)
	for range n {
		go func() {
			_, err := get(tr)
			ended <- err
		}()
	}
	for range n {
		<-arrived // all of them are there at once
	}
	close(leave)
	for range n {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	tr.CloseIdleConnections()
	server.Close()
	<-served
}
