package integration_test

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"
)

// death says when a process is killed.
type death struct {
	lines int           // once it has printed so many lines; 0: not for that
	delay time.Duration // and so long after that line, or after its start
}

// never lets a process live to its natural end.
var never = death{delay: 2 * lifetime}

// soon is a random moment: mostly after up to most lines, sometimes while the process still
// starts, when it opens the file and sees to what the last one left behind.
func soon(most int) death {
	if rand.IntN(4) == 0 {
		return death{delay: rand.N(80 * time.Millisecond)}
	}
	return death{lines: 1 + rand.IntN(most), delay: rand.N(3 * time.Millisecond)}
}

// life is what is left of a process.
type life struct {
	lines  []string // that it has printed
	stderr string
	code   int // -1: killed
}

func (l *life) killed() bool { return l.code < 0 }

// lifetime is the longest that any process may live. One that hangs fails the test, and
// says where it hangs.
const lifetime = 2 * time.Minute

// live runs cmd until it ends or meets its death. What it prints goes through a
// pipe: a line that it has written is kept by the kernel, whatever becomes of the
// process, so the lines are a ledger outside of it.
func live(t *testing.T, cmd *exec.Cmd, d death) *life {
	t.Helper()
	ownGroup(cmd)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = 10 * time.Second
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hung := time.AfterFunc(lifetime, func() { dumpGroup(cmd) })
	arm := func() *time.Timer { return time.AfterFunc(d.delay, func() { killGroup(cmd) }) }
	timer := hung
	if d.lines == 0 {
		timer = arm()
	}
	l := &life{}
	in := bufio.NewScanner(stdout)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		l.lines = append(l.lines, in.Text())
		if len(l.lines) == d.lines {
			timer = arm()
		}
	}
	if err := in.Err(); err != nil {
		t.Errorf("reading what %s prints: %v", cmd, err)
	}
	_ = cmd.Wait() // how it ended is in the state
	timer.Stop()
	if !hung.Stop() {
		t.Fatalf("%s hung for %v:\n%s", cmd, lifetime, stderr.String())
	}
	l.stderr, l.code = stderr.String(), cmd.ProcessState.ExitCode()
	return l
}
