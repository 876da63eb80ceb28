package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

const (
	shownBatches = 200 // open batches of a status
	shownRunning = 10
)

// getStatus answers with one screen. It is made of counters, so that it takes no longer when there are
// more jobs.
func (s *Server) getStatus(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	ctx := r.Context()
	info, err := s.info(callerOf(r))
	if err != nil {
		return err
	}
	all, err := s.counters(ctx)
	if err != nil {
		return err
	}
	v := &wire.Status{
		Info: *info, Now: s.cfg.Queue.Store().Now(), Totals: all.totals(),
		Operations: s.ops.running(), Running: []*wire.Job{},
	}
	s.fillBatches(v, all)
	recent, err := s.lastHour(ctx)
	if err != nil {
		return err
	}
	v.Hour = flow(&recent.total)
	ofBatch := map[string]bool{}
	for i := range all.batches {
		ofBatch[all.batches[i].Queue] = true
	}
	names := slices.DeleteFunc(all.names(), func(name string) bool { return ofBatch[name] && !all.queues[name].Paused })
	if v.Queues, err = s.viewQueues(ctx, all, recent, names); err != nil {
		return err
	}
	page, err := s.cfg.Queue.List(ctx, store.ListRequest{Filter: store.Filter{States: store.SetOf(store.Running)}, Limit: shownRunning, Ascending: true})
	if err != nil {
		return err
	}
	for i := range page.Jobs {
		v.Running = append(v.Running, wire.ViewJob(&page.Jobs[i]))
	}
	return writeJSON(w, http.StatusOK, v)
}

// fillBatches shows the batches that are open: if there are too many, those that run and then the newest.
func (s *Server) fillBatches(v *wire.Status, all *counters) {
	var open []*queue.BatchStatus
	for i := range all.batches {
		b := &all.batches[i]
		switch b.State() {
		case "failed":
			v.BatchesFailed++
			v.BatchesEnded++
		case "completed":
			v.BatchesEnded++
		default:
			open = append(open, b)
		}
	}
	v.BatchesOpen = len(open)
	if len(open) > shownBatches {
		slices.SortStableFunc(open, func(a, b *queue.BatchStatus) int {
			return cmp.Or(-cmp.Compare(min(a.Counts[store.Running], 1), min(b.Counts[store.Running], 1)), b.CreatedAt.Compare(a.CreatedAt))
		})
		open = open[:shownBatches]
		slices.SortFunc(open, func(a, b *queue.BatchStatus) int { return strings.Compare(a.Name, b.Name) })
	}
	v.Batches = make([]*wire.Batch, len(open))
	for i, b := range open {
		v.Batches[i] = viewBatch(b)
	}
}
