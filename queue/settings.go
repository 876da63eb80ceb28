package queue

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// SetQueue changes the settings of a queue: change is given those that there are, and makes them
// what they shall be. It returns them. Changes through one Queue follow each other, so that none
// undoes another; change must not call SetQueue.
//
// Since and By of a pause are filled in here: By is the actor of the [store.Audit] in ctx. A queue that
// is paused already stays paused since then, and one that is not has neither reason nor date.
func (q *Queue) SetQueue(ctx context.Context, name string, change func(*store.QueueInfo)) (store.QueueInfo, error) {
	q.settings.Lock()
	defer q.settings.Unlock()
	was, err := q.queueInfo(ctx, name)
	if err != nil {
		return was, err
	}
	is := was
	change(&is)
	is.Name, is.Since, is.By = name, was.Since, was.By
	if is.Paused && (!was.Paused || is.Reason != was.Reason) {
		is.By = store.Actor{}
		if a := store.AuditFrom(ctx); a != nil {
			is.By = a.Actor
		}
	}
	switch {
	case !is.Paused:
		is.Reason, is.Since, is.By = "", time.Time{}, store.Actor{}
	case !was.Paused:
		is.Since = q.store.Now()
	}
	if is == was {
		return is, nil
	}
	return is, q.store.PutQueue(ctx, is)
}

// queueInfo reads the settings of one queue. Without any they are the zero ones.
func (q *Queue) queueInfo(ctx context.Context, name string) (store.QueueInfo, error) {
	queues, err := q.store.Queues(ctx)
	if err != nil {
		return store.QueueInfo{Name: name}, err
	}
	for _, info := range queues {
		if info.Name == name {
			return info, nil
		}
	}
	return store.QueueInfo{Name: name}, nil
}

// Pause stops claims from a queue until Resume; what runs goes on. Both are durable, and leave the
// other settings as they are.
func (q *Queue) Pause(ctx context.Context, name, reason string) error {
	_, err := q.SetQueue(ctx, name, func(info *store.QueueInfo) { info.Paused, info.Reason = true, reason })
	return err
}

// Resume ends a Pause.
func (q *Queue) Resume(ctx context.Context, name string) error {
	_, err := q.SetQueue(ctx, name, func(info *store.QueueInfo) { info.Paused = false })
	return err
}
