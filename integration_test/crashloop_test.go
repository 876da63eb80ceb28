package integration_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// plan is what a crasher works on: numbered calls, some of which end its process.
type plan struct {
	DB       string
	Calls    int
	Culprits []int // their numbers
	Batch    bool  // the calls are the indexes of a Parallelise
}

// crasherMain works until everything has ended, or until a culprit ends it.
func crasherMain(args []string) (err error) {
	var p plan
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return err
	}
	ctx := context.Background()
	c, err := bgclient.Open(p.DB, bgclient.WithWorkers(4), bgclient.WithLockTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	s := newScene(p)
	task, err := bgclient.Register(c, "call", s.call)
	if err != nil {
		return err
	}
	if p.Batch {
		return s.parallelise(ctx, c)
	}
	var calls []*bgclient.Invocation[int]
	for n := range p.Calls {
		// The ids are fixed, so that calls which an earlier life has made are found, not repeated.
		inv, err := task.Invoke(ctx, n, bgclient.WithID(callID(n)))
		if err != nil {
			return err
		}
		calls = append(calls, inv)
	}
	if err := c.Start(ctx); err != nil {
		return err
	}
	for _, inv := range calls {
		if _, err := inv.Wait(ctx); err != nil {
			if _, failed := errors.AsType[*bgclient.BgException](err); !failed {
				return err
			}
		}
	}
	return nil
}

// parallelise ends when nothing but convicted culprits has failed.
func (s *scene) parallelise(ctx context.Context, c *bgclient.Client) error {
	if err := c.Start(ctx); err != nil {
		return err
	}
	var failed []int
	got, err := bgclient.Parallelise(ctx, c, "calls", s.Calls, s.call,
		bgclient.NumThreads(4), bgclient.FailedIndexes(&failed))
	e, ok := errors.AsType[*bgclient.BgException](err)
	switch {
	case !ok:
		return fmt.Errorf("Parallelise returned %w, and no BgException", err)
	case e.Reason != queue.ReasonCrashLoop || e.Kind != store.FailCrash:
		return fmt.Errorf("the failure is %+v, and no crash loop", e)
	case !slices.Equal(failed, s.Culprits):
		return fmt.Errorf("%v failed, and not %v", failed, s.Culprits)
	}
	for n, v := range got {
		if want := double(n); v != want && !slices.Contains(failed, n) {
			return fmt.Errorf("index %d returned %d", n, v)
		}
	}
	return nil
}

func callID(n int) store.ID { return store.ID{5: 1}.Member(int64(n)) }

// scene makes a culprit end its process beside an innocent call that is under way.
type scene struct {
	plan
	doomed  atomic.Bool
	witness chan struct{} // closed by the first innocent call that begins when the process is doomed
	once    atomic.Bool
}

func newScene(p plan) *scene { return &scene{plan: p, witness: make(chan struct{})} }

func (s *scene) call(ctx context.Context, n int) (int, error) {
	alone := bgclient.Job(ctx).Suspect
	if slices.Contains(s.Culprits, n) {
		say(entry{Event: runs, N: n})
		if !alone {
			s.doomed.Store(true)
			<-s.witness
		}
		os.Exit(1)
	}
	if s.doomed.Load() {
		if s.once.CompareAndSwap(false, true) {
			close(s.witness)
		}
		<-ctx.Done() // the process ends first
	}
	if n%3 == 0 {
		sha256.Sum256(make([]byte, 4<<20))
	}
	return double(n), nil
}

