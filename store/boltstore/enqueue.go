package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Enqueue implements [store.Store].
func (s *Store) Enqueue(ctx context.Context, jobs []store.Job) ([]store.Enqueued, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	fresh, err := s.prepare(jobs)
	if err != nil {
		return nil, err
	}
	who, err := auditOf(ctx)
	if err != nil {
		return nil, err
	}
	var answers []store.Enqueued
	err = s.do(ctx, &op{
		growing: true, blind: true, jobs: len(fresh), bytes: sizeOf(fresh),
		run: audited(who, func(t *txn) (done effect, err error) {
			answers, err = t.enqueue(fresh)
			if who != nil {
				done.jobs = storedNow(answers)
			}
			return done, err
		}),
	})
	if err != nil {
		return nil, err
	}
	return answers, nil
}

// newJob is a job that was checked, and is ready to be written.
type newJob struct {
	record
	encoded []byte // the record
	apart   []byte // the sealed arguments, unless they are inside of the record
}

func sizeOf(jobs []newJob) int {
	n := 0
	for i := range jobs {
		n += len(jobs[i].encoded) + len(jobs[i].apart)
	}
	return n
}

// prepare checks jobs and copies what will be stored of them.
func (s *Store) prepare(jobs []store.Job) ([]newJob, error) {
	if err := s.checkCount(len(jobs)); err != nil {
		return nil, err
	}
	fresh := make([]newJob, len(jobs))
	now := s.Now()
	for i := range jobs {
		if err := s.checkJob(&jobs[i]); err != nil {
			return nil, fmt.Errorf("job %s: %w", jobs[i].ID, err)
		}
		fresh[i].prepare(&jobs[i], now)
	}
	return fresh, nil
}

func (n *newJob) prepare(j *store.Job, now time.Time) {
	n.Job = *j
	n.Tags = append([]string(nil), j.Tags...)
	n.Args, n.Result, n.Failures, n.Checkpoints = nil, nil, nil, nil
	n.ArgsSize, n.ResultSize, n.FailureCount = len(j.Args), 0, 0
	if n.CreatedAt.IsZero() {
		n.CreatedAt = now
	}
	n.RunAt, n.CreatedAt, n.AttemptedAt = stored(n.RunAt), stored(n.CreatedAt), stored(n.AttemptedAt)
	n.FinalisedAt = time.Time{}
	switch {
	case inlined(j.Args):
		n.args = j.Args
	case j.Args != nil:
		n.apart = sealValue(j.ID[:], j.Args)
	}
	n.encoded = n.encode(make([]byte, 0, n.encodedSize()))
	if n.args != nil { // the caller may do with its own what it likes
		end := len(n.encoded) - sumLen
		n.args = n.encoded[end-len(n.args) : end : end]
	}
}

func (s *Store) checkCount(n int) error {
	if n > s.opts.MaxBatch {
		return fmt.Errorf("%w: %d items in one call, at most %d are allowed", store.ErrTooLarge, n, s.opts.MaxBatch)
	}
	return nil
}

func (s *Store) checkValue(what string, v store.Value) error {
	if len(v) > s.opts.MaxValue {
		return fmt.Errorf("%w: the %s has %d bytes, at most %d are allowed", store.ErrTooLarge, what, len(v), s.opts.MaxValue)
	}
	return nil
}

