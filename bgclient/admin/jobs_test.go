package admin

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// packed is v as a value.
func packed(t testing.TB, v any) store.Value {
	t.Helper()
	b, err := msgpack.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// listed returns the ids of all jobs that a request selects, page by page, and the number of pages.
func (f *fixture) listed(r client.JobsRequest) (ids []store.ID, pages int) {
	f.t.Helper()
	for {
		page, err := f.c.Jobs(f.t.Context(), r)
		if err != nil {
			f.t.Fatal(err)
		}
		pages++
		for _, j := range page.Jobs {
			ids = append(ids, j.ID)
		}
		if r.Cursor = page.Next; page.Next == "" {
			return ids, pages
		}
	}
}

func TestListPages(t *testing.T) {
	f := serve(t, false)
	f.enqueue(5, queue.NewJob{Kind: "other"})
	want := f.enqueue(25, queue.NewJob{Kind: "k"})
	got, pages := f.listed(client.JobsRequest{Filter: "kind:k", Limit: 10, Ascending: true})
	if !slices.Equal(got, want) || pages != 3 {
		t.Errorf("%d jobs on %d pages", len(got), pages)
	}
	slices.Reverse(want)
	if got, _ := f.listed(client.JobsRequest{Filter: "kind:k", Limit: 7}); !slices.Equal(got, want) {
		t.Errorf("newest first: %v, want %v", got, want)
	}
	// A page is filled, although the store returns after the records that it has looked at.
	page, err := f.c.Jobs(t.Context(), client.JobsRequest{})
	if err != nil || len(page.Jobs) != 30 || page.Next != "" || page.Scanned != 30 {
		t.Errorf("%+v %v", page, err)
	}
	for limit, n := range map[string]int{"0": 1, "-5": 1, "2": 2, "99999999999999999999": 30} {
		if page := answered[wire.JobPage](t, call(f.s, "GET", "/v1/jobs?limit="+limit, ""), 200); len(page.Jobs) != n {
			t.Errorf("limit %s: %d jobs", limit, len(page.Jobs))
		}
	}
}

func TestListParts(t *testing.T) {
	f := serve(t, false)
	args := packed(t, map[string]int64{"n": 1<<53 + 1})
	f.enqueue(1, queue.NewJob{Kind: "k", Args: args, MaxAttempts: 1})
	f.attempt(1, "default", failing("broken"))
	get := func(query string) *wire.Job {
		t.Helper()
		page := answered[wire.JobPage](t, call(f.s, "GET", "/v1/jobs"+query, ""), 200)
		if len(page.Jobs) != 1 {
			t.Fatalf("%+v", page)
		}
		return page.Jobs[0]
	}
	if j := get(""); string(j.Args) != "null" || len(j.Failures) != 0 || j.ArgsBytes == 0 || j.FailureCount != 1 {
		t.Errorf("%+v", j)
	}
	if j := get("?parts=args,failures"); string(j.Args) != `{"n":9007199254740993}` || len(j.Failures) != 1 || j.Fingerprint == "" {
		t.Errorf("%+v", j)
	}
	if j := get("?parts=args&values=msgpack"); string(j.Args) != "null" || string(j.ArgsMsgpack) != string(args) || string(j.Record().Args) != string(args) {
		t.Errorf("%+v", j)
	}
	for _, query := range []string{"?parts=arg", "?values=yaml", "?order=up", "?limit=x", "?limit=1&limit=2", "?from=1", "?from=1&q=batch:b", "?q=%zz"} {
		refusedWith(t, call(f.s, "GET", "/v1/jobs"+query, ""), wire.CodeBadRequest)
	}
	p := refusedWith(t, call(f.s, "GET", "/v1/jobs?q=stat:failed", ""), wire.CodeBadFilter)
	if p.Hint != "did you mean state:failed?" {
		t.Errorf("%+v", p)
	}
}

func TestListFromAnIndex(t *testing.T) {
	f := serve(t, false)
	f.batch("nov", 10)
	page := answered[wire.JobPage](t, call(f.s, "GET", "/v1/jobs?q=batch:nov&order=asc&from=7", ""), 200)
	if len(page.Jobs) != 3 || *page.Jobs[0].Index != 7 {
		t.Errorf("%+v", page)
	}
}

// batch stores a batch with members.
func (f *fixture) batch(name string, n int) {
	f.t.Helper()
	b, _, err := f.q.OpenBatch(f.t.Context(), queue.BatchSpec{Name: name, Kind: "k", Total: int64(n), Info: packed(f.t, "of "+name)})
	if err != nil {
		f.t.Fatal(err)
	}
	jobs := make([]queue.NewJob, n)
	for i := range jobs {
		jobs[i] = queue.NewJob{ID: b.Base.Member(int64(i)), Kind: "k", Queue: b.Queue, Batch: name, Index: int64(i), Kept: true}
	}
	if _, err := f.q.Enqueue(f.t.Context(), jobs...); err != nil {
		f.t.Fatal(err)
	}
}

func TestCursors(t *testing.T) {
	f := serve(t, false)
	f.enqueue(3, queue.NewJob{Kind: "k"})
	first, err := f.c.Jobs(t.Context(), client.JobsRequest{Filter: "kind:k state:available", Limit: 1})
	if err != nil || first.Next == "" {
		t.Fatalf("%+v %v", first, err)
	}
	good := first.Next
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	changed := slices.Clone(raw)
	changed[len(changed)-1]++
	encode := base64.RawURLEncoding.EncodeToString
	for what, c := range map[string]struct {
		cursor string
		r      client.JobsRequest
	}{
		"another filter":     {good, client.JobsRequest{Filter: "kind:k"}},
		"another order":      {good, client.JobsRequest{Filter: "kind:k state:available", Ascending: true}},
		"not base64":         {"?", client.JobsRequest{Filter: "kind:k state:available"}},
		"too short":          {encode(raw[:12]), client.JobsRequest{Filter: "kind:k state:available"}},
		"too long":           {strings.Repeat("A", 8000), client.JobsRequest{Filter: "kind:k state:available"}},
		"changed at the end": {encode(changed), client.JobsRequest{Filter: "kind:k state:available"}},
		"made up":            {encode(slices.Concat(make([]byte, sumSize+timeSize), []byte("here"))), client.JobsRequest{}},
	} {
		c.r.Cursor = c.cursor
		_, err := f.c.Jobs(t.Context(), c.r)
		if p := problem(t, err, wire.CodeBadCursor); p.Hint == "" {
			t.Errorf("%s: %+v", what, p)
		}
	}
	// The same filter in other words, and other parts, may go on.
	next, err := f.c.Jobs(t.Context(), client.JobsRequest{Filter: "state:available  kind:k", Cursor: good, Args: true})
	if err != nil || len(next.Jobs) != 2 {
		t.Errorf("%+v %v", next, err)
	}
}

// A cursor that was made up so well that only the store can tell is the fault of who made it.
func TestForgedCursor(t *testing.T) {
	f := serve(t, false)
	f.enqueue(3, queue.NewJob{Kind: "k"})
	c := cursor{now: time.Now()}
	forged := c.write(&store.ListRequest{Cursor: "AAAAAA"})
	_, err := f.c.Jobs(t.Context(), client.JobsRequest{Cursor: forged})
	problem(t, err, wire.CodeBadCursor)
}

// The durations of a filter count from the first page.
func TestCursorKeepsTheTime(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.enqueue(4, queue.NewJob{Kind: "k"})
		time.Sleep(time.Hour)
		f.enqueue(4, queue.NewJob{Kind: "k"})
		r := client.JobsRequest{Filter: "age>30m", Limit: 2}
		n := 0
		for {
			page, err := f.c.Jobs(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if n += len(page.Jobs); page.Next == "" {
				break
			}
			r.Cursor = page.Next
			time.Sleep(time.Hour)
		}
		if n != 4 {
			t.Errorf("%d jobs", n)
		}
	})
}

