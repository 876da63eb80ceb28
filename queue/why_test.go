package queue_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// whyCase brings a job into a situation, and says what Why must know about it.
type whyCase struct {
	name    string
	arrange func(f *fixture) store.ID
	at      queue.Circumstances
	says    []string // parts of the sentences, in their order
	actions []queue.Action
}

// live is a program of which nothing more is known.
var live = queue.Circumstances{Live: true}

// alive is a program with handlers and workers.
func alive(workers int, kinds ...string) queue.Circumstances {
	return queue.Circumstances{Live: true, Kinds: kinds, Served: map[string]int{"default": workers, "other": 1}}
}

var whyCases = []whyCase{
	{
		name:    "available, and nobody works",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k"}, queue.NewJob{Kind: "k"})[0] },
		says:    []string{`a handler for kind "k" has a free slot for queue "default"`, "Beside it 1 available job waits", "nothing runs now"},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name:    "available, and somebody works",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k"})[0] },
		at:      live,
		says:    []string{"free slot"},
	},
	{
		name: "in a paused queue",
		arrange: func(f *fixture) store.ID {
			id := f.enqueue(queue.NewJob{Kind: "k"})[0]
			if err := f.Pause(f.t.Context(), "default", "disk full"); err != nil {
				f.t.Fatal(err)
			}
			time.Sleep(90 * time.Second)
			return id
		},
		at:      live,
		says:    []string{`Its queue "default" is paused since 2000-01-01T00:00:00Z (1m30s ago) ("disk full")`, "free slot"},
		actions: []queue.Action{queue.ActResume},
	},
	{
		name: "scheduled",
		arrange: func(f *fixture) store.ID {
			return f.enqueue(queue.NewJob{Kind: "k", RunAt: time.Now().Add(50 * time.Hour)})[0]
		},
		at:      live,
		says:    []string{"scheduled for 2000-01-03T02:00:00Z (in 2d2h)"},
		actions: []queue.Action{queue.ActRunNow},
	},
	{
		name: "scheduled, and overdue",
		arrange: func(f *fixture) store.ID {
			id := f.enqueue(queue.NewJob{Kind: "k", RunAt: time.Now().Add(time.Minute)})[0]
			time.Sleep(3 * time.Hour)
			return id
		},
		says:    []string{"(2h59m ago)", "That time has come", "nothing runs now"},
		actions: []queue.Action{queue.ActRunNow, queue.ActStart},
	},
	{
		name:    "held",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k", Hold: true})[0] },
		at:      live,
		says:    []string{"held: it waits until somebody releases it"},
		actions: []queue.Action{queue.ActRelease},
	},
	{
		name: "waits for its next attempt",
		arrange: func(f *fixture) store.ID {
			return f.attempt(queue.NewJob{Kind: "k", MaxAttempts: 3}, queue.Attempt{Verdict: queue.Failed, Failure: failure("no paper"), Wait: time.Minute})
		},
		at:      live,
		says:    []string{"Attempt 1 of 3 failed; the next one is due at 2000-01-01T00:01:00Z (in 1m0s)", "(error): no paper"},
		actions: []queue.Action{queue.ActShow, queue.ActRunNow},
	},
	{
		name:    "running",
		arrange: func(f *fixture) store.ID { return f.started(queue.NewJob{Kind: "k"})[0] },
		at:      live,
		says:    []string{"It is running. Attempt 1 of 25 began at 2000-01-01T00:00:00Z (now)"},
	},
	{
		name: "running, with progress",
		arrange: func(f *fixture) store.ID {
			id := f.started(queue.NewJob{Kind: "k"})[0]
			_, err := f.Extend(f.t.Context(), store.Extension{Ref: f.get(id).Ref(), Progress: &store.Progress{Done: 3, Total: 10, Note: "page 3"}})
			if err != nil {
				f.t.Fatal(err)
			}
			return id
		},
		at:   live,
		says: []string{"It is running", "3 of 10 done, page 3"},
	},
	{
		name:    "orphan that ran alone",
		arrange: func(f *fixture) store.ID { return f.started(queue.NewJob{Kind: "k"})[0] },
		says:    []string{"orphan: attempt 1 of 25 began at", "the crash is held against it (1 of at most 3)"},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name:    "orphan without budget",
		arrange: func(f *fixture) store.ID { return f.started(queue.NewJob{Kind: "k", MaxRecoveries: -1})[0] },
		says:    []string{"orphan", "discarded as a crash loop"},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name: "orphan in company",
		arrange: func(f *fixture) store.ID {
			return f.started(queue.NewJob{Kind: "k"}, queue.NewJob{Kind: "k"})[0]
		},
		says:    []string{"orphan", "2 jobs were running then", "one at a time"},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name: "suspect",
		arrange: func(f *fixture) store.ID {
			id := f.started(queue.NewJob{Kind: "k"})[0]
			f.crash()
			f.recover()
			f.started(queue.NewJob{Kind: "k"})
			return id
		},
		at:      live,
		says:    []string{"free slot", "it is a suspect: it runs alone", "1 running job has to end first", "1 of at most 3 crashes", "the process died during attempt 1"},
		actions: []queue.Action{queue.ActShow},
	},
	{
		name: "crash loop",
		arrange: func(f *fixture) store.ID {
			id := f.started(queue.NewJob{Kind: "k", MaxRecoveries: -1})[0]
			f.crash()
			f.recover()
			return id
		},
		says:    []string{"as a crash loop", "its process died while it ran alone, 1 time;", "os.Exit", "(crash)"},
		actions: []queue.Action{queue.ActShow, queue.ActRetry},
	},
	{
		name: "out of attempts",
		arrange: func(f *fixture) store.ID {
			return f.attempt(queue.NewJob{Kind: "k", MaxAttempts: 1}, queue.Attempt{Verdict: queue.Failed, Failure: failure("no ink")})
		},
		says:    []string{"its only attempt failed", "no ink"},
		actions: []queue.Action{queue.ActShow, queue.ActRetry},
	},
	{
		name: "hopeless",
		arrange: func(f *fixture) store.ID {
			return f.attempt(queue.NewJob{Kind: "k"}, queue.Attempt{Verdict: queue.Hopeless, Failure: failure("no such user")})
		},
		says:    []string{"trying again is useless", "no such user"},
		actions: []queue.Action{queue.ActShow, queue.ActRetry},
	},
	{
		name: "its function is gone",
		arrange: func(f *fixture) store.ID {
			id := f.started(queue.NewJob{Kind: "k"})[0]
			f.crash()
			f.recover("k")
			return id
		},
		says: []string{"its function died with the process"},
	},
	{
		name: "cancelled",
		arrange: func(f *fixture) store.ID {
			id := f.enqueue(queue.NewJob{Kind: "k"})[0]
			if _, err := f.Cancel(f.t.Context(), "wrong address", id); err != nil {
				f.t.Fatal(err)
			}
			return id
		},
		says:    []string{"cancelled at 2000-01-01T00:00:00Z (now): wrong address"},
		actions: []queue.Action{queue.ActRetry},
	},
	{
		name: "cancelled by its handler",
		arrange: func(f *fixture) store.ID {
			return f.attempt(queue.NewJob{Kind: "k"}, queue.Attempt{Verdict: queue.CalledOff, Failure: failure("nothing to do")})
		},
		says:    []string{"by its own handler", "nothing to do"},
		actions: []queue.Action{queue.ActRetry},
	},
	{
		name: "completed",
		arrange: func(f *fixture) store.ID {
			return f.attempt(queue.NewJob{Kind: "k"}, queue.Attempt{Verdict: queue.Succeeded, Result: store.Value{0xc0}})
		},
		says:    []string{"It completed at 2000-01-01T00:00:00Z (now), with attempt 1."},
		actions: []queue.Action{queue.ActResult},
	},
}

