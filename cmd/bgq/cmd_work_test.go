package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// manager listens as a service manager does, and returns what it is told.
func manager(t *testing.T) <-chan string {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	name := filepath.Join(dir, "n")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Skipf("there are no such sockets here: %v", err)
	}
	told := make(chan string, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			told <- string(b[:n])
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	t.Setenv("NOTIFY_SOCKET", name)
	return told
}

func TestSystemd(t *testing.T) {
	told := manager(t)
	t.Setenv("WATCHDOG_USEC", "2000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	s := newSystemd()
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		if v, set := os.LookupEnv(name); set {
			t.Errorf("the commands that are run would find %s=%s", name, v)
		}
	}
	s.tell("READY=1", "STATUS=working")
	if got := <-told; got != "READY=1\nSTATUS=working" {
		t.Errorf("it was told %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.watch(ctx, func(context.Context) error { return nil }) }()
	if got := <-told; got != "WATCHDOG=1" {
		t.Errorf("it was told %q", got)
	}
	cancel()
	<-ended
}

// The watchdog is not fed when something is wrong.
func TestSystemdUnwell(t *testing.T) {
	told := manager(t)
	t.Setenv("WATCHDOG_USEC", "2000")
	s := newSystemd()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	s.watch(ctx, func(context.Context) error {
		if n++; n == 3 {
			cancel()
		}
		return errors.New("stuck")
	})
	s.tell("STOPPING=1")
	if got := <-told; got != "STOPPING=1" {
		t.Errorf("it was told %q", got)
	}
}

func TestSystemdIsNotThere(t *testing.T) {
	for _, c := range []struct{ socket, usec, pid string }{{"", "2000", ""}, {"relative", "2000", ""}, {"/run/x", "2000", "1"}, {"/run/x", "soon", ""}} {
		t.Setenv("NOTIFY_SOCKET", c.socket)
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		s := newSystemd()
		s.tell("READY=1")
		s.watch(t.Context(), nil) // or it would not return
	}
}

func TestQueueSlots(t *testing.T) {
	for text, want := range map[string]queueSlots{
		"default:4,io:1": {"default": 4, "io": 1},
		"io":             {"io": -1},
		"batch:nov:2":    {"batch:nov": 2},
	} {
		var q queueSlots
		if err := q.Set(text); err != nil || fmt.Sprint(q) != fmt.Sprint(want) || q.String() != text {
			t.Errorf("%q: %v %v", text, q, err)
		}
	}
	for _, text := range []string{"", ",", "a:0", "a:-1", "a:x", "a,a:1", ":3", "a:10001"} {
		var q queueSlots
		if err := q.Set(text); err == nil {
			t.Errorf("%q is taken for %v", text, q)
		}
	}
}

func TestWithout(t *testing.T) {
	other := errors.New("other")
	for _, c := range []struct{ err, what, want error }{
		{nil, nil, nil},
		{other, nil, other},
		{context.Canceled, context.Canceled, nil},
		{errors.Join(fmt.Errorf("x: %w", context.Canceled), other), context.Canceled, other},
		{errors.Join(other, context.Canceled), nil, context.Canceled},
	} {
		if got := without(c.err, c.what); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) || c.what != nil && errors.Is(got, c.what) {
			t.Errorf("%v without %v is %v", c.err, c.what, got)
		}
	}
}

func TestMoment(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-11-22T15:04:05Z": time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC),
		"2026-11-22T15:04":     time.Date(2026, 11, 22, 15, 4, 0, 0, time.Local),
		"2026-11-22 15:04:05":  time.Date(2026, 11, 22, 15, 4, 5, 0, time.Local),
		"2026-11-22":           time.Date(2026, 11, 22, 0, 0, 0, 0, time.Local),
	} {
		var m moment
		if err := m.Set(text); err != nil || !time.Time(m).Equal(want) {
			t.Errorf("%q is %v, %v", text, time.Time(m), err)
		}
	}
	var m moment
	if m.Set("tomorrow") == nil || m.Set("25:00") == nil || m.String() != "" {
		t.Errorf("taken for %s", m.String())
	}
	now := time.Date(2026, 11, 30, 12, 30, 0, 0, time.Local)
	if got := next(now, 12, 31); got.Day() != 30 {
		t.Errorf("got %v", got)
	}
	if got := next(now, 12, 30); got.Month() != 12 || got.Day() != 1 || got.Hour() != 12 {
		t.Errorf("got %v", got)
	}
}

func TestParseEnv(t *testing.T) {
	t.Setenv("BGQ_TEST_HERE", "x=y")
	env, err := parseEnv([]string{"A=b=c", "E=", "BGQ_TEST_HERE", "A=again"})
	if err != nil || fmt.Sprint(env) != fmt.Sprint(map[string]string{"A": "again", "E": "", "BGQ_TEST_HERE": "x=y"}) {
		t.Errorf("%v %v", env, err)
	}
	for _, bad := range []string{"", "=x", "BGQ_TEST_NOT_SET", "A=\x00"} {
		if _, err := parseEnv([]string{bad}); codeOf(err) != exitUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The queues of a flag are complete in the sentence about them.
func TestDescribeWork(t *testing.T) {
	f := workFlags{queues: queueSlots{"io": 1, "default": -1}, slots: slots{n: 3}}
	if got := f.describe(); got != "working on default with 3 workers, io with 1 worker" {
		t.Error(got)
	}
	f.queues = nil
	if got := f.describe(); got != "working on default with 3 workers" {
		t.Error(got)
	}
}