// However large the values are, a page has a bounded size, and no job is lost or there twice.
func TestLargePages(t *testing.T) {
	f := serve(t, false)
	rapid.Check(t, func(r *rapid.T) {
		kind := store.NewID().String()
		f.s.pageBytes = rapid.IntRange(1, 4000).Draw(r, "bytes of a page")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 30).Draw(r, "sizes")
		text := rapid.SampledFrom([]string{"x", "\x00"}).Draw(r, "text") // as JSON the second takes six times as much
		jobs := make([]queue.NewJob, len(sizes))
		for i, n := range sizes {
			jobs[i] = queue.NewJob{ID: store.NewID(), Kind: kind, Args: packed(t, strings.Repeat(text, n))}
		}
		if _, err := f.q.Enqueue(t.Context(), jobs...); err != nil {
			r.Fatal(err)
		}
		req := client.JobsRequest{
			Filter: "kind:" + kind, Ascending: true, Args: true, Limit: rapid.IntRange(1, 20).Draw(r, "limit"),
			Values: rapid.SampledFrom([]client.Values{client.JSON, client.Msgpack}).Draw(r, "values"),
		}
		for i := 0; ; {
			page, err := f.c.Jobs(t.Context(), req)
			if err != nil || len(page.Jobs) == 0 && i < len(jobs) || len(page.Jobs) > req.Limit {
				r.Fatalf("%+v %v", page, err)
			}
			size := 0
			for _, j := range page.Jobs {
				if i == len(jobs) || j.ID != jobs[i].ID {
					r.Fatalf("%s is not job %d", j.ID, i)
				}
				i++
				size += sizeOf(j)
			}
			if len(page.Jobs) > 1 && size > f.s.pageBytes {
				r.Fatalf("%d jobs with %d bytes", len(page.Jobs), size)
			}
			if req.Cursor = page.Next; page.Next == "" {
				if i != len(jobs) {
					r.Fatalf("%d of %d jobs", i, len(jobs))
				}
				return
			}
		}
	})
}

