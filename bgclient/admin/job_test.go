package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestJob(t *testing.T) {
	f := serve(t, false)
	args := packed(t, "hello")
	id := f.enqueue(1, queue.NewJob{Kind: "k", Args: args, MaxAttempts: 1})[0]
	j, err := f.c.Job(t.Context(), id, client.JSON)
	if err != nil || string(j.Args) != `"hello"` || j.ID != id {
		t.Errorf("%+v %v", j, err)
	}
	if j, err := f.c.Job(t.Context(), id, client.Msgpack); err != nil || string(j.ArgsMsgpack) != string(args) {
		t.Errorf("%+v %v", j, err)
	}
	_, err = f.c.Job(t.Context(), store.NewID(), client.JSON)
	problem(t, err, wire.CodeNotFound)
	for _, path := range []string{"/v1/jobs/x", "/v1/jobs/x/result", "/v1/jobs/x/failures", "/v1/jobs/x/wait", "/v1/jobs/x/why"} {
		refusedWith(t, call(f.s, "GET", path, ""), wire.CodeBadRequest)
	}
	for _, path := range []string{"?x=1", "/result?x=1", "/failures?x=1", "/wait?x=1", "/why?x=1", "?values=x"} {
		refusedWith(t, call(f.s, "GET", "/v1/jobs/"+id.String()+path, ""), wire.CodeBadRequest)
	}
}

func TestResult(t *testing.T) {
	f := serve(t, false)
	new := func(end func(*store.Job) queue.Attempt) store.ID {
		id := f.enqueue(1, queue.NewJob{Kind: "k", MaxAttempts: 1})[0]
		if end != nil {
			f.attempt(1, "default", end)
		}
		return id
	}
	value := packed(t, map[string]any{"ok": true})
	done := new(func(*store.Job) queue.Attempt { return queue.Attempt{Verdict: queue.Succeeded, Result: value} })
	failed := new(failing("the disk is on fire"))
	cancelled, because := new(nil), new(nil)
	if _, err := f.q.Cancel(t.Context(), "", cancelled); err != nil {
		t.Fatal(err)
	}
	if _, err := f.q.Cancel(t.Context(), "not needed", because); err != nil {
		t.Fatal(err)
	}
	open := new(nil)

	r, err := f.c.Result(t.Context(), done, client.JSON)
	if err != nil || string(r.Result) != `{"ok":true}` || r.ID != done {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := f.c.Result(t.Context(), done, client.Msgpack); err != nil || string(r.ResultMsgpack) != string(value) || string(r.Result) != "null" {
		t.Errorf("%+v %v", r, err)
	}
	for _, c := range []struct {
		id    store.ID
		code  wire.Code
		says  string
		state store.State
	}{
		{open, wire.CodeNotFinished, "available", store.Available},
		{failed, wire.CodeJobFailed, "the disk is on fire", store.Discarded},
		{cancelled, wire.CodeJobCancelled, "was cancelled", store.Cancelled},
		{because, wire.CodeJobCancelled, "not needed", store.Cancelled},
		{store.NewID(), wire.CodeNotFound, "", 0},
	} {
		_, err := f.c.Result(t.Context(), c.id, client.JSON)
		p := problem(t, err, c.code)
		if !strings.Contains(p.Detail, c.says) || c.state != 0 && p.State != c.state.String() {
			t.Errorf("%+v", p)
		}
	}

	all, err := f.c.Failures(t.Context(), failed)
	if err != nil || all.ID != failed || len(all.Failures) != 1 || all.Failures[0].Message != "the disk is on fire" {
		t.Errorf("%+v %v", all, err)
	}
	if w := call(f.s, "GET", "/v1/jobs/"+open.String()+"/failures", ""); !strings.Contains(w.Body.String(), `"failures":[]`) {
		t.Errorf("%s", w.Body)
	}
}

func TestWait(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		result := packed(t, 42)
		f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			time.Sleep(10 * time.Second)
			return result, nil
		})
		f.start("default")
		id := f.enqueue(1, queue.NewJob{Kind: "k"})[0]
		for _, c := range []struct {
			timeout, takes time.Duration
			state          store.State
		}{
			{-time.Second, 0, store.Running},
			{4 * time.Second, 4 * time.Second, store.Running},
			{time.Hour, 6 * time.Second, store.Completed},
			{time.Hour, 0, store.Completed},
		} {
			synctest.Wait()
			began := time.Now()
			j, err := f.c.Wait(t.Context(), id, c.timeout, client.Msgpack)
			if err != nil || j.State != c.state || time.Since(began) != c.takes {
				t.Errorf("%v: %+v %v after %v", c.timeout, j, err, time.Since(began))
			}
			if j.State == store.Completed && string(j.ResultMsgpack) != string(result) {
				t.Errorf("%+v", j)
			}
		}
		// Nobody waits for longer than a minute, whatever they say.
		held := f.enqueue(1, queue.NewJob{Kind: "k", Hold: true})[0]
		for _, query := range []string{"", "?timeout=24h"} {
			began := time.Now()
			j := answered[wire.Job](t, call(f.s, "GET", "/v1/jobs/"+held.String()+"/wait"+query, ""), 200)
			if j.State != store.Pending || time.Since(began) != maxWait {
				t.Errorf("%+v after %v", j, time.Since(began))
			}
		}
	})
}

