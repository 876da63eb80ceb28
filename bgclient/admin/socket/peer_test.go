package socket

import (
	"net"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"testing"
)

func TestPeer(t *testing.T) {
	db := newFile(t)
	l := listen(t, db)
	conn, err := Dial(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	p, ok := PeerFrom(ConnContext(t.Context(), in))
	if want := me(); p != want || ok != (want != Peer{}) {
		t.Errorf("the peer is %+v, %v, want %+v", p, ok, want)
	}
	in.Close()
	if p, ok := PeerOf(in); ok {
		t.Errorf("a closed connection has the peer %+v", p)
	}
}

func TestNoPeer(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if p, ok := PeerFrom(ConnContext(t.Context(), a)); ok {
		t.Errorf("a pipe has the peer %+v", p)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p, ok := PeerOf(c); ok {
		t.Errorf("a TCP connection has the peer %+v", p)
	}
	if _, ok := PeerFrom(t.Context()); ok {
		t.Error("a peer came from nowhere")
	}
}

func TestUsername(t *testing.T) {
	if me, err := user.Current(); err == nil && runtime.GOOS != "windows" {
		uid, err := strconv.Atoi(me.Uid)
		if err != nil {
			t.Fatal(err)
		}
		if got := Username(uid); got != me.Username {
			t.Errorf("I am %q, want %q", got, me.Username)
		}
	}
	if got := Username(987654321); got != "uid 987654321" {
		t.Errorf("got %q", got)
	}
}

// me is this process as a peer, where the system tells.
func me() Peer {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return Peer{}
	}
	return Peer{UID: os.Geteuid(), GID: os.Getegid(), PID: os.Getpid()}
}