func TestCount(t *testing.T) {
	f := serve(t, false)
	f.enqueue(3, queue.NewJob{Kind: "a", Queue: "q"})
	f.enqueue(2, queue.NewJob{Kind: "b", Queue: "q"})
	f.enqueue(1, queue.NewJob{Kind: "b", Queue: "p", Hold: true, Tags: []string{"x"}})
	for _, c := range []struct{ query, want string }{
		{"", "6 []"},
		{"q=kind:b", "3 []"},
		{"q=tag:x", "1 []"},
		{"by=kind", "6 [{ a  3} { b  3}]"},
		{"by=queue,state", "6 [{available  q 5} {pending  p 1}]"},
		{"by=state&q=age<1h", "6 [{available   5} {pending   1}]"},
		{"q=tag:nothing&by=kind", "0 []"},
	} {
		query, _ := url.ParseQuery(c.query)
		v := answered[wire.Count](t, call(f.s, "GET", "/v1/jobs/count?"+query.Encode(), ""), 200)
		if got := fmt.Sprint(v.Count, v.Groups); got != strings.ReplaceAll(c.want, " []", " []") {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
		if v.Partial {
			t.Errorf("%s: it is partial", c.query)
		}
	}
	refusedWith(t, call(f.s, "GET", "/v1/jobs/count?by=colour", ""), wire.CodeBadRequest)
	if w := call(f.s, "GET", "/v1/jobs/count", ""); !strings.Contains(w.Body.String(), `"groups":[]`) {
		t.Errorf("%s", w.Body)
	}
}

// When the time is over, what was found so far is told, and that there may be more.
func TestScansEnd(t *testing.T) {
	f := serve(t, false)
	for range 2 {
		f.enqueue(maxPage, queue.NewJob{Kind: "k", Tags: []string{"x"}})
	}
	f.s.scanTime = 0
	v := answered[wire.Count](t, call(f.s, "GET", "/v1/jobs/count?q=tag:x&by=kind", ""), 200)
	if v.Count != maxPage || !v.Partial || len(v.Groups) != 1 || v.Groups[0].Count != maxPage {
		t.Errorf("%+v", v)
	}
	if v := answered[wire.Count](t, call(f.s, "GET", "/v1/jobs/count?q=kind:k", ""), 200); v.Count != 2*maxPage || v.Partial {
		t.Errorf("counters know it: %+v", v)
	}
}
