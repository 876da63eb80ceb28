package boltstore

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// stall keeps the committer in the middle of a transaction until the function that
// it returns is called.
func stall(t *testing.T, s *Store) (release func()) {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- s.do(context.Background(), &op{run: func(*txn) error {
			close(entered)
			<-leave
			return nil
		}})
	}()
	<-entered
	return sync.OnceFunc(func() {
		close(leave)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestLoneCallIsOneCommit(t *testing.T) {
	s := open(t, Options{})
	before := commits(t, s)
	mustEnqueue(t, s, newTestJob())
	if n := commits(t, s) - before; n != 1 {
		t.Errorf("one call took %d commits", n)
	}
}

func TestCallsShareACommit(t *testing.T) {
	s := open(t, Options{})
	release := stall(t, s)
	before := commits(t, s)
	const n = 100
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { mustEnqueue(t, s, newTestJob()) })
	}
	waitForQueue(s, n)
	release()
	wg.Wait()
	if got := commits(t, s) - before; got != 1 {
		t.Errorf("%d calls that waited together took %d commits", n, got)
	}
	if jobs := mustClaim(t, s, 2*n); len(jobs) != n {
		t.Errorf("%d jobs are there, want %d", len(jobs), n)
	}
}

// waitForQueue returns when n calls wait for the next commit.
func waitForQueue(s *Store, n int) {
	for {
		s.committer.mu.Lock()
		queued := len(s.committer.queue)
		s.committer.mu.Unlock()
		if queued >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// One call's own error is not the error of those who share its commit.
func TestErrorsStayApart(t *testing.T) {
	s := open(t, Options{})
	release := stall(t, s)
	var wg sync.WaitGroup
	wg.Go(func() { mustEnqueue(t, s, newTestJob()) })
	wg.Go(func() {
		if _, err := s.DeleteBatch(context.Background(), "none", 10); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("DeleteBatch: %v", err)
		}
	})
	waitForQueue(s, 2)
	release()
	wg.Wait()
}

func TestCommitsAreBounded(t *testing.T) {
	s := open(t, Options{})
	release := stall(t, s)
	before := commits(t, s)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { mustEnqueue(t, s, newTestJobs(maxCommitJobs/2)...) })
	}
	waitForQueue(s, 5)
	release()
	wg.Wait()
	if got := commits(t, s) - before; got != 3 {
		t.Errorf("5 calls of %d jobs took %d commits, want 3", maxCommitJobs/2, got)
	}
}

func TestNothingChangedIsNoCommit(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	claimed := mustClaim(t, s, 1)
	before := commits(t, s)
	ctx := context.Background()
	if jobs := mustClaim(t, s, 1); len(jobs) != 0 {
		t.Fatalf("claimed %v", jobs)
	}
	if _, err := s.Extend(ctx, []store.Extension{{Ref: claimed[0].Ref()}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Finish(ctx, []store.Outcome{{Ref: store.Ref{ID: j.ID, Claim: 99}, Move: completeMove}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enqueue(ctx, []store.Job{j}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Maintain(ctx, store.Budget{Limit: 10}); err != nil {
		t.Fatal(err)
	}
	if n := commits(t, s) - before; n != 0 {
		t.Errorf("calls that changed nothing took %d commits", n)
	}
}

// A call whose context ends before a commit has taken it changes nothing; one that
// is in a commit does not know.
func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		release := stall(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		withdrawn := newTestJob()
		done := make(chan error, 1)
		go func() {
			_, err := s.Enqueue(ctx, []store.Job{withdrawn})
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnknown) {
			t.Errorf("withdrawn: %v", err)
		}
		release()

		ctx, cancel = context.WithCancel(t.Context())
		leave := make(chan struct{})
		go func() {
			done <- s.do(ctx, &op{run: func(*txn) error {
				<-leave
				return nil
			}})
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, store.ErrUnknown) || !errors.Is(err, context.Canceled) {
			t.Errorf("in a commit: %v", err)
		}
		close(leave)

		if jobs := mustClaim(t, s, 10); len(jobs) != 0 {
			t.Errorf("the withdrawn job was stored: %v", jobs)
		}
		if _, err := s.Enqueue(ctx, newTestJobs(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that had ended: %v", err)
		}
	})
}

type claimAnswer struct {
	claimed store.Claimed
	err     error
}

// standing starts a claim that waits, and returns when it does.
func standing(ctx context.Context, s *Store, req store.ClaimRequest) <-chan claimAnswer {
	req.Wait = true
	answer := make(chan claimAnswer, 1)
	go func() {
		claimed, err := s.Claim(ctx, req)
		answer <- claimAnswer{claimed, err}
	}()
	synctest.Wait()
	return answer
}

func TestStandingClaimIsServedByTheCommitThatBringsTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		answer := standing(t.Context(), s, request(1))
		before := commits(t, s)
		j := newTestJob()
		mustEnqueue(t, s, j)
		a := <-answer
		if a.err != nil || len(a.claimed.Jobs) != 1 || a.claimed.Jobs[0].ID != j.ID {
			t.Fatalf("got %+v", a)
		}
		if n := commits(t, s) - before; n != 1 {
			t.Errorf("enqueueing and claiming took %d commits, want 1", n)
		}
	})
}

// Claims are served in the order in which they came, and a claim that is called off
// takes nothing with it.
func TestStandingClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		first := standing(ctx, s, request(1))
		second := standing(t.Context(), s, request(1))
		third := standing(t.Context(), s, request(1))
		cancel()
		if a := <-first; !errors.Is(a.err, context.Canceled) || errors.Is(a.err, store.ErrUnknown) {
			t.Errorf("called off: %+v", a)
		}
		for _, answer := range []<-chan claimAnswer{second, third} {
			j := newTestJob()
			mustEnqueue(t, s, j)
			if a := <-answer; a.err != nil || len(a.claimed.Jobs) != 1 || a.claimed.Jobs[0].ID != j.ID {
				t.Errorf("got %+v, want job %s", a, j.ID)
			}
		}
	})
}

