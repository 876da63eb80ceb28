package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// watch collects events in the background, until its context ends.
type watch struct {
	events []*wire.Event
	err    error
	end    context.CancelFunc
	done   chan struct{}
}

func watching(t *testing.T, c *client.Client, filter, after string) *watch {
	ctx, cancel := context.WithCancel(t.Context())
	w := &watch{end: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for e, err := range c.Events(ctx, filter, after) {
			if err != nil {
				w.err = err
				return
			}
			w.events = append(w.events, e)
		}
	}()
	t.Cleanup(w.stop)
	time.Sleep(time.Second) // until it is connected
	return w
}

// seen returns what has come so far.
func (w *watch) seen() []*wire.Event {
	time.Sleep(time.Second)
	synctest.Wait()
	return w.events
}

func (w *watch) stop() {
	w.end()
	<-w.done
}

// words describe events.
func words(events []*wire.Event) string {
	var all []string
	for _, e := range events {
		switch e.Type {
		case wire.EventGap:
			all = append(all, "gap")
		case wire.EventQueue:
			all = append(all, "queue "+e.Queue)
		default:
			all = append(all, e.Kind+" "+e.From+">"+e.To)
		}
	}
	return strings.Join(all, ", ")
}

func TestEvents(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		c := f.listen().client(t)
		w := watching(t, c, "", "")
		ids := f.enqueue(2, queue.NewJob{Kind: "a"})
		f.attempt(2, "default", failing("x"))
		if err := f.q.Pause(t.Context(), "img", "why"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.q.Delete(t.Context(), ids[1]); err != nil {
			t.Fatal(err)
		}
		events := w.seen()
		const want = "a >available, a >available, a available>running, a available>running, " +
			"a running>retryable, a running>retryable, queue img, a retryable>"
		if got := words(events); got != want {
			t.Fatalf("%s\nwant %s", got, want)
		}
		if e := events[2]; e.Job.IsZero() || e.ID == "" || e.At.IsZero() || e.Queue != "default" || e.Attempt != 1 {
			t.Errorf("%+v", e)
		}
		w.stop()

		// Who lost the connection goes on behind the last event that it has.
		again := watching(t, c, "", events[5].ID)
		f.enqueue(1, queue.NewJob{Kind: "b"})
		if got := words(again.seen()); got != "queue img, a retryable>, b >available" {
			t.Errorf("%s", got)
		}
		again.stop()
		if !errors.Is(again.err, context.Canceled) {
			t.Errorf("it ended with %v", again.err)
		}
	})
}

func TestEventsByFilter(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		c := f.listen().client(t)
		position := f.db.Position()
		a := f.enqueue(1, queue.NewJob{Kind: "a"})[0]
		f.enqueue(1, queue.NewJob{Kind: "b", Queue: "q"})
		f.attempt(1, "default", failing("x"))
		f.attempt(1, "q", failing("x"))
		if err := f.q.Pause(t.Context(), "q", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := f.q.Delete(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{
			"kind:b":                   "b >available, b available>running, b running>retryable",
			"state:running":            "a available>running, b available>running",
			"queue:q":                  "b >available, b available>running, b running>retryable, queue q",
			"queue:q -state:failed":    "b >available, b available>running, queue q",
			"id:" + a.String():         "a >available, a available>running, a running>retryable, a retryable>",
			`batch:"" state:finalised`: "",
		} {
			w := watching(t, c, text, position)
			if got := words(w.seen()); got != want {
				t.Errorf("%s: %s\nwant %s", text, got, want)
			}
			w.stop()
		}
		for _, text := range []string{"age>1h", `error~"x"`, "tag:x", "-attempts>3"} {
			for _, err := range c.Events(t.Context(), text, "") {
				problem(t, err, wire.CodeBadFilter)
			}
		}
		for _, err := range c.Events(t.Context(), "", "x\ny") {
			problem(t, err, wire.CodeBadCursor)
		}
		for _, err := range c.Events(t.Context(), "", strings.Repeat("x", 200)) {
			problem(t, err, wire.CodeBadCursor)
		}
	})
}

