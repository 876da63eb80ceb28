package queue

import (
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// BatchQueue returns the name of the queue that the members of a batch stand in.
func BatchQueue(batch string) string { return "batch:" + batch }

// BatchSpec describes a batch to open.
type BatchSpec struct {
	Name string
	Kind string
	// Total is the number of members; 0: it grows.
	Total int64
	// Fingerprint guards against going on with other contents: any text.
	Fingerprint string
	Info        store.Value
}

// OpenBatch creates a batch, or finds the one of that name. If that one has
// another kind, size or fingerprint the error matches [store.ErrBatchMismatch] and says what differs.
func (q *Queue) OpenBatch(ctx context.Context, spec BatchSpec) (b store.Batch, created bool, err error) {
	if spec.Name == "" {
		return store.Batch{}, false, fmt.Errorf("a batch needs a name: it is what a later run finds it by")
	}
	if spec.Total < 0 || spec.Total > store.MaxMember {
		return store.Batch{}, false, fmt.Errorf("batch %q: a size of %d is out of range", spec.Name, spec.Total)
	}
	b, created, err = q.store.PutBatch(ctx, store.Batch{
		Name: spec.Name, Base: store.NewBatchID(), Queue: BatchQueue(spec.Name), Kind: spec.Kind,
		Total: spec.Total, Fingerprint: spec.Fingerprint, CreatedAt: q.store.Now(), Info: spec.Info,
	})
	if err != nil || created {
		return b, created, err
	}
	differs := ""
	switch {
	case b.Kind != spec.Kind:
		differs = fmt.Sprintf("its kind is %q, not %q", b.Kind, spec.Kind)
	case b.Total != spec.Total:
		differs = fmt.Sprintf("it has %d members, not %d", b.Total, spec.Total)
	case b.Fingerprint != spec.Fingerprint:
		differs = fmt.Sprintf("its fingerprint is %q, not %q", b.Fingerprint, spec.Fingerprint)
	}
	if differs != "" {
		return b, false, fmt.Errorf("batch %q: %w: %s; use another name, or delete the batch first", spec.Name, store.ErrBatchMismatch, differs)
	}
	return b, false, nil
}

// BatchStatus is how far a batch is.
type BatchStatus struct {
	store.Batch
	// Counts holds the number of members by state. Members that were never enqueued are not in it.
	Counts [store.Discarded + 1]int64
}

// Size is the number of members the batch has or is meant to have.
func (s *BatchStatus) Size() int64 { return max(s.Total, s.Next) }

// Finalised is the number of members that have ended.
func (s *BatchStatus) Finalised() int64 {
	return s.Counts[store.Completed] + s.Counts[store.Cancelled] + s.Counts[store.Discarded]
}

// State is "completed" when every member is, "failed" when every member has ended but not all
// completed, "running" while one runs, otherwise "open".
func (s *BatchStatus) State() string {
	switch {
	case s.Size() > 0 && s.Counts[store.Completed] == s.Size():
		return "completed"
	case s.Size() > 0 && s.Finalised() == s.Size():
		return "failed"
	case s.Counts[store.Running] > 0:
		return "running"
	}
	return "open"
}

// Batch returns the status of one batch, or [store.ErrNotFound].
func (q *Queue) Batch(ctx context.Context, name string) (BatchStatus, error) {
	b, err := q.store.Batch(ctx, name)
	if err != nil {
		return BatchStatus{}, err
	}
	all, err := q.withCounts(ctx, []store.Batch{b})
	if err != nil {
		return BatchStatus{}, err
	}
	return all[0], nil
}

// Batches returns the status of every batch, by name.
func (q *Queue) Batches(ctx context.Context) ([]BatchStatus, error) {
	batches, err := q.store.Batches(ctx)
	if err != nil {
		return nil, err
	}
	return q.withCounts(ctx, batches)
}

func (q *Queue) withCounts(ctx context.Context, batches []store.Batch) ([]BatchStatus, error) {
	rows, err := q.store.Count(ctx)
	if err != nil {
		return nil, err
	}
	place := make(map[string]int, len(batches))
	out := make([]BatchStatus, len(batches))
	for i, b := range batches {
		out[i].Batch = b
		place[b.Queue] = i
	}
	for _, r := range rows {
		if i, ok := place[r.Queue]; ok {
			out[i].Counts[r.State] += r.N
		}
	}
	return out, nil
}

// DeleteBatch deletes a batch with all its members. It refuses while one is running.
func (q *Queue) DeleteBatch(ctx context.Context, name string) error {
	for {
		more, err := q.store.DeleteBatch(ctx, name, pageSize)
		if err != nil || !more {
			return err
		}
	}
}
