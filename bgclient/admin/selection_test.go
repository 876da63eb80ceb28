package admin

import (
	"maps"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestSelection(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		args := store.Value("\x93\x01\x02\x03")
		f.enqueue(30, queue.NewJob{Kind: "a", Queue: "q", Args: args, MaxAttempts: 1})
		f.enqueue(12, queue.NewJob{Kind: "b", Queue: "q"})
		f.attempt(42, "q", func(j *store.Job) queue.Attempt {
			if j.Kind == "b" {
				return failing("slow down")(j)
			}
			return failing("boom")(j)
		})
		f.enqueue(5, queue.NewJob{Kind: "a"})

		v, err := f.c.Selection(t.Context(), wire.ActionRetry, "queue:q", 0)
		if err != nil {
			t.Fatal(err)
		}
		if v.Action != wire.ActionRetry || v.Filter != "state:failed queue:q" || v.Count != 42 || v.Partial || len(v.IDs) != 42 ||
			!maps.Equal(v.ByState, map[string]int64{"discarded": 30, "retryable": 12}) ||
			!maps.Equal(v.ByKind, map[string]int64{"a": 30, "b": 12}) || !maps.Equal(v.ByQueue, map[string]int64{"q": 42}) {
			t.Errorf("%+v", v)
		}
		if len(v.Sample) != sampled || v.Sample[0].ID != v.IDs[0] || len(v.Sample[0].Failures) != 1 {
			t.Errorf("%+v", v.Sample)
		}

		// A limit takes those that an operation would come to first.
		few, err := f.c.Selection(t.Context(), wire.ActionDelete, `error~BOOM`, 7)
		if err != nil || few.Count != 7 || len(few.IDs) != 7 || few.ByKind["a"] != 7 || string(few.Sample[0].Args) != "[1,2,3]" {
			t.Fatalf("%+v %v", few, err)
		}
		f.ended(f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: few.Filter, Limit: 7, Expect: &few.Count}).ID, wire.OperationDone)
		if left, err := f.q.Store().Get(t.Context(), few.IDs, store.HeadOnly); err != nil || len(left) != 0 {
			t.Errorf("%d of them are left, %v", len(left), err)
		}

		none, err := f.c.Selection(t.Context(), wire.ActionRelease, "kind:a", 0)
		if err != nil || none.Count != 0 || none.Filter != "state:pending kind:a" || none.Sample == nil || none.ByState == nil {
			t.Errorf("%+v %v", none, err)
		}
	})
}

// TestSelectionOfMany: beyond some number no ids are given, and what the counters know is not counted.
func TestSelectionOfMany(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		for range 11 {
			f.enqueue(1000, queue.NewJob{Kind: "a", Tags: []string{"x"}})
		}
		f.enqueue(3, queue.NewJob{Kind: "b", Hold: true})
		for text, want := range map[string]int64{"state:pending,available": 11_003, "tag:x": 11_000} {
			v, err := f.c.Selection(t.Context(), wire.ActionCancel, text, 0)
			if err != nil || v.Count != want || v.IDs != nil || len(v.Sample) != sampled || v.ByKind["a"] != 11_000 {
				t.Errorf("%s: %+v %v", text, v, err)
			}
		}
		limited, err := f.c.Selection(t.Context(), wire.ActionCancel, "kind:a", maxSelected)
		if err != nil || limited.Count != maxSelected || len(limited.IDs) != maxSelected || limited.ByState["available"] != maxSelected {
			t.Errorf("%d %d %v", limited.Count, len(limited.IDs), err)
		}
	})
}

func TestRelativeTimesAreResolved(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.enqueue(1, queue.NewJob{Kind: "a"})
		time.Sleep(2 * time.Hour)
		v, err := f.c.Selection(t.Context(), wire.ActionCancel, "age>1h", 0)
		if err != nil || v.Count != 1 || v.Filter != "state:pending,available,scheduled,running,retryable created<2000-01-01T01:00:00Z" {
			t.Errorf("%+v %v", v, err)
		}
	})
}

func TestSelectionsThatMakeNoSense(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		for _, c := range []struct {
			action, filter string
			code           wire.Code
		}{
			{"", "kind:a", wire.CodeBadRequest}, {wire.ActionVerify, "kind:a", wire.CodeBadRequest},
			{wire.ActionRetry, "", wire.CodeBadFilter}, {wire.ActionRetry, "kind=a", wire.CodeBadFilter},
			{wire.ActionRelease, "state:completed", wire.CodeBadFilter},
		} {
			_, err := f.c.Selection(t.Context(), c.action, c.filter, 0)
			if p := problem(t, err, c.code); p.Hint == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}

// TestCounted: the counters answer for a filter only if it asks for nothing else.
func TestCounted(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "state:failed": true, "queue:q kind:k -kind:l": true, "-queue:q -state:running": true,
		"tag:x": false, "-tag:x": false, `batch:""`: false, "age>1h": false, "attempts>3": false, "kind:k error~x": false,
	} {
		filter, err := parseFilter(text)
		if err != nil || counted(filter) != want {
			t.Errorf("%s: %v %v", text, counted(filter), err)
		}
	}
}