func TestCrashLoops(t *testing.T) {
	// A culprit crashes once in company, which makes it a suspect, and then alone
	// until its budget is spent; the life after that ends well.
	const perCulprit = 1 + queue.DefaultMaxRecoveries + 1
	for name, p := range map[string]plan{
		"one culprit among 50":       {Calls: 51, Culprits: []int{25}},
		"two culprits among 50":      {Calls: 52, Culprits: []int{20, 30}},
		"two culprits side by side":  {Calls: 52, Culprits: []int{25, 26}},
		"the first call of all":      {Calls: 51, Culprits: []int{0}},
		"a culprit in a Parallelise": {Calls: 51, Culprits: []int{25}, Batch: true},
	} {
		t.Run(name, func(t *testing.T) {
			p.DB = filepath.Join(t.TempDir(), "app.db")
			b, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			crashes, most := 0, len(p.Culprits)*perCulprit
			for {
				l := live(t, inRole(t, "crasher", string(b)), never)
				if l.code == 0 {
					break
				}
				if crashes++; l.code != 1 || l.stderr != "" || len(l.lines) == 0 {
					t.Fatalf("the program ended by itself, with exit code %d: %s", l.code, l.stderr)
				}
				if crashes > most {
					t.Fatalf("after %d crashes the culprit is still not found out", crashes)
				}
			}
			checkVerdicts(t, p, audit(t, p.DB))
			t.Logf("%d crashes", crashes)
		})
	}
}

// checkVerdicts demands that exactly the culprits were discarded.
func checkVerdicts(t *testing.T, p plan, j *journal) {
	t.Helper()
	if len(j.jobs) != p.Calls {
		t.Errorf("%d jobs are on record, want %d", len(j.jobs), p.Calls)
	}
	suspected := 0
	for _, job := range j.jobs {
		n := int(job.Index)
		if !p.Batch {
			decodeArgs(t, job, &n)
		}
		if slices.Contains(p.Culprits, n) {
			if job.State != store.Discarded || job.Reason != queue.ReasonCrashLoop || job.Recoveries != queue.DefaultMaxRecoveries+1 {
				t.Errorf("culprit %d is %s (%s) after %d recoveries", n, job.State, job.Reason, job.Recoveries)
			}
			if f := job.Failures; len(f) == 0 || f[len(f)-1].Kind != store.FailCrash {
				t.Errorf("culprit %d has the failures %+v", n, f)
			}
			continue
		}
		if job.State != store.Completed || intResult(t, job) != double(n) || job.Attempt != 1 {
			t.Errorf("innocent %d is %s (%s), attempt %d: %+v", n, job.State, job.Reason, job.Attempt, job.Failures)
		}
		if job.Recoveries > 0 {
			t.Errorf("innocent %d is charged with %d crashes", n, job.Recoveries)
		}
		if len(job.Failures) > 0 {
			suspected++
		}
	}
	if suspected == 0 {
		t.Error("no innocent call ran beside a culprit: the test shows nothing")
	}
}

// sleeperMain makes one call, which never ends in a first life and at once in a second.
func sleeperMain(args []string) (err error) {
	db, first := args[0], args[1] == "first"
	ctx := context.Background()
	c, err := bgclient.Open(db, bgclient.WithLockTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	task, err := bgclient.Register(c, "call", func(ctx context.Context, n int) (int, error) {
		if first {
			say(entry{Event: runs, N: n})
			<-ctx.Done()
		}
		return double(n), nil
	}, bgclient.MaxAttempts(1))
	if err != nil {
		return err
	}
	inv, err := task.Invoke(ctx, 7, bgclient.WithID(callID(7)))
	if err != nil {
		return err
	}
	if err := c.Start(ctx); err != nil {
		return err
	}
	_, err = inv.Wait(ctx)
	return err
}

// TestKillIsNoAttempt: one attempt is allowed, and it survives a kill in its middle.
func TestKillIsNoAttempt(t *testing.T) {
	db := filepath.Join(t.TempDir(), "app.db")
	if l := live(t, inRole(t, "sleeper", db, "first"), death{lines: 1}); !l.killed() {
		t.Fatalf("exit code %d: %s", l.code, l.stderr)
	}
	if l := live(t, inRole(t, "sleeper", db, "second"), never); l.code != 0 {
		t.Fatalf("exit code %d: %s", l.code, l.stderr)
	}
	job := audit(t, db).jobs[callID(7)]
	if job == nil || job.State != store.Completed || intResult(t, job) != double(7) {
		t.Fatalf("the job is %+v", job)
	}
	if job.MaxAttempts != 1 || job.Attempt != 1 || job.Recoveries != 1 || len(job.Failures) != 1 {
		t.Errorf("attempt %d of %d, %d recoveries, failures %+v: the crash must be on record, and not be charged as an attempt",
			job.Attempt, job.MaxAttempts, job.Recoveries, job.Failures)
	}
}
