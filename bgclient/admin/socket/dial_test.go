package socket

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// hasOnly tells whether err matches want, and no other of the errors that are told apart.
func hasOnly(err, want error) bool {
	for _, e := range []error{ErrNone, ErrStale, fs.ErrPermission, context.Canceled} {
		if errors.Is(err, e) != (e == want) {
			return false
		}
	}
	return err != nil
}

func TestDialErrors(t *testing.T) {
	db := newFile(t)
	stale := newFile(t)
	listen(t, stale).in.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		db   string
		want error
		text string
	}{
		{t.Context(), db, ErrNone, ": no admin socket: no program has the file open, or it serves none"},
		{t.Context(), filepath.Join(db, "app.db"), ErrNone, ": no admin socket: no program has the file open, or it serves none"},
		{t.Context(), filepath.Join(filepath.Dir(db), "no", "app.db"), ErrNone, ": no admin socket: no program has the file open, or it serves none"},
		{t.Context(), stale, ErrStale, ": nobody listens on the admin socket: the program that made it was killed; the next one that opens the file replaces it"},
		{cancelled, db, context.Canceled, ": not connected: context canceled"},
		{cancelled, stale, context.Canceled, ": not connected: context canceled"},
	} {
		conn, err := Dial(c.ctx, c.db)
		if conn != nil || !hasOnly(err, c.want) || err.Error() != Path(c.db)+c.text {
			t.Errorf("Dial(%q): %v, %v", c.db, conn, err)
		}
	}
	if errors.Is(ErrNone, ErrStale) || strings.Contains(ErrStale.Error(), ErrNone.Error()) {
		t.Error("the errors blur")
	}
}

func TestConcurrentDials(t *testing.T) {
	const n = 100
	db := newFile(t)
	l := listen(t, db)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			conn, err := Dial(t.Context(), db)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if got := readAll(t, conn); got != "hello" {
				t.Errorf("got %q", got)
			}
		})
	}
	for range n {
		<-greet(t, l, "hello")
	}
	all.Wait()
}

// While one generation follows another, there is always somebody to talk to.
func TestDialWhileReplaced(t *testing.T) {
	db := newFile(t)
	listen(t, db)
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { stopped <- n }()
		for {
			conn, err := Dial(context.Background(), db)
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
			n++
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for range 50 {
		listen(t, db)
	}
	close(stop)
	if n := <-stopped; n == 0 {
		t.Error("nothing was dialed")
	}
}

func BenchmarkDial(b *testing.B) {
	live, stale, none := newFile(b), newFile(b), newFile(b)
	l := listen(b, live)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	listen(b, stale).in.Close()
	for what, db := range map[string]string{"live": live, "stale": stale, "none": none} {
		b.Run(what, func(b *testing.B) {
			for b.Loop() {
				if conn, err := Dial(b.Context(), db); err == nil {
					conn.Close()
				}
			}
		})
	}
}