// A claim that is called off in the middle of the commit that serves it keeps its
// jobs: nobody else would run them.
func TestStandingClaimCalledOffTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		leave := make(chan struct{})
		j := newTestJob()
		fresh, err := s.prepare([]store.Job{j})
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan store.Claimed, 1)
		go func() {
			claimed := store.Claimed{}
			req := claim{request(1)}
			err := s.do(ctx, &op{claim: true, standing: true, queues: []string{"q"}, run: func(t *txn) (err error) {
				if claimed, err = t.claim(&req); len(claimed.Jobs) == 0 {
					return errNothingYet
				}
				<-leave
				return err
			}})
			if err != nil {
				t.Error(err)
			}
			served <- claimed
		}()
		synctest.Wait()
		go s.do(t.Context(), &op{run: func(t *txn) error {
			_, err := t.enqueue(fresh)
			return err
		}})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(leave)
		if claimed := <-served; len(claimed.Jobs) != 1 {
			t.Errorf("claimed %v", claimed)
		}
	})
}

// A claim that found nothing because another took the last job looks again if that
// commit fails: the job is there after all.
func TestStandingClaimOutlivesFailedCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		mustEnqueue(t, s, newTestJob())
		release := stall(t, s)
		first := standing(t.Context(), s, request(1))
		second := standing(t.Context(), s, request(1))
		broken := errors.New("input/output error")
		failed := make(chan error, 1)
		go func() {
			failed <- s.do(t.Context(), &op{run: func(t *txn) error {
				t.err = broken
				return nil
			}})
		}()
		synctest.Wait()
		release()
		if err := <-failed; !errors.Is(err, broken) {
			t.Errorf("the call that failed: %v", err)
		}
		if a := <-first; !errors.Is(a.err, broken) {
			t.Errorf("the claim that had the job: %+v", a)
		}
		if a := <-second; a.err != nil || len(a.claimed.Jobs) != 1 {
			t.Errorf("the claim that found nothing: %+v", a)
		}
	})
}

// A job that is claimed in the commit that stores it looks as if it had been read.
func TestStandingClaimGetsWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		answer := standing(t.Context(), s, request(1))
		j := newTestJob()
		j.RunAt = time.Now().In(time.FixedZone("elsewhere", 3600))
		j.CreatedAt = j.RunAt
		mustEnqueue(t, s, j)
		a := <-answer
		read, err := s.Get(t.Context(), []store.ID{j.ID}, store.PartArgs)
		if a.err != nil || err != nil {
			t.Fatal(a.err, err)
		}
		if !reflect.DeepEqual(a.claimed.Jobs, read) {
			t.Errorf("claimed %+v\nread    %+v", a.claimed.Jobs, read)
		}
	})
}

func TestCloseEndsStandingClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		answer := standing(t.Context(), s, request(1))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if a := <-answer; !errors.Is(a.err, store.ErrClosed) {
			t.Errorf("got %+v", a)
		}
		if _, err := s.Enqueue(t.Context(), newTestJobs(1)); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Enqueue after Close: %v", err)
		}
		if _, err := s.Get(t.Context(), nil, store.HeadOnly); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Get after Close: %v", err)
		}
		if err := s.Close(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
	})
}

// Calls that have begun before Close are carried out.
func TestCloseCarriesOut(t *testing.T) {
	s := open(t, Options{})
	release := stall(t, s)
	j := newTestJob()
	var wg sync.WaitGroup
	wg.Go(func() { mustEnqueue(t, s, j) })
	waitForQueue(s, 1)
	wg.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	release()
	wg.Wait()
	s = openAt(t, s.abs, Options{})
	if jobs := mustClaim(t, s, 10); len(jobs) != 1 || jobs[0].ID != j.ID {
		t.Errorf("after Close: %v", jobs)
	}
}

// Kinds without a handler cost a claim nothing, and the order is over all kinds.
func TestClaimMergesKinds(t *testing.T) {
	s := open(t, Options{})
	var want []store.ID
	var jobs []store.Job
	kinds := []string{"a", "a\x01", "b", "c", "d"}
	for i := range 50 {
		j := newTestJob()
		j.Kind = kinds[i%len(kinds)]
		j.Priority = int16(i / 25)
		jobs = append(jobs, j)
		if slices.Contains([]string{"a\x01", "c", "d"}, j.Kind) {
			want = append(want, j.ID)
		}
	}
	mustEnqueue(t, s, jobs...)
	req := request(100)
	req.Kinds = []string{"d", "unheard of", "c", "a\x01", "", "d"}
	claimed, err := s.Claim(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var got []store.ID
	for _, j := range claimed.Jobs {
		got = append(got, j.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	req.Kinds = []string{}
	if claimed, err = s.Claim(t.Context(), req); err != nil || len(claimed.Jobs) != 0 {
		t.Errorf("no kind at all: %v, %v", claimed, err)
	}
}
