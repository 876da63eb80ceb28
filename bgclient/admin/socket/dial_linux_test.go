package socket

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// narrow lets at most one connection wait to be accepted, and fills that place.
func narrow(t *testing.T, l *Listener, db string) {
	t.Helper()
	raw, err := l.in.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn, err := Dial(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := net.Dial("unix", l.path); !errors.Is(err, syscall.EAGAIN) {
		t.Fatalf("there is still room: %v", err)
	}
}

// With too many connections waiting, Dial waits too.
func TestDialWaitsForRoom(t *testing.T) {
	db := newFile(t)
	l := listen(t, db)
	narrow(t, l, db)
	const n = 10
	dialed := make(chan error)
	for range n {
		go func() {
			conn, err := Dial(context.Background(), db)
			if err == nil {
				conn.Close()
			}
			dialed <- err
		}()
	}
	accepted := make(chan int)
	go func() {
		n := 0
		defer func() { accepted <- n }()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
			n++
		}
	}()
	for range n {
		if err := <-dialed; err != nil {
			t.Error(err)
		}
	}
	l.Close()
	if got := <-accepted; got == 0 {
		t.Error("nothing was accepted")
	}
}

// Its waiting ends with the context.
func TestDialWaitsNotForEver(t *testing.T) {
	db := newFile(t)
	narrow(t, listen(t, db), db)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, db); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// asNobody calls do as a user who owns nothing. Only one thread of the process becomes that user, and
// ends with it.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		const nobody = 65534
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); e != 0 {
			done <- e
			return
		}
		do()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// The socket's own mode keeps others out, also in a folder that they may enter.
func TestNotPermitted(t *testing.T) {
	db := newFile(t)
	listen(t, db)
	var closed, open error
	asNobody(t, func() { _, closed = Dial(context.Background(), db) })
	for _, dir := range []string{filepath.Dir(db), filepath.Dir(filepath.Dir(db))} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, func() { _, open = Dial(context.Background(), db) })
	for err, hint := range map[error]string{
		closed: "you may not enter its folder",
		open:   "it belongs to " + Username(0) + ": only that user and root may connect",
	} {
		if !hasOnly(err, fs.ErrPermission) || err.Error() != Path(db)+": permission denied: "+hint {
			t.Errorf("got %v", err)
		}
	}
	var listening error
	asNobody(t, func() { _, listening = Listen(db) })
	if !errors.Is(listening, fs.ErrPermission) || !strings.HasSuffix(listening.Error(), ": its folder must be writable, on a file system that has sockets") {
		t.Errorf("got %v", listening)
	}
}

// The owner too is refused by a socket that may not be written to.
func TestNotPermittedOwner(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root is always permitted")
	}
	db := newFile(t)
	listen(t, db)
	if err := os.Chmod(Path(db), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), db); !hasOnly(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

// The other user is known to the one who accepts.
func TestPeerIsAnotherUser(t *testing.T) {
	db := newFile(t)
	l := listen(t, db)
	for _, path := range []string{filepath.Dir(db), filepath.Dir(filepath.Dir(db)), Path(db)} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, func() {
		conn, err := Dial(context.Background(), db)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		in, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer in.Close()
		if p, ok := PeerOf(in); !ok || p != (Peer{UID: 65534, GID: os.Getegid(), PID: os.Getpid()}) {
			t.Errorf("the peer is %+v, %v", p, ok)
		}
	})
}
