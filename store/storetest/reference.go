package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// reference is the contract in its simplest form: a map of jobs, and loops over it.
// What a real store answers must be what the reference answers.
type reference struct {
	now       time.Time // of the step under way
	jobs      map[store.ID]*store.Job
	keys      map[string]store.ID // the holders of the unique keys
	tokens    map[string]store.ID // the jobs that carry them
	audit     []store.AuditEntry  // oldest first, without the times
	entries   uint64              // how many there ever were
	logs      map[store.ID][]store.LogLine
	stats     map[[2]string]store.Stats // sums, by queue and kind; the durations are only counted
	queues    map[string]store.QueueInfo
	batches   map[string]store.Batch
	schedules map[string]store.Schedule
}

func newReference() *reference {
	return &reference{
		jobs: map[store.ID]*store.Job{}, keys: map[string]store.ID{}, tokens: map[string]store.ID{}, queues: map[string]store.QueueInfo{},
		batches: map[string]store.Batch{}, schedules: map[string]store.Schedule{},
		logs: map[store.ID][]store.LogLine{}, stats: map[[2]string]store.Stats{},
	}
}

// sorted returns the jobs by id.
func (r *reference) sorted() []store.Job {
	var jobs []store.Job
	for _, j := range r.jobs {
		jobs = append(jobs, *j)
	}
	return byID(jobs)
}

// holds tells whether a job in its state holds its unique key.
func holds(j *store.Job) bool {
	switch {
	case j.Unique == "":
		return false
	case j.UniqueUntil == store.UntilDeleted:
		return true
	case j.UniqueUntil == store.UntilStart && j.Claim > 0:
		return false
	}
	return !j.State.Final()
}

func (r *reference) enqueue(jobs []store.Job) []store.Enqueued {
	var answers []store.Enqueued
	for _, j := range jobs {
		if r.jobs[j.ID] != nil {
			answers = append(answers, store.Enqueued{ID: j.ID, Existing: true})
			continue
		}
		if bearer, taken := r.tokens[j.Token]; taken {
			answers = append(answers, store.Enqueued{ID: bearer, Existing: true})
			continue
		}
		if holder, taken := r.keys[j.Unique]; taken {
			answers = append(answers, store.Enqueued{ID: holder, Existing: true})
			continue
		}
		j.ArgsSize = len(j.Args)
		r.jobs[j.ID] = &j
		r.tallyNew(&j)
		if j.Unique != "" {
			r.keys[j.Unique] = j.ID
		}
		if j.Token != "" {
			r.tokens[j.Token] = j.ID
		}
		if b, ok := r.batches[j.Batch]; ok {
			b.Next = max(b.Next, j.Index+1)
			r.batches[j.Batch] = b
		}
		answers = append(answers, store.Enqueued{ID: j.ID})
	}
	return answers
}

// move applies m to j. It refuses to take back a unique key that another job holds.
func (r *reference) move(j *store.Job, m store.Move) bool {
	after := *j
	after.State, after.Reason = m.To, m.Reason
	if !m.RunAt.IsZero() {
		after.RunAt = m.RunAt
	}
	after.Attempt = max(0, after.Attempt+m.Attempt)
	after.Recoveries += m.Recovery
	after.Suspect = m.Suspect == store.Set || m.Suspect == store.Keep && after.Suspect
	if m.Grant {
		after.MaxAttempts = max(after.MaxAttempts, after.Attempt+1)
	}
	after.FinalisedAt = time.Time{}
	if m.To == store.Running {
		after.Claim++
		after.AttemptedAt = r.now
	}
	if m.To.Final() {
		after.Suspect = false
		after.FinalisedAt = r.now
	}
	if holder, taken := r.keys[j.Unique]; holds(&after) && taken && holder != j.ID {
		return false
	}
	r.release(j)
	r.tally(j, after.State)
	*j = after
	if holds(j) {
		r.keys[j.Unique] = j.ID
	}
	return true
}

// release frees the unique key of j if j holds it.
func (r *reference) release(j *store.Job) {
	if r.keys[j.Unique] == j.ID {
		delete(r.keys, j.Unique)
	}
}

func (r *reference) remove(j *store.Job) {
	r.release(j)
	delete(r.tokens, j.Token)
	delete(r.jobs, j.ID)
	delete(r.logs, j.ID)
}

