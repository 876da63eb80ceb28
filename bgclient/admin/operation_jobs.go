package admin

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// chunk is how many jobs are changed in one commit.
const chunk = 500

// startOperation begins an operation, and answers before it has ended.
func (s *Server) startOperation(w http.ResponseWriter, r *http.Request) error {
	var n wire.NewOperation
	if err := queryOf(r).end(); err != nil {
		return err
	}
	if err := decode(r, &n); err != nil {
		return err
	}
	if len(n.Reason) > maxReason {
		return wire.NewProblem(wire.CodeTooLarge, "shorten it", "the reason has %d bytes, and %d are the most", len(n.Reason), maxReason)
	}
	id := operationID()
	ctx := s.audit(r, n.Action, n.Reason, id)
	begin := s.beginOnJobs
	if n.Action == wire.ActionCompact || n.Action == wire.ActionVerify {
		begin = s.beginOnFile
	}
	op, err := begin(ctx, id, &n)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "operations/"+id)
	return writeJSON(w, http.StatusAccepted, op.snapshot())
}

// bulk is an operation on jobs.
type bulk struct {
	*operation
	s      *Server
	action *action
	reason string
	filter store.Filter
	walk   *walk
	named  named // instead of walk; the filter then says in which states they may be
	limit  int64
	rate   float64
	as     *store.Audit
}

func (s *Server) beginOnJobs(ctx context.Context, id string, n *wire.NewOperation) (*operation, error) {
	a, err := actionNamed(n.Action)
	if err != nil {
		return nil, err
	}
	if err := checkOperation(n); err != nil {
		return nil, err
	}
	b := &bulk{
		s: s, action: a, reason: n.Reason, limit: n.Limit, rate: n.Rate,
		as: store.AuditFrom(ctx),
	}
	if n.Filter != "" {
		if b.filter, err = a.aim(n.Filter); err != nil {
			return nil, err
		}
		b.as.Filter = cutText(canonical(b.filter), maxReason)
	}
	b.operation = newOperation(id, n.Action, b.as)
	b.view.Filter = canonical(b.filter)
	if b.limit == 0 {
		b.limit = math.MaxInt64
	}
	total := int64(-1) // not known yet
	if len(n.IDs) > 0 {
		b.named = slices.Clone(n.IDs)
		slices.SortStableFunc(b.named, func(x, y store.ID) int { return slices.Compare(x[:], y[:]) })
		b.named = slices.Compact(b.named)
		total = int64(len(b.named))
	} else {
		b.walk = a.walk(s.cfg.Queue.Store(), b.filter)
		if n.Expect != nil {
			if total, err = b.expect(ctx, *n.Expect); err != nil {
				return nil, err
			}
		}
	}
	return b.operation, s.ops.start(b.operation, func(ctx context.Context) error { return b.run(ctx, total) })
}

// cutText returns the front of a text, without half a character at its end.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

// checkOperation refuses what makes no sense.
func checkOperation(n *wire.NewOperation) error {
	bad := func(hint, what string) error { return wire.NewProblem(wire.CodeBadRequest, hint, "%s", what) }
	switch {
	case len(n.IDs) == 0 && n.Filter == "":
		return bad("give a filter, or ids", "it is not said which jobs are meant")
	case len(n.IDs) > maxSelected:
		return wire.NewProblem(wire.CodeTooLarge, "use a filter, or several operations", "there are %d ids, and %d are the most", len(n.IDs), maxSelected)
	case n.Limit < 0:
		return bad("leave limit out to change all jobs that are selected", "the limit is negative")
	case n.Expect != nil && *n.Expect < 0, n.Expect != nil && len(n.IDs) > 0:
		return bad("expect is how many jobs the filter selects", "expect makes no sense here")
	case n.Rate != 0 && !(n.Rate >= minRate):
		return bad("leave rate out to go as fast as possible", "the rate is too small: it is the number of jobs in a second, at least 0.01")
	}
	return nil
}

