package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

var eventRoutes = []route{
	{pattern: "GET /v1/events", stream: true, handle: (*Server).events},
}

const (
	eventBatch = 500                   // events that are read at once
	eventPause = 40 * time.Millisecond // when nothing is left: what comes meanwhile is sent together
	sentPause  = 80 * time.Microsecond // for each event that is sent while there are more
	seenPause  = 10 * time.Microsecond // the same for each that is looked at
	eventAlive = 15 * time.Second      // after which a word is sent when nothing happens
	maxPlace   = 100                   // bytes of a place in the feed
)

// events streams what changes until the client leaves. Nothing is kept for a client: it reads
// from the memory of the feed at its own pace, and where it was too slow for that there is a gap. The pace has an
// end as well, 11,000 events a second, or 100,000 that a filter leaves out: to watch a busy queue must not cost it what
// it needs to work.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	after := q.text("after")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		after = last
	}
	f := q.filter("q")
	if err := q.end(); err != nil {
		return err
	}
	if !aboutEvents(f) {
		return wire.NewProblem(wire.CodeBadFilter, "there are id, state, kind, queue and batch", "the filter names a field that events do not have")
	}
	if len(after) > maxPlace || !printable(after) {
		return wire.NewProblem(wire.CodeBadCursor, "give the id of an event, or nothing to begin now", "%.40q is no place in the events", after)
	}
	feed, ok := s.cfg.Queue.Store().(store.Feed)
	switch {
	case s.cfg.Executor == nil:
		return wire.NewProblem(wire.CodeNotLive, "start the program that works on the queue", "nothing happens here: no program works on the queue")
	case !ok:
		return wire.NewProblem(wire.CodeUnsupported, "ask for the status now and then", "this store cannot tell of changes")
	}
	if s.ops.streams.Add(1) > maxStreams {
		s.ops.streams.Add(-1)
		return wire.NewProblem(wire.CodeTooMany, "close one of them", "%d streams of events are open", maxStreams)
	}
	defer s.ops.streams.Add(-1)
	if after == "" {
		after = feed.Position()
	}
	e := &eventStream{w: w, control: http.NewResponseController(w), lines: prefersLines(r)}
	e.begin(after)
	for e.err == nil {
		after = e.forward(r.Context(), feed, &f, after)
	}
	return nil // whatever ended it, the answer has begun
}

// aboutEvents tells whether a filter names nothing but what an event has.
func aboutEvents(f store.Filter) bool {
	for _, n := range f.Not {
		if !aboutEvents(n) {
			return false
		}
	}
	return reflect.DeepEqual(f, store.Filter{IDs: f.IDs, States: f.States, Kinds: f.Kinds, Queues: f.Queues, Batches: f.Batches, Not: f.Not})
}

// concerns tells whether a filter selects an event: by the state that the job has after it.
func concerns(f *store.Filter, e *store.Event) bool {
	return (f.States == 0 || f.States.Has(e.To)) &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, e.Job)) &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, e.Kind)) &&
		(len(f.Queues) == 0 || slices.Contains(f.Queues, e.Queue)) &&
		(len(f.Batches) == 0 || slices.Contains(f.Batches, e.Batch)) &&
		!slices.ContainsFunc(f.Not, func(n store.Filter) bool { return concerns(&n, e) })
}

// prefersLines tells whether a client wants a line of JSON for each event, instead of server-sent events.
func prefersLines(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	lines, events := strings.Index(accept, "application/x-ndjson"), strings.Index(accept, "text/event-stream")
	return lines >= 0 && (events < 0 || lines < events)
}

// eventStream writes events to a client.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	lines   bool // as NDJSON
	buf     []byte
	err     error // that ended it
}

// begin sends the header, and from where on events will come: who is cut off before the first one can go on there.
func (e *eventStream) begin(position string) {
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream")
	if e.lines {
		h.Set("Content-Type", "application/x-ndjson")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	e.w.WriteHeader(http.StatusOK)
	e.alive(position)
}

// forward waits for the events behind a place, sends those that are selected, and returns the place behind them.
func (e *eventStream) forward(ctx context.Context, feed store.Feed, f *store.Filter, after string) string {
	waiting, cancel := context.WithTimeout(ctx, eventAlive)
	events, next, gap, err := feed.Events(waiting, after, eventBatch)
	idle := waiting.Err() != nil
	cancel()
	switch {
	case ctx.Err() != nil:
		e.err = context.Cause(ctx)
	case err != nil && idle:
		e.alive(after)
		return after
	case err != nil:
		e.err = err
	}
	if e.err != nil {
		return after
	}
	if gap {
		lost := &wire.Event{Type: wire.EventGap, At: time.Now().UTC()}
		if len(events) == 0 {
			lost.ID = next
		}
		e.add(lost)
	}
	sent := 0
	for i := range events {
		if concerns(f, &events[i]) {
			e.add(viewEvent(&events[i]))
			sent++
		}
	}
	if len(e.buf) > 0 {
		e.flush()
	}
	pause(ctx, pauseAfter(len(events), sent))
	return next
}

// pauseAfter is how long to wait after a batch. Each event that is read costs the queue a little, and each that is sent
// some times as much.
func pauseAfter(seen, sent int) time.Duration {
	if seen < eventBatch { // there were no more
		return eventPause
	}
	return time.Duration(seen)*seenPause + time.Duration(sent)*sentPause
}

func viewEvent(e *store.Event) *wire.Event {
	v := &wire.Event{
		ID: e.Pos, Type: wire.EventJob, At: e.At,
		Job: e.Job, Kind: e.Kind, Queue: e.Queue, Batch: e.Batch, Index: e.Index, Attempt: e.Attempt,
	}
	if e.Job.IsZero() {
		v.Type = wire.EventQueue
	}
	if e.From.Valid() {
		v.From = e.From.String()
	}
	if e.To.Valid() {
		v.To = e.To.String()
	}
	return v
}

// add puts an event into the buffer.
func (e *eventStream) add(v *wire.Event) {
	b, err := json.Marshal(v)
	if err != nil {
		e.err = err
		return
	}
	if e.lines {
		e.buf = append(append(e.buf, b...), '\n')
		return
	}
	if v.ID != "" {
		e.buf = append(append(append(e.buf, "id: "...), v.ID...), '\n')
	}
	e.buf = append(append(append(e.buf, "event: "...), v.Type...), "\ndata: "...)
	e.buf = append(append(e.buf, b...), "\n\n"...)
}

// alive sends a word that is no event, to keep the connection open and to learn whether it is. A browser
// takes the place from it.
func (e *eventStream) alive(position string) {
	if e.lines {
		e.buf = append(e.buf, '\n')
	} else {
		e.buf = append(append(append(e.buf, ":\nid: "...), position...), "\n\n"...)
	}
	e.flush()
}

// printable tells whether a place can stand in a line of its own: it may be what a client has sent.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// flush sends the buffer. A client that does not take it in time is given up: see answer.
func (e *eventStream) flush() {
	if e.err != nil {
		return
	}
	if _, e.err = e.w.Write(e.buf); e.err == nil {
		e.err = e.control.Flush()
	}
	e.buf = e.buf[:0]
}

// pause waits for a while, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
