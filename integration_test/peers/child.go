package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"
)

// trialVar names the variable in which a trial is handed to the process that runs it: this program
// again, so that nobody inherits the heap, the goroutines and the page cache of another.
const trialVar = "BGQ_PEERS_TRIAL"

// trialTime is how long one trial may take; what takes longer has failed.
const trialTime = 5 * time.Minute

// child runs the trial that this process was started for, if any, and exits.
func child() {
	text, ok := os.LookupEnv(trialVar)
	if !ok {
		return
	}
	var t trial
	err := json.Unmarshal([]byte(text), &t)
	if err == nil {
		var r result
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		ctx, cancel := context.WithTimeout(ctx, trialTime)
		defer stop()
		defer cancel()
		if r, err = scenarioNamed(t.Scenario).run(ctx, &t); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(r)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run runs a trial in a process of its own, in a fresh directory below dir, with a fresh
// server if the contestant needs one.
func (t trial) run(ctx context.Context, dir string) (r result, err error) {
	if t.Dir, err = os.MkdirTemp(dir, "trial-"); err != nil {
		return r, err
	}
	defer os.RemoveAll(t.Dir)
	if err := os.Chmod(t.Dir, 0o711); err != nil { // the user of a server must get through
		return r, err
	}
	if start := contestantNamed(t.Contestant).serve; start != nil {
		s, err := start(ctx, t.Dir+"/server")
		if err != nil {
			return r, err
		}
		defer s.stop()
		t.Server = s.address
	}
	settle()
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return r, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), trialVar+"="+string(text))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it has processes to end
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return r, context.Cause(ctx)
		}
		return r, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return r, json.Unmarshal(stdout.Bytes(), &r)
}
