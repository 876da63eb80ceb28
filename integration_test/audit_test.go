package integration_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// journal is what a file holds while no process has it open.
type journal struct {
	jobs map[store.ID]*store.Job // with results and failures
}

// audit reads the whole file after a process has ended, and fails the test if it
// is not sound. A file that was never created is empty.
func audit(t *testing.T, path string) *journal {
	t.Helper()
	j := &journal{jobs: map[store.ID]*store.Job{}}
	st, err := boltstore.Open(path, boltstore.Options{ReadOnly: true, LockTimeout: 10 * time.Second})
	if errors.Is(err, fs.ErrNotExist) {
		return j
	}
	if err != nil {
		t.Fatalf("the file cannot be opened any more: %v", err)
	}
	defer st.Close()
	ctx := context.Background()
	report, err := st.Verify(ctx)
	if err != nil || !report.OK() {
		t.Fatalf("verify: %d problems: %v %v", report.Total, report.Problems, err)
	}
	q, err := queue.New(st, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for job, err := range q.Jobs(ctx, store.Filter{}, store.AllParts) {
		if err != nil {
			t.Fatal(err)
		}
		j.jobs[job.ID] = job
	}
	return j
}

// recorded is the memory of a test about what was completed: a promise is kept only if it
// is kept for ever.
type recorded map[store.ID]string // the results, as bytes

// extend adds what is completed now, and demands that what was is unchanged.
func (r recorded) extend(t *testing.T, j *journal) {
	t.Helper()
	for id, result := range r {
		switch job := j.jobs[id]; {
		case job == nil:
			t.Errorf("job %s was recorded as completed, and is lost", id)
		case job.State != store.Completed:
			t.Errorf("job %s was recorded as completed, and is %s", id, job.State)
		case string(job.Result) != result:
			t.Errorf("job %s was recorded with the result %x, and has %x", id, result, job.Result)
		}
	}
	for id, job := range j.jobs {
		if job.State == store.Completed {
			r[id] = string(job.Result)
		}
	}
}

// decodeArgs decodes the arguments of a job.
func decodeArgs(t *testing.T, j *store.Job, to any) {
	t.Helper()
	if err := msgpack.Unmarshal(j.Args, to); err != nil {
		t.Errorf("the arguments of job %s: %v", j.ID, err)
	}
}

// intResult decodes a result that is an int.
func intResult(t *testing.T, j *store.Job) int {
	t.Helper()
	var v int
	if err := msgpack.Unmarshal(j.Result, &v); err != nil {
		t.Errorf("the result of job %s: %v", j.ID, err)
	}
	return v
}
