package executor

import (
	"context"
	"errors"
	"iter"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/store"
)

// said is what was taken from the notes of an attempt.
type said struct {
	a *attempt
	store.Extension
}

// takeNotes collects what running handlers have said, if it is time to store it. It needs e.mu.
func (e *Executor) takeNotes() []said {
	if !e.noting {
		return nil
	}
	e.noting = false
	all := make([]said, 0, len(e.noted))
	for a := range e.noted {
		lines, progress := a.notes.Load().take()
		all = append(all, said{a, store.Extension{Ref: a.job.Ref(), Lines: lines, Progress: progress}})
	}
	clear(e.noted)
	return all
}

// storeNotes stores what running handlers have said. What the store cannot take now is
// kept for later.
func (e *Executor) storeNotes(all []said) {
	for some := range commits(e, all, func(s *said) int { return linesSize(s.Lines) }) {
		e.storeSome(some)
	}
}

func (e *Executor) storeSome(some []said) {
	extensions := make([]store.Extension, len(some))
	for i := range some {
		extensions[i] = some[i].Extension
	}
	// Where a claim does not hold any more nothing is stored, and the controller knows.
	_, err := e.q.Extend(context.WithoutCancel(e.jobs), extensions...)
	switch {
	case err == nil:
	case mayYetStore(err):
		// If the fate of the commit is unknown a line may come twice, which is better than not at all.
		e.log.Error("cannot store the logs and the progress of running jobs, trying again", zap.Int("jobs", len(some)), zap.Error(err))
		for i := range some {
			e.noteAgain(&some[i])
		}
	case len(some) > 1: // one of them is at fault
		for i := range some {
			e.storeSome(some[i : i+1])
		}
	default:
		e.log.Error("cannot store what a running job has logged: it is dropped", zap.Stringer("job", some[0].a.job.ID), zap.Error(err))
	}
}

// noteAgain gives notes back. If the attempt has ended meanwhile they go with its outcome,
// which only the completer could have stored by now.
func (e *Executor) noteAgain(s *said) {
	e.mu.Lock()
	ended := s.a.ended
	if ended {
		s.a.outcome.Lines = append(s.Lines, s.a.outcome.Lines...)
		if s.a.progress == nil {
			s.a.progress = s.Progress
		}
	} else {
		s.a.notes.Load().untake(s.Lines, s.Progress)
	}
	e.mu.Unlock()
	if !ended {
		e.notedLater(s.a)
	}
}

// storeProgress stores the last progress of attempts that have ended, which must come
// before their outcomes. If it fails, so does what follows, and it is called again.
func (e *Executor) storeProgress(group []*attempt) {
	var extensions []store.Extension
	for _, a := range group {
		if a.progress != nil {
			extensions = append(extensions, store.Extension{Ref: a.job.Ref(), Progress: a.progress})
		}
	}
	if len(extensions) == 0 {
		return
	}
	if _, err := e.q.Extend(context.WithoutCancel(e.jobs), extensions...); err != nil {
		return
	}
	for _, a := range group {
		a.progress = nil
	}
}

// maxCommit bounds what one commit of the completer brings, in bytes: more of it would keep
// all others waiting.
const maxCommit = 8 << 20

// commits cuts items into pieces that can be stored at once.
func commits[T any](e *Executor, items []T, size func(*T) int) iter.Seq[[]T] {
	most := e.q.Store().Caps().MaxBatch
	return func(yield func([]T) bool) {
		from, sum := 0, 0
		for i := range items {
			next := size(&items[i])
			if i > from && (i-from == most || sum+next > maxCommit) {
				if !yield(items[from:i]) {
					return
				}
				from, sum = i, 0
			}
			sum += next
		}
		if from < len(items) {
			yield(items[from:])
		}
	}
}

func linesSize(lines []store.LogLine) int {
	n := 0
	for i := range lines {
		n += sizeOf(&lines[i])
	}
	return n
}

// mayYetStore tells whether the store may take later what it could not take now.
func mayYetStore(err error) bool {
	return errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrNotStored) || errors.Is(err, store.ErrNoSpace)
}