// TestEventsForBrowsers: the text of server-sent events, and how a browser goes on.
func TestEventsForBrowsers(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		p := f.listen()
		resp := p.get(t.Context(), t, "/v1/events")
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%v %v", resp.Status, resp.Header)
		}
		in := bufio.NewReader(resp.Body)
		block := func() string {
			t.Helper()
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				if line == "\n" {
					return b.String()
				}
				b.WriteString(line)
			}
		}
		start := block() // it says where it begins
		position := f.db.Position()
		if start != ":\nid: "+position+"\n" {
			t.Errorf("%q", start)
		}
		began := time.Now()
		if alive := block(); alive != start || time.Since(began) != eventAlive {
			t.Errorf("%q after %v", alive, time.Since(began))
		}
		f.enqueue(1, queue.NewJob{Kind: "a\n\ndata: b"})
		text := block()
		id, rest, _ := strings.Cut(text, "\n")
		data, ok := strings.CutPrefix(rest, "event: job\ndata: ")
		e := &wire.Event{}
		if err := json.Unmarshal([]byte(data), e); err != nil || !ok || "id: "+e.ID != id || e.Kind != "a\n\ndata: b" {
			t.Errorf("%q: %v", text, err)
		}
		resp.Body.Close()
		f.enqueue(1, queue.NewJob{Kind: "c"})
		in = bufio.NewReader(p.get(t.Context(), t, "/v1/events?after=nonsense", "Last-Event-ID", e.ID, "Accept", "text/event-stream, application/x-ndjson;q=0.1").Body)
		block()
		if got := block(); !strings.Contains(got, `"kind":"c"`) {
			t.Errorf("%q", got)
		}
	})
}

func TestEventsAsLinesSayThatTheyAreThere(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		resp := f.listen().get(t.Context(), t, "/v1/events", "Accept", "application/x-ndjson")
		in := bufio.NewReader(resp.Body)
		for i := range 3 {
			began := time.Now()
			line, err := in.ReadString('\n')
			if err != nil || line != "\n" || time.Since(began) != min(time.Duration(i), 1)*eventAlive {
				t.Errorf("%q %v after %v", line, err, time.Since(began))
			}
		}
	})
}

func TestEventsWithAGap(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		c := f.listen().client(t)
		f.db.Position()
		f.enqueue(3, queue.NewJob{Kind: "a"})
		w := watching(t, c, "", "longago-17")
		f.enqueue(1, queue.NewJob{Kind: "b"})
		if got := words(w.seen()); got != "gap, a >available, a >available, a >available, b >available" {
			t.Errorf("%s", got)
		}
		if w.events[0].ID != "" {
			t.Errorf("%+v: who goes on from there would miss what follows", w.events[0])
		}
	})
}

// TestAFloodOfEvents: a client gets what it can take, and is told of the gaps.
func TestAFloodOfEvents(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		c := f.listen().client(t)
		w, narrow := watching(t, c, "", ""), watching(t, c, "kind:rare", "")
		const n = 30_000
		for range n / 1000 {
			f.enqueue(1000, queue.NewJob{Kind: "a"})
		}
		f.enqueue(1, queue.NewJob{Kind: "rare"})
		time.Sleep(time.Minute)
		gaps := 0
		for _, e := range w.seen() {
			if e.Type == wire.EventGap {
				gaps++
			}
		}
		if len(w.events) >= n || gaps == 0 || w.events[len(w.events)-1].Kind != "rare" {
			t.Errorf("%d events with %d gaps", len(w.events), gaps)
		}
		if last := narrow.seen(); len(last) == 0 || last[len(last)-1].Kind != "rare" {
			t.Errorf("%s", words(last))
		}
	})
}

