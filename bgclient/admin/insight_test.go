package admin

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestErrors(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.enqueue(20, queue.NewJob{Kind: "resize", MaxAttempts: 1})
		n := 0
		f.attempt(20, "default", func(j *store.Job) queue.Attempt {
			n++
			return failing(fmt.Sprintf("image %d: out of memory\nat line 7", n))(j)
		})
		time.Sleep(time.Minute)
		f.enqueue(3, queue.NewJob{Kind: "mail", Queue: "mail"})
		f.attempt(3, "mail", failing("connection refused"))

		v, err := f.c.Errors(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Groups) != 2 || v.Jobs != 23 || v.Scanned < 23 || v.Partial {
			t.Fatalf("%+v", v)
		}
		g := v.Groups[0]
		if g.Kind != "resize" || g.Count != 20 || g.Pattern != "image …: out of memory" || g.FailureKind != "error" || g.Type != "*errors.errorString" ||
			!strings.HasPrefix(g.Message, "image ") || g.Queues["default"] != 20 || g.FirstAt.After(g.LastAt) || g.Example.IsZero() {
			t.Errorf("%+v", g)
		}
		for _, g := range v.Groups {
			if n := f.count(g.Filter); n != g.Count {
				t.Errorf("%s selects %d jobs, not %d", g.Filter, n, g.Count)
			}
		}

		// With a filter the groups are of its jobs only, and so are their filters.
		some, err := f.c.Errors(t.Context(), "queue:mail state:retryable age<1h")
		if err != nil || len(some.Groups) != 1 || some.Groups[0].Count != 3 || !strings.Contains(some.Groups[0].Filter, "queue:mail") {
			t.Errorf("%+v %v", some, err)
		}
		none, err := f.c.Errors(t.Context(), "kind:nothing")
		if err != nil || none.Groups == nil || len(none.Groups) != 0 {
			t.Errorf("%+v %v", none, err)
		}
		_, err = f.c.Errors(t.Context(), "kind=x")
		problem(t, err, wire.CodeBadFilter)
	})
}

func TestAuditPages(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		ids := f.enqueue(250, queue.NewJob{Kind: "a"})
		for i := range 25 {
			if _, err := f.c.Act(t.Context(), wire.Act{Action: wire.ActionHold, IDs: ids[10*i : 10*i+10], Reason: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.c.Act(t.Context(), wire.Act{Action: wire.ActionRelease, IDs: ids}); err != nil {
			t.Fatal(err)
		}
		var pages []int
		last := uint64(1 << 60)
		for before := uint64(0); ; {
			page, err := f.c.Audit(t.Context(), store.ID{}, before, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				if e.Seq >= last || e.Jobs != len(e.JobIDs) && len(e.JobIDs) != auditJobs || e.By != operator || e.At.IsZero() {
					t.Errorf("%+v", e)
				}
				last = e.Seq
			}
			pages = append(pages, len(page.Entries))
			if before = page.Next; before == 0 {
				break
			}
		}
		if fmt.Sprint(pages) != "[10 10 6]" {
			t.Errorf("the pages have %v entries", pages)
		}
		one, err := f.c.Audit(t.Context(), ids[33], 0, 2)
		if err != nil || len(one.Entries) != 2 || one.Next != 0 || one.Entries[0].Verb != wire.ActionRelease || one.Entries[1].Reason != "3" {
			t.Errorf("%+v %v", one, err)
		}
		if one.Entries[0].Jobs != 250 {
			t.Errorf("%+v", one.Entries[0])
		}
	})
}

func TestHistory(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		id := f.enqueue(1, queue.NewJob{Kind: "a", MaxAttempts: 1})[0]
		act := func(action, reason string) {
			t.Helper()
			time.Sleep(time.Second)
			if done, err := f.c.Act(t.Context(), wire.Act{Action: action, IDs: []store.ID{id}, Reason: reason}); err != nil || done.Done != 1 {
				t.Fatalf("%+v %v", done, err)
			}
			time.Sleep(time.Second)
		}
		act(wire.ActionHold, "later")
		act(wire.ActionRelease, "")
		f.attempt(1, "default", failing("boom\nand more"))
		act(wire.ActionRetry, "again")
		f.attempt(1, "default", failing("bang"))
		v, err := f.c.History(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		const want = "created in queue default; hold by joe: later; release by joe; failed 1 error: boom; retry by joe: again; " +
			"attempted 2; failed 2 error: bang; finalised 2 discarded: attempts"
		if got := story(v); got != want || v.Job == nil || v.Job.ID != id {
			t.Errorf("%s\nwant %s", got, want)
		}
		act(wire.ActionDelete, "done with")
		v, err = f.c.History(t.Context(), id)
		if err != nil || v.Job != nil || story(v) != "hold by joe: later; release by joe; retry by joe: again; delete by joe: done with" {
			t.Errorf("%+v %v", v, err)
		}
		_, err = f.c.History(t.Context(), store.NewID())
		problem(t, err, wire.CodeNotFound)
	})
}