const (
	minRate   = 0.01    // jobs a second
	maxReason = 1 << 10 // bytes, as a store takes them
)

// expect fails unless the filter selects exactly so many jobs, or as many as the limit allows.
func (b *bulk) expect(ctx context.Context, want int64) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, wire.NewProblem(wire.CodeTimeout,
		"narrow the filter, or leave expect out", "the jobs could not be counted within %v", maxWait))
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer context.AfterFunc(b.s.life, func() { end(errClosing) })()
	found, err := b.s.choose(ctx, b.action, b.filter, b.limit)
	if err != nil {
		return 0, cmp.Or(context.Cause(ctx), err)
	}
	if found.count != want {
		p := wire.NewProblem(wire.CodeCountMoved, "look again at what is selected; nothing was changed", "%d jobs are selected, not %d", found.count, want)
		p.Count = &found.count
		return 0, p
	}
	return found.count, nil
}

// run does the work: a chunk, a commit, a pause if there is to be one, and again.
func (b *bulk) run(ctx context.Context, total int64) error {
	if total < 0 {
		found, err := b.s.choose(ctx, b.action, b.filter, b.limit)
		if err != nil {
			return err
		}
		total = found.count
	}
	b.mu.Lock()
	b.view.Total = min(total, b.limit)
	b.mu.Unlock()
	for left := b.limit; ; {
		began := time.Now()
		ids, err := b.next(ctx, int(min(b.chunk(), left)))
		if err != nil || len(ids) == 0 {
			return err
		}
		// The chunk is stored whatever happens meanwhile, so that it is known what was done.
		changed, err := b.apply(store.WithAudit(context.WithoutCancel(ctx), *b.as), ids)
		if err != nil {
			return err
		}
		b.note(ids, &changed)
		if left -= int64(len(changed.Done)); left <= 0 {
			return nil
		}
		if err := b.pause(ctx, began, len(changed.Done)); err != nil {
			return err
		}
	}
}

// chunk is the most jobs of a commit. With a rate it is a tenth of a second's, so that they come evenly.
func (b *bulk) chunk() int64 {
	if b.rate == 0 || b.rate >= 10*chunk {
		return chunk
	}
	return max(1, int64(b.rate/10))
}

// next returns the next jobs to be changed. There are none at the end.
func (b *bulk) next(ctx context.Context, limit int) ([]store.ID, error) {
	if b.walk == nil {
		return b.named.next(limit), context.Cause(ctx)
	}
	jobs, err := b.walk.next(ctx, limit)
	ids := make([]store.ID, len(jobs))
	for i := range jobs {
		ids[i] = jobs[i].ID
	}
	return ids, err
}

// apply changes some jobs, in one commit: of those that a filter selected, the ones that are still in a
// state that it names.
func (b *bulk) apply(ctx context.Context, ids []store.ID) (store.Changed, error) {
	return b.s.cfg.Queue.Apply(ctx, queue.Order{Verb: b.action.event, IDs: ids, Only: b.filter.States, Reason: b.reason})
}

// note counts what became of a chunk.
func (b *bulk) note(ids []store.ID, changed *store.Changed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := &b.view
	v.Seen += int64(len(ids))
	v.Done += int64(len(changed.Done))
	v.Refused += int64(len(changed.Refused))
	v.Missing += int64(len(changed.Missing))
	for _, refusal := range changed.Refused[:min(len(changed.Refused), shown-len(v.RefusedSample))] {
		v.RefusedSample = append(v.RefusedSample, wire.Refusal(refusal))
	}
	v.MissingSample = append(v.MissingSample, changed.Missing[:min(len(changed.Missing), shown-len(v.MissingSample))]...)
}

// pause waits until the jobs of the chunk have had their time, and tells whether to go on.
func (b *bulk) pause(ctx context.Context, began time.Time, done int) error {
	if b.rate > 0 {
		timer := time.NewTimer(time.Until(began.Add(time.Duration(float64(done) / b.rate * float64(time.Second)))))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}
