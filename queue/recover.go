package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Recovered says what [Queue.Recover] found.
type Recovered struct {
	Again     int // will run again
	Convicted int // discarded: crash_loop
	Abandoned int // discarded: their function died with the process
}

// Recover deals with the jobs that were running when the last process died. Call
// it once, when the store has been opened and before anything is claimed: then
// whatever is running belongs to nobody.
//
// A job that ran alone is known to have been there when the process died: it is
// charged, and discarded when its budget of recoveries is spent. Of jobs that ran
// side by side any one may be the culprit, so none is charged; all of them become
// suspects, which are run alone until they have survived an attempt. So a job
// that kills its process is found out after at most MaxRecoveries+2 crashes, and no
// crash is ever charged to a job that ran beside it.
//
// lost names the kinds whose functions are gone with the process: their jobs are
// discarded, whatever they were waiting for.
func (q *Queue) Recover(ctx context.Context, lost ...string) (Recovered, error) {
	var sum Recovered
	rows, err := q.store.Count(ctx)
	if err != nil {
		return sum, err
	}
	var running int64
	for _, r := range rows {
		if r.State == store.Running {
			running += r.N
		}
	}
	if running > 0 {
		if err := q.recoverRunning(ctx, running, lost, &sum); err != nil {
			return sum, err
		}
	}
	if len(lost) > 0 {
		err = q.abandonWaiting(ctx, lost, &sum)
	}
	return sum, err
}

// recoverRunning deals with n jobs.
func (q *Queue) recoverRunning(ctx context.Context, n int64, lost []string, sum *Recovered) error {
	alone := n == 1
	for {
		limit := pageSize
		if n == pageSize+1 {
			limit-- // one job must not be left by itself: to die now would make it look as if it had run alone
		}
		// Each round moves what it lists out of the running state, so the first page is always new.
		page, err := q.store.List(ctx, store.ListRequest{Filter: store.Filter{States: running}, Limit: limit})
		if err != nil || len(page.Jobs) == 0 {
			return err
		}
		n -= int64(len(page.Jobs))
		outcomes := make([]store.Outcome, len(page.Jobs))
		for i := range page.Jobs {
			j := &page.Jobs[i]
			event := crashEvent(j, alone, lost)
			switch event {
			case Convict:
				sum.Convicted++
			case Abandon:
				sum.Abandoned++
			default:
				sum.Again++
			}
			outcomes[i] = store.Outcome{Ref: j.Ref(), Move: move(event, time.Time{}), Failure: q.crashFailure(j, event)}
		}
		if _, err := q.store.Finish(ctx, outcomes); err != nil {
			return err
		}
	}
}

// crashEvent decides what the death of the process means for a job that was running.
func crashEvent(j *store.Job, alone bool, lost []string) Event {
	switch {
	case slices.Contains(lost, j.Kind):
		return Abandon
	case !alone:
		return Recover
	case j.Recoveries >= j.MaxRecoveries:
		return Convict
	default:
		return Charge
	}
}

func (q *Queue) crashFailure(j *store.Job, event Event) *store.Failure {
	message := fmt.Sprintf("the process died during attempt %d", j.Attempt)
	switch event {
	case Convict:
		message += fmt.Sprintf(", which ran alone, for the %s time: discarded as a crash loop", ordinal(j.Recoveries+1))
	case Charge:
		message += ", which ran alone"
	case Abandon:
		message += ", and with it the function to run: a function passed to InvokeFunc cannot be run again after a restart; register it instead"
	}
	return &store.Failure{At: q.store.Now(), Attempt: j.Attempt, Kind: store.FailCrash, Message: message}
}

// abandonWaiting discards the jobs of lost kinds that had not begun to run.
func (q *Queue) abandonWaiting(ctx context.Context, lost []string, sum *Recovered) error {
	rows, err := q.store.Count(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.State.Final() || !slices.Contains(lost, r.Kind) {
			continue
		}
		filter := store.Filter{Queues: []string{r.Queue}, Kinds: []string{r.Kind}, States: store.SetOf(r.State)}
		for page, err := range q.pages(ctx, filter, store.HeadOnly) {
			if err != nil {
				return err
			}
			changed, err := q.store.Change(ctx, store.Change{
				IDs: ids(page), Cases: []store.Move{move(Abandon, time.Time{})},
				Failure: &store.Failure{At: q.store.Now(), Kind: store.FailCrash,
					Message: "the process ended before the function was run: a function passed to InvokeFunc cannot be run after a restart; register it instead"},
			})
			if err != nil {
				return err
			}
			sum.Abandoned += len(changed.Done)
		}
	}
	return nil
}

func ordinal(n int) string {
	suffix := "th"
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