// What is waited for can be deleted, the client can leave, and the server can be closed.
func TestWaitEndsEarly(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		id := f.enqueue(1, queue.NewJob{Kind: "k"})[0]
		wait := func(ctx context.Context) <-chan error {
			ended := make(chan error, 1)
			go func() {
				_, err := f.c.Wait(ctx, id, time.Minute, client.JSON)
				ended <- err
			}()
			synctest.Wait()
			return ended
		}
		ctx, leave := context.WithCancelCause(t.Context())
		left, stays := wait(ctx), wait(t.Context())
		leave(errors.New("enough"))
		if err := <-left; err == nil {
			t.Error("who has left got an answer")
		}
		if _, err := f.q.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		problem(t, <-stays, wire.CodeNotFound)

		id = f.enqueue(1, queue.NewJob{Kind: "k"})[0]
		waits := wait(t.Context())
		if err := f.s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		problem(t, <-waits, wire.CodeClosed)
		if d := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); d > time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

// Where nothing is live there is nothing to wait for.
func TestWaitWhenNothingIsLive(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		id := f.enqueue(1, queue.NewJob{Kind: "k"})[0]
		began := time.Now()
		j, err := f.c.Wait(t.Context(), id, time.Minute, client.JSON)
		if err != nil || j.State != store.Available || time.Since(began) != 0 {
			t.Errorf("%+v %v after %v", j, err, time.Since(began))
		}
	})
}

func TestWhy(t *testing.T) {
	for _, live := range []bool{false, true} {
		f := serve(t, live)
		if live {
			f.handle("other", func(context.Context, *store.Job) (store.Value, error) { return nil, nil })
		}
		id := f.enqueue(1, queue.NewJob{Kind: "k"})[0]
		if err := f.q.Pause(t.Context(), "default", "disk full"); err != nil {
			t.Fatal(err)
		}
		why, err := f.c.Why(t.Context(), id)
		if err != nil || why.Job.ID != id || len(why.Because) < 2 || !strings.Contains(why.Because[0], "disk full") || why.Remedies[0].Action != "resume" {
			t.Errorf("%+v %v", why, err)
		}
		unhandled := strings.Contains(strings.Join(why.Because, "\n"), "no handler")
		if unhandled != live {
			t.Errorf("live %v: %q", live, why.Because)
		}
	}
}

