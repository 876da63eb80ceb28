package integration_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// TestSizeStaysTheSame: a queue with steady work and a retention uses the space of what was
// pruned again. One round is an hour of an app: jobs come, some for later, some fail and are
// retried, and what ended a day ago is pruned.
func TestSizeStaysTheSame(t *testing.T) {
	for _, c := range []struct {
		name     string
		argsSize func(*rand.Rand) int
		hourly   int // jobs
	}{
		{"small", func(r *rand.Rand) int { return r.IntN(400) }, 200},
		{"of any size", func(r *rand.Rand) int {
			if r.IntN(20) > 0 {
				return r.IntN(100)
			}
			return r.IntN(60_000)
		}, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st, err := boltstore.Open(filepath.Join(t.TempDir(), "app.db"), boltstore.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer st.Close()
				q, err := queue.New(st, queue.Config{KeepDiscarded: 24 * time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				u := &usage{t: t, q: q, r: rand.New(rand.NewPCG(1, 2)), argsSize: c.argsSize}
				days := func(n int) int64 {
					for range 24 * n {
						u.hour(c.hourly)
					}
					info, err := st.Info()
					if err != nil {
						t.Fatal(err)
					}
					return info.Size
				}
				before := days(3)
				lasting := 4
				if *whole {
					lasting = 40
				}
				after := days(lasting)
				t.Logf("%d jobs, %d KiB after 3 days, %d KiB after %d more", u.stored, before>>10, after>>10, lasting)
				// A file grows in steps of a quarter; it may happen to need one more.
				if after > before*8/5 {
					t.Errorf("the file grows: it has %d bytes after 3 days, and %d after %d more", before, after, lasting)
				}
				report, err := st.Verify(t.Context())
				if err != nil || !report.OK() {
					t.Errorf("verify: %v %v", report.Problems, err)
				}
				if report.Jobs > 60*c.hourly {
					t.Errorf("%d jobs are there: they are not pruned", report.Jobs)
				}
			})
		})
	}
}

// usage is an app that goes on for ever.
type usage struct {
	t        *testing.T
	q        *queue.Queue
	r        *rand.Rand
	argsSize func(*rand.Rand) int
	stored   int
}

// group is how many jobs one call stores or claims.
const group = 50

// hour stores jobs, runs what can run, lets an hour pass, and prunes.
func (u *usage) hour(jobs int) {
	for ; jobs > 0; jobs -= group {
		fresh := make([]queue.NewJob, group)
		for i := range fresh {
			fresh[i] = u.job()
		}
		if _, err := u.q.Enqueue(u.t.Context(), fresh...); err != nil {
			u.t.Fatal(err)
		}
		u.stored += group
	}
	for u.work() {
	}
	time.Sleep(time.Hour)
	for {
		done, err := u.q.Maintain(u.t.Context(), 1000)
		if err != nil {
			u.t.Fatal(err)
		}
		if !done.More {
			return
		}
	}
}

func (u *usage) job() queue.NewJob {
	j := queue.NewJob{
		Kind: fmt.Sprint("kind ", u.r.IntN(5)), Priority: int16(u.r.IntN(3)), MaxAttempts: 3,
		Args: make(store.Value, u.argsSize(u.r)),
	}
	if u.r.IntN(3) == 0 {
		j.RunAt = u.q.Store().Now().Add(time.Duration(u.r.IntN(20)) * time.Hour)
	}
	if u.r.IntN(3) == 0 {
		j.Unique = queue.Unique{Key: fmt.Sprint("key ", u.r.IntN(1_000_000)), Until: store.UntilDeleted}
	}
	return j
}

// work runs some jobs, and tells whether there were any.
func (u *usage) work() bool {
	claimed, err := u.q.Claim(u.t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: queue.DefaultQueue, N: group}}})
	if err != nil {
		u.t.Fatal(err)
	}
	attempts := make([]queue.Attempt, len(claimed.Jobs))
	for i := range claimed.Jobs {
		attempts[i] = queue.Attempt{Job: &claimed.Jobs[i], Verdict: queue.Succeeded, Result: make(store.Value, u.r.IntN(300))}
		if u.r.IntN(4) == 0 {
			failure := &store.Failure{Kind: store.FailError, Message: "no luck", Stack: string(make([]byte, u.r.IntN(500)))}
			attempts[i] = queue.Attempt{Job: &claimed.Jobs[i], Verdict: queue.Failed, Failure: failure}
		}
	}
	if _, err := u.q.Finish(u.t.Context(), attempts...); err != nil {
		u.t.Fatal(err)
	}
	return len(attempts) > 0
}
