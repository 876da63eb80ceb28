package admin

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// countJobs answers how many jobs a filter selects.
func (s *Server) countJobs(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	text := q.text("q")
	by := q.text("by")
	var groups []string
	for word := range strings.SplitSeq(by, ",") {
		switch word = strings.TrimSpace(word); word {
		case "state", "kind", "queue":
			groups = append(groups, word)
		case "":
		default:
			q.fail("there are state, kind and queue", "jobs cannot be counted by %.40q", word)
		}
	}
	if err := q.end(); err != nil {
		return err
	}
	f, err := parseFilter(text)
	if err != nil {
		return err
	}
	rows, partial, err := s.count(r.Context(), f)
	if err != nil {
		return err
	}
	v := groupRows(rows, groups)
	v.Partial = partial
	return writeJSON(w, http.StatusOK, v)
}

// count counts jobs: with counters where they can tell, otherwise one by one for as long as there is time.
func (s *Server) count(ctx context.Context, f store.Filter) (rows []store.CountRow, partial bool, err error) {
	if counted(f) {
		rows, err = s.cfg.Queue.Count(ctx, f)
		return rows, false, err
	}
	sums := map[store.CountRow]int64{}
	end := time.Now().Add(s.scanTime)
	req := store.ListRequest{Filter: f, Limit: maxPage}
	for {
		page, err := s.cfg.Queue.List(ctx, req)
		if err != nil {
			return nil, false, err
		}
		for i := range page.Jobs {
			j := &page.Jobs[i]
			sums[store.CountRow{Queue: j.Queue, Kind: j.Kind, State: j.State}]++
		}
		if req.Cursor = page.Next; page.Next == "" {
			break
		}
		if partial = !time.Now().Before(end); partial {
			break
		}
	}
	for row, n := range sums {
		row.N = n
		rows = append(rows, row)
	}
	return rows, partial, nil
}

// groupRows adds rows up by some of their names, the largest group first.
func groupRows(rows []store.CountRow, by []string) *wire.Count {
	v := &wire.Count{Groups: []wire.CountGroup{}}
	sums := map[wire.CountGroup]int64{}
	for _, row := range rows {
		v.Count += row.N
		var g wire.CountGroup
		for _, name := range by {
			switch name {
			case "state":
				g.State = row.State.String()
			case "kind":
				g.Kind = row.Kind
			case "queue":
				g.Queue = row.Queue
			}
		}
		sums[g] += row.N
	}
	if len(by) == 0 {
		return v
	}
	for g, n := range sums {
		g.Count = n
		v.Groups = append(v.Groups, g)
	}
	slices.SortFunc(v.Groups, func(a, b wire.CountGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.State, b.State), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Queue, b.Queue))
	})
	return v
}
