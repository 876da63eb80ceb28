package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// PutSchedule implements [store.Store].
func (s *Store) PutSchedule(ctx context.Context, schedule store.Schedule) error {
	if err := checkName("name of a schedule", schedule.Name, maxName); err != nil {
		return err
	}
	if err := checkText("spec of a schedule", schedule.Spec, maxText); err != nil {
		return err
	}
	if err := checkTime("the slot", schedule.Slot); err != nil {
		return err
	}
	if err := s.checkValue("info of a schedule", schedule.Info); err != nil {
		return err
	}
	key := []byte(schedule.Name)
	sealed, err := encodeMsgpack(key, &schedule)
	if err != nil {
		return err
	}
	who, err := auditOf(ctx)
	if err != nil {
		return err
	}
	return s.do(ctx, &op{
		run: audited(who, func(t *txn) (effect, error) {
			was := t.get(tableSchedule, key)
			if bytes.Equal(was, sealed) || was == nil && schedule.Spec == "" {
				return effect{}, nil
			}
			done := effect{detail: fmt.Sprintf("schedule %q deleted", schedule.Name)}
			if schedule.Spec == "" {
				t.delete(tableSchedule, key)
			} else {
				t.put(tableSchedule, key, sealed)
				done.detail = fmt.Sprintf("schedule %q: %s, next at %s", schedule.Name, schedule.Spec, schedule.Slot.UTC().Format(time.RFC3339))
			}
			t.hint(store.OnDue, store.ID{})
			return done, nil
		}),
	})
}

// Fire implements [store.Store].
func (s *Store) Fire(ctx context.Context, name string, from, next time.Time, jobs []store.Job) (bool, error) {
	if err := checkTime("the slot", next); err != nil {
		return false, err
	}
	fresh, err := s.prepare(jobs)
	if err != nil {
		return false, err
	}
	who, err := auditOf(ctx)
	if err != nil {
		return false, err
	}
	fired := false
	err = s.do(ctx, &op{
		growing: true, jobs: len(fresh), bytes: sizeOf(fresh),
		run: audited(who, func(t *txn) (effect, error) {
			var answers []store.Enqueued
			var err error
			if answers, fired, err = t.fire(name, from, next, fresh); err != nil || !fired {
				return effect{}, err
			}
			return effect{jobs: storedNow(answers), detail: fmt.Sprintf("schedule %q fired", name)}, nil
		}),
	})
	return fired && err == nil, err
}

func (t *txn) fire(name string, from, next time.Time, jobs []newJob) ([]store.Enqueued, bool, error) {
	schedule, err := t.schedule(name)
	if err != nil || schedule == nil || !schedule.Slot.Equal(from) {
		return nil, false, err
	}
	if err := t.checkNew(jobs); err != nil {
		return nil, false, err
	}
	schedule.Slot = next
	key := []byte(name)
	sealed, err := encodeMsgpack(key, schedule)
	if err != nil {
		return nil, false, err
	}
	t.put(tableSchedule, key, sealed)
	return t.storeNew(jobs), true, nil
}

// Schedules implements [store.Store].
func (s *Store) Schedules(ctx context.Context) ([]store.Schedule, error) {
	var all []store.Schedule
	err := s.view(ctx, func(r *reader) error {
		for k := range r.prefix(tableSchedule, nil) {
			schedule, err := r.schedule(string(k))
			if err != nil {
				return err
			}
			all = append(all, *schedule)
		}
		return nil
	})
	return all, err
}

// schedule reads a schedule, or returns nil.
func (r *reader) schedule(name string) (*store.Schedule, error) {
	key := []byte(name)
	if len(key) == 0 {
		return nil, nil
	}
	sealed := r.get(tableSchedule, key)
	if sealed == nil {
		return nil, nil
	}
	var schedule store.Schedule
	if err := decodeMsgpack(key, sealed, &schedule); err != nil {
		return nil, damaged("the schedule %q: %w", name, err)
	}
	schedule.Slot = schedule.Slot.UTC()
	return &schedule, nil
}
