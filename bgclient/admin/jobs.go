package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

var jobRoutes = []route{
	{pattern: "GET /v1/jobs", handle: (*Server).listJobs},
	{pattern: "POST /v1/jobs", change: true, handle: (*Server).enqueue},
	{pattern: "GET /v1/jobs/count", handle: (*Server).countJobs},
	{pattern: "GET /v1/jobs/{id}", handle: (*Server).getJob},
	{pattern: "DELETE /v1/jobs/{id}", change: true, handle: (*Server).deleteJob},
}

// maxAnswer is the most bytes of values that a page has. A single job may have more.
const maxAnswer = 32 << 20

// pageTime is how long a page may take: then what was found is answered, perhaps nothing yet, with the cursor to go on.
const pageTime = 60 * time.Millisecond

// listJobs answers with a page of jobs.
func (s *Server) listJobs(w http.ResponseWriter, r *http.Request) error {
	l := listing{s: s}
	if err := l.read(r); err != nil {
		return err
	}
	if l.req.Parts != store.HeadOnly {
		release, err := s.reserve(r.Context())
		if err != nil {
			return err
		}
		defer release()
	}
	page, err := l.page(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, page)
}

// listing is a request for a page.
type listing struct {
	s      *Server
	req    store.ListRequest // with the cursor of the store
	cursor cursor            // that the request came with, or a new one
	raw    bool              // values as they are stored

	jobs    []*wire.Job
	size    int // bytes of what is in jobs
	scanned int
}

// read reads the parameters.
func (l *listing) read(r *http.Request) error {
	q := queryOf(r)
	text, cursor := q.text("q"), q.text("cursor")
	l.req.Limit = int(q.number("limit", 100, 1, maxPage))
	l.req.Ascending = q.oneOf("order", "asc", "desc") == "asc"
	l.req.From = q.number("from", 0, 0, store.MaxMember)
	l.req.Parts = partsOf(q)
	l.raw = rawOf(q)
	if err := q.end(); err != nil {
		return err
	}
	var err error
	if l.cursor, err = readCursor(cursor, time.Now()); err != nil {
		return err
	}
	if l.req.Filter, err = filter.Parse(text, l.cursor.now); err != nil {
		return err
	}
	if l.req.From > 0 && (len(l.req.Filter.Batches) != 1 || !l.req.Ascending) {
		return wire.NewProblem(wire.CodeBadRequest, "for example q=batch:nov&order=asc&from=1000", "from is an index in one batch: it needs a filter that names the batch, and order=asc")
	}
	l.req.Cursor = l.cursor.place
	return l.cursor.check(&l.req)
}

// partsOf reads which parts of jobs are wanted.
func partsOf(q *query) (parts store.Parts) {
	for name := range strings.SplitSeq(q.text("parts"), ",") {
		switch strings.TrimSpace(name) {
		case "args":
			parts |= store.PartArgs
		case "result":
			parts |= store.PartResult
		case "failures":
			parts |= store.PartFailures
		case "":
		default:
			q.fail("there are args, result and failures", "there is no part %.40q", name)
		}
	}
	return parts
}

// rawOf reads whether values are wanted as they are stored.
func rawOf(q *query) bool { return q.oneOf("values", "msgpack", "json") == "msgpack" }

// page reads a page: until it is full, or large, or the time for it is over.
func (l *listing) page(ctx context.Context) (*wire.JobPage, error) {
	l.jobs = []*wire.Job{}
	limit := l.req.Limit
	for end := time.Now().Add(min(l.s.scanTime, pageTime)); ; {
		l.req.Limit = limit - len(l.jobs)
		next, full, err := l.more(ctx)
		if err != nil {
			return nil, err
		}
		l.req.Cursor = next
		if next == "" || full || len(l.jobs) == limit || !time.Now().Before(end) {
			return &wire.JobPage{Jobs: l.jobs, Next: l.cursor.write(&l.req), Scanned: l.scanned}, nil
		}
	}
}

// more reads the jobs behind the cursor of the store, and returns the cursor behind those that it has added.
// full tells that no other one would fit.
func (l *listing) more(ctx context.Context) (next string, full bool, err error) {
	for req := l.req; ; {
		page, err := l.s.cfg.Queue.List(ctx, req)
		if err != nil {
			return "", false, l.explain(err)
		}
		l.scanned += page.Scanned
		views, size := l.view(page.Jobs)
		switch n := len(views); {
		case n < len(page.Jobs) && n == 0 && len(l.jobs) > 0: // not even the first
			return l.req.Cursor, true, nil
		case n < len(page.Jobs) && req.Limit > 1:
			// The store makes cursors only at the end of a page: so this one has to be read again, as far as it fits.
			req.Limit = max(n, 1)
			continue
		case n < len(page.Jobs): // a single job that is too large
			views = []*wire.Job{l.viewJob(&page.Jobs[0])}
			size = sizeOf(views[0])
		}
		l.jobs = append(l.jobs, views...)
		l.size += size
		return page.Next, l.size >= l.s.pageBytes, nil
	}
}

// view shows as many of the jobs as fit.
func (l *listing) view(jobs []store.Job) (views []*wire.Job, size int) {
	for i := range jobs {
		v := l.viewJob(&jobs[i])
		n := sizeOf(v)
		if l.size+size+n > l.s.pageBytes {
			break
		}
		size += n
		views = append(views, v)
	}
	return views, size
}

func (l *listing) viewJob(j *store.Job) *wire.Job {
	view := wire.ViewJob
	if l.raw {
		view = wire.ViewJobRaw
	}
	v := view(j)
	return v
}

// sizeOf is about how many bytes the values of a job take in an answer.
func sizeOf(v *wire.Job) int {
	n := len(v.Args) + len(v.Result) + (len(v.ArgsMsgpack)+len(v.ResultMsgpack))*4/3
	for i := range v.Failures {
		f := &v.Failures[i]
		n += len(f.Message) + len(f.Stack) + len(f.Output)
		for _, c := range f.Chain {
			n += len(c.Message)
		}
	}
	return n
}

// explain finds out whether it was the cursor that was wrong.
func (l *listing) explain(err error) error {
	if _, known := classify(err); known || l.req.Cursor == "" {
		return err
	}
	return badCursor(err.Error())
}
