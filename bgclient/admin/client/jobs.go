package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// Values says how arguments and results are given.
type Values string

// The ways.
const (
	JSON    Values = ""        // as JSON, see wire.ValueJSON
	Msgpack Values = "msgpack" // as they are stored
)

// JobsRequest asks for a page of jobs. The zero value is the newest jobs, without values.
type JobsRequest struct {
	Filter string
	Cursor string
	Limit  int // 0: 100; at most 1,000
	// Args, Result and Failures bring these parts of each job.
	Args, Result, Failures bool
	Values                 Values
	// Ascending lists the oldest first; From begins a single batch at that index, and needs it.
	Ascending bool
	From      int64
}

func (r *JobsRequest) query() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("q", r.Filter)
	set("cursor", r.Cursor)
	if r.Limit > 0 {
		q.Set("limit", strconv.Itoa(r.Limit))
	}
	set("parts", partsText(r.Args, r.Result, r.Failures))
	set("values", string(r.Values))
	if r.Ascending {
		q.Set("order", "asc")
	}
	if r.From > 0 {
		q.Set("from", strconv.FormatInt(r.From, 10))
	}
	return q
}

func partsText(args, result, failures bool) string {
	var parts []string
	for _, p := range []struct {
		on   bool
		name string
	}{{args, "args"}, {result, "result"}, {failures, "failures"}} {
		if p.on {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(parts, ",")
}

// Jobs returns a page of jobs.
func (c *Client) Jobs(ctx context.Context, r JobsRequest) (*wire.JobPage, error) {
	out := &wire.JobPage{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs", r.query(), nil, out)
}

// AllJobs yields every job that the request selects, page by page from its Cursor on. Jobs that move
// meanwhile may be missed or come twice.
func (c *Client) AllJobs(ctx context.Context, r JobsRequest) iter.Seq2[*wire.Job, error] {
	return func(yield func(*wire.Job, error) bool) {
		for {
			page, err := c.Jobs(ctx, r)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, j := range page.Jobs {
				if !yield(j, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			r.Cursor = page.Next
		}
	}
}

// Count returns how many jobs a filter selects, grouped by any of "state", "kind" and "queue".
func (c *Client) Count(ctx context.Context, filter string, by ...string) (*wire.Count, error) {
	q := url.Values{}
	if filter != "" {
		q.Set("q", filter)
	}
	if len(by) > 0 {
		q.Set("by", strings.Join(by, ","))
	}
	out := &wire.Count{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/count", q, nil, out)
}

// Job returns a whole job.
func (c *Client) Job(ctx context.Context, id store.ID, values Values) (*wire.Job, error) {
	out := &wire.Job{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String(), values.query(), nil, out)
}

func (v Values) query() url.Values {
	if v == JSON {
		return nil
	}
	return url.Values{"values": {string(v)}}
}

// Result returns the result of a completed job; the problem not_finished, job_failed or job_cancelled otherwise.
func (c *Client) Result(ctx context.Context, id store.ID, values Values) (*wire.Result, error) {
	out := &wire.Result{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String()+"/result", values.query(), nil, out)
}

// Failures returns all failures of a job.
func (c *Client) Failures(ctx context.Context, id store.ID) (*wire.Failures, error) {
	out := &wire.Failures{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String()+"/failures", nil, nil, out)
}

// Logs returns lines of the log of a job, from the one after the given number. With wait it waits so long for
// the first one, unless the job has ended.
func (c *Client) Logs(ctx context.Context, id store.ID, after int64, limit int, wait time.Duration) (*wire.Logs, error) {
	q := url.Values{}
	if after > 0 {
		q.Set("after", strconv.FormatInt(after, 10))
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	if wait > 0 {
		q.Set("wait", wait.String())
	}
	out := &wire.Logs{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String()+"/logs", q, nil, out)
}

// Wait waits until the job has ended, or for the given time if that is over first (at most a minute), and
// returns the job as it is then, without its log.
func (c *Client) Wait(ctx context.Context, id store.ID, timeout time.Duration, values Values) (*wire.Job, error) {
	q := url.Values{"timeout": {timeout.String()}}
	if values != JSON {
		q.Set("values", string(values))
	}
	out := &wire.Job{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String()+"/wait", q, nil, out)
}

// Stack returns what the goroutines of a running job are doing.
func (c *Client) Stack(ctx context.Context, id store.ID) (*wire.Stack, error) {
	out := &wire.Stack{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String()+"/stack", nil, nil, out)
}

// Why explains why a job does not run, or what became of it.
func (c *Client) Why(ctx context.Context, id store.ID) (*wire.Why, error) {
	out := &wire.Why{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String()+"/why", nil, nil, out)
}

// History returns what happened to a job, also to one that was deleted by somebody.
func (c *Client) History(ctx context.Context, id store.ID) (*wire.History, error) {
	out := &wire.History{}
	return out, c.call(ctx, http.MethodGet, "/v1/jobs/"+id.String()+"/history", nil, nil, out)
}

// Enqueue stores jobs in one commit. A key that is not empty makes it safe to repeat: as long as the
// jobs of the first time are stored, they are what is answered.
func (c *Client) Enqueue(ctx context.Context, key string, jobs ...wire.NewJob) ([]wire.EnqueuedJob, error) {
	var header []string
	if key != "" {
		header = []string{"Idempotency-Key", key}
	}
	out := &wire.Enqueued{}
	err := c.call(ctx, http.MethodPost, "/v1/jobs", nil, wire.Enqueue{Jobs: jobs}, out, header...)
	return out.Jobs, err
}

// Act does something to jobs that are named.
func (c *Client) Act(ctx context.Context, act wire.Act) (*wire.Acted, error) {
	out := &wire.Acted{}
	return out, c.call(ctx, http.MethodPost, "/v1/jobs/act", nil, act, out)
}