func (r *reference) claim(req store.ClaimRequest) store.Claimed {
	var c store.Claimed
	ready := func(queue string, suspect bool) []store.Job {
		if r.queues[queue].Paused {
			return nil
		}
		jobs := slices.DeleteFunc(r.sorted(), func(j store.Job) bool {
			return j.State != store.Available || j.Queue != queue || j.Suspect != suspect ||
				req.Kinds != nil && !slices.Contains(req.Kinds, j.Kind)
		})
		slices.SortStableFunc(jobs, func(a, b store.Job) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), a.RunAt.Compare(b.RunAt))
		})
		return jobs
	}
	for _, w := range req.Want {
		n := w.N
		if req.Alone {
			n = min(n, 1-len(c.Jobs))
		}
		jobs := ready(w.Queue, req.Alone)
		for _, j := range jobs[:min(n, len(jobs))] {
			r.move(r.jobs[j.ID], req.Move)
			c.Jobs = append(c.Jobs, *r.jobs[j.ID])
		}
	}
	for _, w := range req.Want {
		c.Suspects = c.Suspects || len(ready(w.Queue, true)) > 0
	}
	return c
}

// running returns the job that runs under the claim, or nil.
func (r *reference) running(ref store.Ref) *store.Job {
	if j := r.jobs[ref.ID]; j != nil && j.State == store.Running && j.Claim == ref.Claim {
		return j
	}
	return nil
}

func (r *reference) extend(e store.Extension) bool {
	j := r.running(e.Ref)
	if j == nil {
		return false
	}
	if e.Progress != nil {
		j.Progress = *e.Progress
	}
	for _, c := range e.Checkpoints {
		j.Checkpoints = slices.DeleteFunc(slices.Clone(j.Checkpoints), func(old store.Checkpoint) bool { return old.Name == c.Name })
		j.Checkpoints = append(j.Checkpoints, c)
	}
	r.write(j.ID, e.Lines)
	return true
}

func (r *reference) finish(o store.Outcome) bool {
	j := r.running(o.Ref)
	if j == nil {
		return false
	}
	r.move(j, o.Move)
	if o.Result != nil {
		j.Result, j.ResultSize, j.Consumed = o.Result, len(o.Result), false
	}
	fail(j, o.Failure)
	r.tallyRun(j)
	r.write(j.ID, o.Lines)
	r.enqueue(o.Next)
	return true
}

func (r *reference) change(c store.Change) store.Changed {
	var changed store.Changed
	for _, id := range c.IDs {
		j := r.jobs[id]
		if j == nil {
			changed.Missing = append(changed.Missing, id)
			continue
		}
		if was := j.State; r.changeOne(j, c) {
			changed.Done = append(changed.Done, id)
		} else {
			changed.Refused = append(changed.Refused, store.Refusal{ID: id, State: was})
		}
	}
	return changed
}

func (r *reference) changeOne(j *store.Job, c store.Change) bool {
	switch {
	case c.Delete.Has(j.State):
		r.remove(j)
		return true
	case c.Consume.Has(j.State):
		if j.Consumed {
			return false
		}
		j.Consumed, j.Kept = true, false
		return true
	}
	i := slices.IndexFunc(c.Cases, func(m store.Move) bool { return m.From.Has(j.State) })
	if i < 0 || !r.move(j, c.Cases[i]) {
		return false
	}
	fail(j, c.Failure)
	return true
}

func fail(j *store.Job, f *store.Failure) {
	if f != nil {
		j.Failures = append(slices.Clone(j.Failures), *f)
		j.FailureCount = len(j.Failures)
	}
}

// maintain does all there is to do, whatever the limit.
func (r *reference) maintain(b store.Budget) store.Maintained {
	var m store.Maintained
	for _, j := range r.jobs {
		switch {
		case due.Has(j.State) && !j.RunAt.After(r.now):
			r.move(j, b.Promote)
			m.Promoted++
		case due.Has(j.State) && (m.NextDue.IsZero() || j.RunAt.Before(m.NextDue)):
			m.NextDue = j.RunAt
		case j.State.Final() && !j.Kept && slices.ContainsFunc(b.Prune, func(p store.Retention) bool {
			return p.State == j.State && j.FinalisedAt.Before(p.Before)
		}):
			r.remove(j)
			m.Pruned++
		}
	}
	return m
}

func (r *reference) deleteBatch(name string) error {
	members := slices.DeleteFunc(r.sorted(), func(j store.Job) bool { return j.Batch != name })
	if _, ok := r.batches[name]; !ok {
		return store.ErrNotFound
	}
	if slices.ContainsFunc(members, func(j store.Job) bool { return j.State == store.Running }) {
		return store.ErrRunning
	}
	for _, j := range members {
		r.remove(r.jobs[j.ID])
	}
	delete(r.batches, name)
	return nil
}

func (r *reference) count() map[counter]int64 {
	count := map[counter]int64{}
	for _, j := range r.jobs {
		count[counter{j.Queue, j.Kind, j.State}]++
	}
	return count
}