func (s *Store) checkJob(j *store.Job) error {
	if j.ID.IsZero() {
		return fmt.Errorf("a job needs an id")
	}
	switch j.State {
	case store.Pending, store.Available, store.Scheduled:
	default:
		return fmt.Errorf("a new job cannot be %s", j.State)
	}
	if len(j.Result) > 0 || len(j.Failures) > 0 || len(j.Checkpoints) > 0 {
		return fmt.Errorf("a new job has neither result nor failures nor checkpoints")
	}
	if j.UniqueUntil > store.UntilDeleted {
		return fmt.Errorf("unknown lifetime %d of a unique key", j.UniqueUntil)
	}
	if len(j.Tags) > maxTags {
		return fmt.Errorf("%w: %d tags, at most %d are allowed", store.ErrTooLarge, len(j.Tags), maxTags)
	}
	for _, tag := range j.Tags {
		if err := checkName("tag", tag, maxName); err != nil {
			return err
		}
	}
	for _, name := range []struct {
		what, text string
		limit      int
		optional   bool
	}{
		{"queue", j.Queue, maxName, false}, {"kind", j.Kind, maxName, false},
		{"unique key", j.Unique, maxUnique, true}, {"idempotency key", j.Token, maxUnique, true}, {"batch name", j.Batch, maxName, true},
	} {
		if name.optional && name.text == "" {
			continue
		}
		if err := checkName(name.what, name.text, name.limit); err != nil {
			return err
		}
	}
	for _, text := range []struct {
		what, text string
		limit      int
	}{
		{"reason", j.Reason, maxText}, {"trace context", j.Trace, maxText}, {"note of the progress", j.Progress.Note, maxNote},
	} {
		if err := checkText(text.what, text.text, text.limit); err != nil {
			return err
		}
	}
	for _, moment := range []struct {
		what string
		at   time.Time
	}{
		{"run_at", j.RunAt}, {"created_at", j.CreatedAt}, {"attempted_at", j.AttemptedAt},
	} {
		if err := checkTime(moment.what, moment.at); err != nil {
			return err
		}
	}
	return s.checkValue("value of the arguments", j.Args)
}

// enqueue stores the jobs that are not there already.
func (t *txn) enqueue(jobs []newJob) ([]store.Enqueued, error) {
	if err := t.checkNew(jobs); err != nil {
		return nil, err
	}
	return t.storeNew(jobs), nil
}

// checkNew is the first phase: it reads whatever may be refused or damaged.
func (t *txn) checkNew(jobs []newJob) error {
	for i := range jobs {
		j := &jobs[i]
		if j.Unique != "" {
			if _, _, err := t.holder(j.Unique); err != nil {
				return err
			}
		}
		if j.Token != "" {
			if _, _, err := t.bearer(j.Token); err != nil {
				return err
			}
		}
		if j.Batch == "" {
			continue
		}
		b, err := t.batch(j.Batch)
		if err != nil {
			return err
		}
		if b != nil && (j.Index < 0 || j.Index > store.MaxMember || j.ID != b.Base.Member(j.Index)) {
			return fmt.Errorf("job %s: the member %d of the batch %q must have the id that its base gives", j.ID, j.Index, j.Batch)
		}
	}
	return nil
}

// storeNew is the second phase: it cannot fail.
func (t *txn) storeNew(jobs []newJob) []store.Enqueued {
	answers := make([]store.Enqueued, len(jobs))
	for i := range jobs {
		j := &jobs[i]
		if there, ok := t.existing(j); ok {
			answers[i] = store.Enqueued{ID: there, Existing: true}
			continue
		}
		t.insert(j)
		answers[i] = store.Enqueued{ID: j.ID}
	}
	return answers
}

// storedNow returns the jobs that were not there before.
func storedNow(answers []store.Enqueued) []store.ID {
	var ids []store.ID
	for _, a := range answers {
		if !a.Existing {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// existing finds the job that is there instead of a new one: by id, or else by token,
// or else by unique key.
func (t *txn) existing(j *newJob) (store.ID, bool) {
	if t.there(j.ID) {
		return j.ID, true
	}
	if j.Token != "" { // checked in the first phase, as the unique key was
		if id, taken, _ := t.bearer(j.Token); taken {
			return id, true
		}
	}
	if j.Unique == "" {
		return store.ID{}, false
	}
	id, held, _ := t.holder(j.Unique)
	return id, held
}

// there tells whether a job exists. Most new ids are greater than all in the file, and
// need not be looked for. bbolt's Last never returns from a table that the same
// transaction has emptied.
func (t *txn) there(id store.ID) bool {
	if j, ok := t.jobs[id]; ok {
		return j != nil
	}
	if !t.lookedUp && !t.emptied {
		t.lookedUp = true
		t.newest, _ = t.bucket(tableJob).Cursor().Last()
	}
	if t.newest != nil && bytes.Compare(id[:], t.newest) > 0 {
		return false
	}
	return t.get(tableJob, id[:]) != nil
}
