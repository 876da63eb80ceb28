package admin

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

// action is something that an operation does to jobs.
type action struct {
	verb  string
	event queue.Event // what happens to them
	// implied is what a filter means that names no state.
	implied store.States
}

// actions are all there are, by verb.
var actions = map[string]*action{
	wire.ActionRetry:   {wire.ActionRetry, queue.Retry, store.FailedStates},
	wire.ActionRunNow:  {wire.ActionRunNow, queue.Due, queue.Due.From()},
	wire.ActionRelease: {wire.ActionRelease, queue.Release, queue.Release.From()},
	wire.ActionHold:    {wire.ActionHold, queue.Hold, queue.Hold.From()},
	wire.ActionCancel:  {wire.ActionCancel, queue.Cancel, queue.Cancel.From()},
	wire.ActionDelete:  {wire.ActionDelete, queue.Delete, store.FinalStates},
}

// order does it to jobs that are named, in one commit.
func (a *action) order(ctx context.Context, q *queue.Queue, reason string, ids []store.ID) (store.Changed, error) {
	return q.Apply(ctx, queue.Order{Verb: a.event, IDs: ids, Reason: reason})
}

// actionNamed finds an action on jobs.
func actionNamed(verb string) (*action, error) {
	if a := actions[verb]; a != nil {
		return a, nil
	}
	return nil, wire.NewProblem(wire.CodeBadRequest, "there are "+strings.Join(slices.Sorted(maps.Keys(actions)), ", "), "there is no action %.40q on jobs", verb)
}

// aim reads the filter of an action. It means the states that the action implies, if it names none, and
// never one in which the action does nothing.
func (a *action) aim(text string) (store.Filter, error) {
	if strings.TrimSpace(text) == "" { // more likely forgotten than meant
		return store.Filter{}, wire.NewProblem(wire.CodeBadFilter, "to "+a.verb+" all that can be, name their states: state:"+a.implied.String(), "the filter is empty")
	}
	f, err := parseFilter(text)
	possible := a.event.From()
	switch {
	case err != nil:
	case f.States == 0:
		f.States = a.implied
	case f.States&possible == 0:
		err = wire.NewProblem(wire.CodeBadFilter, "it does something to jobs that are "+possible.String(), "%s does nothing to jobs that are %s", a.verb, f.States)
	default:
		f.States &= possible
	}
	return f, err
}

// passes are filters that select together what f does, to be walked one after the other. Inside of one
// state a listing goes from newer to older ones; which state comes first decides what is met that moves
// meanwhile: states come in the order in which jobs go through them by themselves, so that nothing slips by,
// but where the action moves jobs to comes first, so that none is met there once more.
func (a *action) passes(f store.Filter) []store.Filter {
	if len(f.Batches) > 0 { // such a listing goes by id, whatever the states
		return []store.Filter{f}
	}
	order := []store.State{
		store.Pending, store.Scheduled, store.Retryable, store.Available, store.Running,
		store.Completed, store.Cancelled, store.Discarded,
	}
	var all []store.Filter
	for _, state := range order {
		if !f.States.Has(state) {
			continue
		}
		pass := f
		pass.States = store.SetOf(state)
		if state == a.event.To() {
			all = slices.Insert(all, 0, pass)
		} else {
			all = append(all, pass)
		}
	}
	return all
}

// canonical is the text of a filter that means the same at any time.
func canonical(f store.Filter) string { return filter.Format(f) }
