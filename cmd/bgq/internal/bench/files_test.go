package bench

import (
	"testing"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// TestWeigh: the other side puts what bgq puts, no more and no less.
func TestWeigh(t *testing.T) {
	e := open(t, Config{Rounds: 1})
	small, err := e.weigh(t.Context(), noop("q", 1000))
	if err != nil {
		t.Fatal(err)
	}
	large, err := e.weigh(t.Context(), noop("q", 2000))
	if err != nil {
		t.Fatal(err)
	}
	const id = 16
	enqueue, claim, finish := small.enqueue.bytes(), small.claim.bytes(), small.finish.bytes()
	if enqueue < 1000+2*id || claim < id || finish < id {
		t.Errorf("too light: %+v", small)
	}
	if more := large.enqueue.bytes() - enqueue; more != 1000 {
		t.Errorf("1,000 bytes more weigh %d", more)
	}
	if large.claim.bytes() > claim+8 || large.finish.bytes() > finish+8 { // its length is in the head
		t.Errorf("to move a job with larger arguments weighs %+v, not %+v", large, small)
	}
	if member, err := e.weigh(t.Context(), e.member()); err != nil || member.enqueue.bytes() >= enqueue {
		t.Errorf("a member of a batch weighs %+v, %v", member, err)
	}
	if got := len(rawValue(enqueue)) + id; got != enqueue {
		t.Errorf("a raw record has %d bytes, want %d", got, enqueue)
	}
}

func TestArgs(t *testing.T) {
	for _, size := range []int{5, 100, 70_000} {
		if v := args(size); len(v) != size || v.Check() != nil {
			t.Errorf("%d bytes: %d, %v", size, len(v), v.Check())
		}
	}
}

func TestPopulation(t *testing.T) {
	e := open(t, Config{Rounds: 1})
	const n = 25_000 // more than are made at a time
	path, err := e.population(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := e.population(t.Context(), n); err != nil || again != path {
		t.Errorf("it was made again: %s, %v", again, err)
	}
	_, err = within(path, func(j *journal) (take, error) {
		rows, err := j.queue.Count(t.Context(), store.Filter{})
		got := map[store.State]int64{}
		for _, r := range rows {
			got[r.State] += r.N
		}
		if got[store.Completed] != n/10*6 || got[store.Discarded] != n/100 || got[store.Available] != n-n/10*6-n/100 {
			t.Errorf("%v", got)
		}
		return take{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKill: the writer dies with the file open, and what it has said to be stored is.
func TestKill(t *testing.T) {
	e := open(t, Config{Rounds: 1})
	path := e.path()
	if err := e.kill(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	_, err := within(path, func(j *journal) (take, error) {
		done, _, err := j.process(t.Context(), waitingQueue, 1000, 100, succeeded)
		if done < commitsBeforeKill {
			t.Errorf("only %d jobs are there", done)
		}
		report, verifyErr := j.store.Verify(t.Context())
		if verifyErr != nil || !report.OK() {
			t.Errorf("%+v, %v", report, verifyErr)
		}
		return take{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.kill(t.Context(), e.dir); err == nil {
		t.Error("a writer that could not write was killed without a word")
	}
}

// TestProcess: it ends when there is nothing left, and says how much there was.
func TestProcess(t *testing.T) {
	e := open(t, Config{Rounds: 1})
	_, err := within(e.path(), func(j *journal) (take, error) {
		if err := j.fill(t.Context(), queue.NewJob{Queue: "q", Kind: kind}, 25); err != nil {
			return take{}, err
		}
		done, calls, err := j.process(t.Context(), "q", 1000, 10, succeeded)
		if done != 25 || len(calls) != 3 {
			t.Errorf("%d jobs in %d groups", done, len(calls))
		}
		return take{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}