// TestThePaceOfEvents: of many events a stream sends only so many in a second, and looks at only so many; what it is asked
// for comes no later because there is much else.
func TestThePaceOfEvents(t *testing.T) {
	const n = 15_000 // which the feed remembers
	for _, c := range []struct {
		filter       string
		events       int
		least, hence time.Duration // for the last one
	}{
		{"", n, time.Second, 2 * time.Second},
		{"kind:some", n / 100, 100 * time.Millisecond, 400 * time.Millisecond},
		{"kind:last", 1, 100 * time.Millisecond, 400 * time.Millisecond},
	} {
		bubble(t, true, func(t *testing.T, f *fixture) {
			place := f.db.Position()
			for i := range n / 100 {
				f.enqueue(99, queue.NewJob{Kind: "many"})
				kind := "some"
				if i == n/100-1 && c.filter == "kind:last" {
					kind = "last"
				}
				f.enqueue(1, queue.NewJob{Kind: kind})
			}
			began, seen := time.Now(), 0
			for e, err := range f.listen().client(t).Events(t.Context(), c.filter, place) {
				if err != nil || e.Type != wire.EventJob {
					t.Fatalf("%q: %+v %v", c.filter, e, err)
				}
				if seen++; seen == c.events {
					break
				}
			}
			if took := time.Since(began); took < c.least || took > c.hence {
				t.Errorf("%q: it took %v", c.filter, took)
			}
		})
	}
}

func TestAClientThatDoesNotReadEvents(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		p := f.listen()
		resp := p.get(t.Context(), t, "/v1/events")
		other := watching(t, p.client(t), "", "")
		if n := f.s.ops.streams.Load(); n != 2 {
			t.Errorf("%d streams are open", n)
		}
		f.enqueue(1000, queue.NewJob{Kind: "a"})
		if got := other.seen(); len(got) != 1000 {
			t.Errorf("the other client has %d events", len(got))
		}
		time.Sleep(streamPatience)
		synctest.Wait()
		if n := f.s.ops.streams.Load(); n != 1 {
			t.Errorf("%d streams are open", n)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("the stream has come to a good end")
		}
	})
}

func TestOnlySoManyStreams(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		c := f.listen().client(t)
		var all []*watch
		for range maxStreams {
			all = append(all, watching(t, c, "", ""))
		}
		for _, err := range c.Events(t.Context(), "", "") {
			problem(t, err, wire.CodeTooMany)
		}
		all[3].stop()
		synctest.Wait()
		all[3] = watching(t, c, "", "")
		f.enqueue(1, queue.NewJob{Kind: "a"})
		for i, w := range all {
			if got := words(w.seen()); got != "a >available" {
				t.Errorf("stream %d: %q %v", i, got, w.err)
			}
		}
	})
}

func TestCloseEndsStreams(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		w := watching(t, f.listen().client(t), "", "")
		began := time.Now()
		if err := f.s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-w.done
		if took := time.Since(began); took > time.Second || w.err == nil {
			t.Errorf("closing took %v, and the client got %v", took, w.err)
		}
	})
}

func TestNoEventsWithoutAProgram(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		for _, err := range f.c.Events(t.Context(), "", "") {
			problem(t, err, wire.CodeNotLive)
		}
	})
}

// TestConcerns: a filter means the same for an event as for a job in that state.
func TestConcerns(t *testing.T) {
	for _, text := range []string{
		"", "state:running", "kind:a,b", "queue:q", "batch:n", `batch:""`, "-kind:a", "state:failed kind:a -queue:q", "-state:running -kind:b",
	} {
		filter, err := parseFilter(text)
		if err != nil || !aboutEvents(filter) {
			t.Fatalf("%s: %v", text, err)
		}
		for _, kind := range []string{"a", "b"} {
			for _, state := range store.AllStates() {
				for _, batch := range []string{"", "n"} {
					j := store.Job{ID: store.NewID(), Kind: kind, Queue: "q", Batch: batch, State: state}
					e := store.Event{Job: j.ID, Kind: j.Kind, Queue: j.Queue, Batch: j.Batch, To: state}
					if got, want := concerns(&filter, &e), filter.Match(&j); got != want {
						t.Errorf("%q: %s: %v, not %v", text, fmt.Sprint(e), got, want)
					}
				}
			}
		}
	}
}
