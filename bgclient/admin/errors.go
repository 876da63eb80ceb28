package admin

import (
	"net/http"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

const (
	errorScan   = 100_000 // failed jobs that are looked at
	errorsShown = 1000    // groups of them: the largest
)

// errorGroups answers with the kinds of trouble that failed jobs have.
func (s *Server) errorGroups(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	f := q.filter("q")
	if err := q.end(); err != nil {
		return err
	}
	if f.States == 0 {
		f.States = store.FailedStates
	}
	until := s.cfg.Queue.Store().Now().Add(scanTime)
	found, err := s.cfg.Queue.Errors(r.Context(), f, queue.ErrorLimits{Jobs: errorScan, Until: until})
	if err != nil {
		return err
	}
	v := wire.ErrorGroups{Groups: []wire.ErrorGroup{}, Scanned: int64(found.Scanned), Partial: found.Partial}
	for i := range found.Groups {
		t := &found.Groups[i]
		if v.Jobs += t.Count; i < errorsShown {
			v.Groups = append(v.Groups, viewErrors(t, f))
		}
	}
	return writeJSON(w, http.StatusOK, v)
}

// viewErrors shows a kind of trouble that was found with a filter. What it gives as the filter of its jobs selects
// no others than that one does.
func viewErrors(t *queue.ErrorGroup, within store.Filter) wire.ErrorGroup {
	within.Kinds, within.Fingerprints = []string{t.Kind}, []string{t.Fingerprint}
	return wire.ErrorGroup{
		Fingerprint: t.Fingerprint, Kind: t.Kind, FailureKind: string(t.FailureKind), Type: t.Type, Pattern: t.Pattern,
		Message: t.Sample, Count: t.Count, FirstAt: t.First, LastAt: t.Last, Queues: t.Queues, Example: t.ExampleJob,
		Filter: canonical(within),
	}
}