func TestAct(t *testing.T) {
	f := serve(t, false)
	held := f.enqueue(2, queue.NewJob{Kind: "k", Hold: true})
	open := f.enqueue(1, queue.NewJob{Kind: "k"})[0]
	missing := store.NewID()
	done, err := f.c.Act(t.Context(), wire.Act{
		Action: "release", IDs: []store.ID{held[0], open, missing, held[0], held[1]}, Reason: "now",
	})
	if err != nil || done.Action != "release" || done.Asked != 4 || done.Done != 2 ||
		len(done.Refused) != 1 || done.Refused[0] != (wire.Refusal{ID: open, State: store.Available}) ||
		len(done.Missing) != 1 || done.Missing[0] != missing {
		t.Errorf("%+v %v", done, err)
	}
	for _, c := range []struct {
		body string
		code wire.Code
	}{
		{`{"action":"release","ids":[]}`, wire.CodeBadRequest},
		{`{"action":"explode","ids":["` + open.String() + `"]}`, wire.CodeBadRequest},
		{`{"action":"compact","ids":["` + open.String() + `"]}`, wire.CodeBadRequest},
		{`{"action":"cancel","ids":["x"]}`, wire.CodeBadRequest},
		{`{"action":"cancel","ids":["` + open.String() + `"],"reason":"` + strings.Repeat("x", 2000) + `"}`, wire.CodeTooLarge},
		{`{"action":"cancel","ids":[` + strings.Repeat(`"`+open.String()+`",`, maxNamed) + `"` + open.String() + `"]}`, wire.CodeTooLarge},
	} {
		refusedWith(t, call(f.s, "POST", "/v1/jobs/act", c.body), c.code)
	}
}

func TestActOnOneJob(t *testing.T) {
	f := serve(t, false)
	id := f.enqueue(1, queue.NewJob{Kind: "k"})[0]
	path := "/v1/jobs/" + id.String()
	for _, c := range []struct {
		action string
		state  store.State
	}{
		{"hold", store.Pending}, {"release", store.Available}, {"cancel", store.Cancelled}, {"retry", store.Available},
	} {
		done := answered[wire.Acted](t, call(f.s, "POST", path+"/"+c.action, ""), 200)
		j, err := f.q.Get(t.Context(), id, store.HeadOnly)
		if err != nil || done.Done != 1 || j.State != c.state {
			t.Errorf("%s: %+v %v %v", c.action, done, j, err)
		}
	}
	if done := answered[wire.Acted](t, call(f.s, "POST", path+"/run-now", `{"reason":"r"}`), 200); done.Done != 0 || len(done.Refused) != 1 {
		t.Errorf("%+v", done)
	}
	for _, c := range []struct {
		method, path, body string
		code               wire.Code
	}{
		{"POST", path + "/explode", "", wire.CodeNotFound},
		{"POST", path + "/hold", `{"why":"r"}`, wire.CodeBadRequest},
		{"POST", path + "/hold?reason=r", "", wire.CodeBadRequest},
		{"POST", "/v1/jobs/x/hold", "", wire.CodeBadRequest},
		{"POST", "/v1/jobs/" + store.NewID().String() + "/hold", "", wire.CodeNotFound},
		{"DELETE", "/v1/jobs/" + store.NewID().String(), "", wire.CodeNotFound},
		{"DELETE", "/v1/jobs/x", "", wire.CodeBadRequest},
	} {
		refusedWith(t, call(f.s, c.method, c.path, c.body), c.code)
	}
	f.attempt(1, "default", func(*store.Job) queue.Attempt {
		p := refusedWith(t, call(f.s, http.MethodDelete, path, ""), wire.CodeRunning)
		if !strings.Contains(p.Detail, "is running") {
			t.Errorf("%+v", p)
		}
		return queue.Attempt{Verdict: queue.Succeeded}
	})
	if done := answered[wire.Acted](t, call(f.s, http.MethodDelete, path, ""), 200); done.Action != "delete" || done.Done != 1 {
		t.Errorf("%+v", done)
	}
	if n := f.count(""); n != 0 {
		t.Errorf("%d jobs are left", n)
	}
}