// started enqueues jobs and claims all there is.
func (f *fixture) started(jobs ...queue.NewJob) []store.ID {
	f.t.Helper()
	ids := f.enqueue(jobs...)
	if got := f.claim(len(jobs)); len(got) != len(jobs) {
		f.t.Fatalf("claimed %d of %d jobs", len(got), len(jobs))
	}
	return ids
}

// attempt enqueues a job and ends its first attempt.
func (f *fixture) attempt(n queue.NewJob, a queue.Attempt) store.ID {
	f.t.Helper()
	id := f.started(n)[0]
	a.Job = f.get(id)
	f.finish(a)
	return id
}

// verbs are the orders that actions stand for.
var verbs = map[queue.Action]queue.Event{queue.ActRetry: queue.Retry, queue.ActRelease: queue.Release, queue.ActRunNow: queue.Due}

func TestWhy(t *testing.T) {
	for _, c := range slices.Concat(whyCases, whyNotCases) {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := open(t, queue.Config{})
				defer f.close()
				e, err := f.Why(t.Context(), c.arrange(f), c.at)
				if err != nil {
					t.Fatal(err)
				}
				text := strings.Join(e.Because, "\n")
				rest := text
				for _, part := range c.says {
					_, after, found := strings.Cut(rest, part)
					if !found {
						t.Errorf("%q is missing, or in the wrong place:\n%s", part, text)
						continue
					}
					rest = after
				}
				var actions []queue.Action
				for _, r := range e.Remedies {
					actions = append(actions, r.Do)
					verb, isVerb := verbs[r.Do]
					if !isVerb {
						continue
					}
					done, err := f.Apply(t.Context(), queue.Order{Verb: verb, IDs: []store.ID{e.Job.ID}})
					if err != nil || len(done.Done) != 1 {
						t.Errorf("it advises to %s a %s job, and then: %+v, %v", verb, e.Job.State, done, err)
					}
				}
				if !slices.Equal(actions, c.actions) {
					t.Errorf("advises %v, want %v", actions, c.actions)
				}
			})
		})
	}
}

func TestWhyOfNoJob(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	if _, err := f.Why(t.Context(), store.NewID(), queue.Circumstances{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}