// story tells a history.
func story(v *wire.History) string {
	var all []string
	for i, e := range v.Events {
		s := e.What
		if e.Attempt > 0 {
			s += fmt.Sprint(" ", e.Attempt)
		}
		if e.By != nil {
			s += " by " + e.By.Name
		}
		if e.Reason != "" {
			s += ": " + e.Reason
		}
		if e.Text != "" {
			s += " " + e.Text
		}
		if all = append(all, s); i > 0 && e.At.Before(v.Events[i-1].At) {
			all = append(all, "(which was before that)")
		}
	}
	return strings.Join(all, "; ")
}

func TestLogsAndStack(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		f.handle("chatty", func(ctx context.Context, j *store.Job) (store.Value, error) {
			for i := range 5 {
				executor.Logger(ctx).Sugar().Infow("step", "i", i)
			}
			time.Sleep(time.Minute)
			executor.Logger(ctx).Warn("about to end")
			return store.Value{0xc0}, nil
		})
		id := f.enqueue(1, queue.NewJob{Kind: "chatty"})[0]
		idle := f.enqueue(1, queue.NewJob{Kind: "other", Queue: "idle"})[0]

		// Who waits gets the first lines when they are stored.
		type answer struct {
			*wire.Logs
			err error
		}
		waiting := make(chan answer)
		go func() {
			v, err := f.c.Logs(t.Context(), id, 0, 3, time.Minute)
			waiting <- answer{v, err}
		}()
		time.Sleep(5 * time.Second)
		f.start("default")
		first := <-waiting
		if first.err != nil || len(first.Lines) != 3 || !first.More || first.Next != 3 || !strings.Contains(first.Lines[0].Text, "step") || first.Lines[0].Level != "info" {
			t.Fatalf("%+v", first)
		}
		rest, err := f.c.Logs(t.Context(), id, first.Next, 0, time.Minute)
		if err != nil || len(rest.Lines) != 2 || rest.More || rest.Next != 5 || rest.State != store.Running {
			t.Errorf("%+v %v", rest, err)
		}

		stack, err := f.c.Stack(t.Context(), id)
		if err != nil || !strings.Contains(stack.Stack, "TestLogsAndStack") || stack.ID != id {
			t.Errorf("%+v %v", stack, err)
		}
		_, err = f.c.Stack(t.Context(), idle)
		if p := problem(t, err, wire.CodeNotFound); p.State != "available" || !strings.Contains(p.Hint, "why") {
			t.Errorf("%+v", p)
		}

		began := time.Now()
		for {
			last, err := f.c.Logs(t.Context(), id, rest.Next, 0, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if len(last.Lines) > 0 {
				rest = last
			}
			if last.State.Final() {
				break
			}
		}
		if rest.Next != 6 || rest.Lines[0].Level != "warn" || time.Since(began) > time.Minute {
			t.Errorf("%+v after %v", rest, time.Since(began))
		}

		// There is nothing to wait for at the end, and there is one.
		began = time.Now()
		if v, err := f.c.Logs(t.Context(), id, 6, 0, time.Minute); err != nil || len(v.Lines) != 0 || v.Next != 6 || time.Since(began) != 0 {
			t.Errorf("%+v %v", v, err)
		}
		if v, err := f.c.Logs(t.Context(), idle, 0, 0, time.Hour); err != nil || len(v.Lines) != 0 || v.Lines == nil || time.Since(began) != maxWait {
			t.Errorf("%+v %v after %v", v, err, time.Since(began))
		}
		_, err = f.c.Logs(t.Context(), store.NewID(), 0, 0, time.Minute)
		problem(t, err, wire.CodeNotFound)
		_, err = f.c.Stack(t.Context(), store.NewID())
		problem(t, err, wire.CodeNotFound)
	})
}

func TestNoStackWithoutAProgram(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		_, err := f.c.Stack(t.Context(), f.enqueue(1, queue.NewJob{Kind: "a"})[0])
		problem(t, err, wire.CodeNotLive)
	})
}
