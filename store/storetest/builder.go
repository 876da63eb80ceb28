package storetest

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// sequence makes ids that ascend strictly, whatever the clock does.
type sequence struct {
	base store.ID
	n    uint64
}

func newSequence() sequence { return sequence{base: store.NewID()} }

func (s *sequence) next() store.ID {
	s.n++
	id := s.base
	binary.BigEndian.PutUint64(id[8:], s.n)
	return id
}

// newJob makes a job of queue "q" and kind "k" that is ready to run. Cases change
// what they are about.
func (fx *fixture) newJob() store.Job {
	now := fx.Now()
	return store.Job{
		ID: fx.ids.next(), Queue: "q", Kind: "k", State: store.Available,
		RunAt: now, CreatedAt: now, MaxAttempts: 3, MaxRecoveries: 3,
		Args: text("arguments"),
	}
}

// newJobs makes n of them.
func (fx *fixture) newJobs(n int) []store.Job {
	jobs := make([]store.Job, n)
	for i := range jobs {
		jobs[i] = fx.newJob()
	}
	return jobs
}

// scheduled makes a job that is due after d; a negative d makes it due already.
func (fx *fixture) scheduled(d time.Duration) store.Job {
	j := fx.newJob()
	j.State = store.Scheduled
	j.RunAt = fx.Now().Add(d)
	return j
}

// newBatch makes a batch with the queue that belongs to it.
func newBatch(name string) store.Batch {
	return store.Batch{Name: name, Base: store.NewBatchID(), Queue: "batch:" + name, Kind: "k"}
}

// member makes a job of a batch.
func (fx *fixture) member(b store.Batch, index int64) store.Job {
	j := fx.newJob()
	j.ID, j.Queue, j.Kind, j.Batch, j.Index = b.Base.Member(index), b.Queue, b.Kind, b.Name, index
	return j
}

// members makes the jobs with the indexes from..to-1.
func (fx *fixture) members(b store.Batch, from, to int64) []store.Job {
	var jobs []store.Job
	for i := from; i < to; i++ {
		jobs = append(jobs, fx.member(b, i))
	}
	return jobs
}

// text is a msgpack string of up to 31 bytes.
func text(s string) store.Value { return append(store.Value{0xa0 | byte(len(s))}, s...) }

// blob is a msgpack value of exactly n bytes; n is at least 5.
func blob(n int) store.Value {
	v := make(store.Value, n)
	v[0] = 0xc6
	binary.BigEndian.PutUint32(v[1:], uint32(n-5))
	return v
}

// null is the msgpack value of a result that is nil.
var null = store.Value{0xc0}

// The moves that the suite needs. What is legal is decided above a store; these
// are only plausible.
var (
	waiting = store.SetOf(store.Pending, store.Available, store.Scheduled, store.Retryable)
	due     = store.SetOf(store.Scheduled, store.Retryable)
	running = store.SetOf(store.Running)

	claimMove   = store.Move{From: store.SetOf(store.Available), To: store.Running, Attempt: 1}
	completeIt  = store.Move{From: running, To: store.Completed}
	discardIt   = store.Move{From: running, To: store.Discarded, Reason: "permanent"}
	releaseIt   = store.Move{From: running, To: store.Available, Attempt: -1}
	cancelIt    = store.Move{From: store.EveryState &^ store.FinalStates, To: store.Cancelled, Reason: "operator"}
	holdIt      = store.Move{From: waiting, To: store.Pending}
	unholdIt    = store.Move{From: store.SetOf(store.Pending), To: store.Available}
	againIt     = store.Move{From: store.EveryState &^ running, To: store.Available, Grant: true}
	recoverIt   = store.Move{From: running, To: store.Available, Recovery: 1, Suspect: store.Set}
	crashLoopIt = store.Move{From: running, To: store.Discarded, Recovery: 1, Reason: "crash_loop"}
	promoteIt   = store.Move{From: due, To: store.Available}
)

func retryAt(t time.Time) store.Move {
	return store.Move{From: running, To: store.Retryable, RunAt: t}
}

func snoozeTo(t time.Time) store.Move {
	return store.Move{From: running, To: store.Scheduled, RunAt: t, Attempt: -1}
}

// request asks for n jobs of queue "q".
func request(n int) store.ClaimRequest {
	return store.ClaimRequest{Want: []store.Want{want("q", n)}, Move: claimMove}
}

func want(queue string, n int) store.Want { return store.Want{Queue: queue, N: n} }

func idsOf(jobs []store.Job) []store.ID {
	ids := make([]store.ID, len(jobs))
	for i := range jobs {
		ids[i] = jobs[i].ID
	}
	return ids
}

// completed makes an outcome of success for each running job.
func completed(jobs []store.Job) []store.Outcome {
	outcomes := make([]store.Outcome, len(jobs))
	for i := range jobs {
		outcomes[i] = store.Outcome{Ref: jobs[i].Ref(), Move: completeIt}
	}
	return outcomes
}

// normal makes jobs comparable: equal times become identical, and an empty slice is
// as good as none. The order of checkpoints is not promised.
func normal(j store.Job) store.Job {
	for _, t := range []*time.Time{&j.RunAt, &j.CreatedAt, &j.AttemptedAt, &j.FinalisedAt} {
		*t = t.Round(0).UTC()
	}
	j.Tags = emptyIsNil(j.Tags)
	j.Args, j.Result = emptyIsNil(j.Args), emptyIsNil(j.Result)
	j.Failures = emptyIsNil(slices.Clone(j.Failures))
	for i := range j.Failures {
		f := &j.Failures[i]
		f.At = f.At.Round(0).UTC()
		f.Chain = emptyIsNil(f.Chain)
	}
	j.Checkpoints = emptyIsNil(slices.Clone(j.Checkpoints))
	slices.SortFunc(j.Checkpoints, func(a, b store.Checkpoint) int { return cmp.Compare(a.Name, b.Name) })
	return j
}

func emptyIsNil[S ~[]E, E any](s S) S {
	if len(s) == 0 {
		return nil
	}
	return s
}

// diff names the fields in which two jobs differ, or returns "".
func diff(want, got store.Job) string {
	w, g := reflect.ValueOf(normal(want)), reflect.ValueOf(normal(got))
	var out string
	for i := range w.NumField() {
		if a, b := w.Field(i).Interface(), g.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			out += fmt.Sprintf("\n\t%s is %v, want %v", w.Type().Field(i).Name, b, a)
		}
	}
	return out
}

// diffJobs compares lists of jobs.
func diffJobs(want, got []store.Job) string {
	if w, g := idsOf(want), idsOf(got); !slices.Equal(w, g) {
		return fmt.Sprintf("\n\tthe jobs are %v, want %v", g, w)
	}
	for i := range want {
		if d := diff(want[i], got[i]); d != "" {
			return fmt.Sprintf("\n\tjob %s:%s", want[i].ID, d)
		}
	}
	return ""
}
