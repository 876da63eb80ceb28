package integration_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

// The worker is an ordinary program that uses the three words at once: Invoke,
// Parallelise and a Thread. It reports what it does as lines of JSON, each after
// the fact: that a call was acknowledged, that a function runs, that a result was seen.

// strand is one of the three.
type strand string

const (
	byInvoke strand = "invoke"
	byBatch  strand = "batch"
	byThread strand = "thread"
)

type event string

const (
	acknowledged event = "acknowledged" // Invoke returned nil
	runs         event = "runs"         // the function was entered
	seen         event = "seen"         // a result came back
)

type entry struct {
	Event  event
	Strand strand
	N      int      // the argument, or the index
	ID     store.ID // where it is known
	Value  int      // of what was seen
}

// say writes an entry with one write, so that a kill cannot cut it in two.
func say(e entry) {
	b, err := json.Marshal(e)
	if err == nil {
		_, err = os.Stdout.Write(append(b, '\n'))
	}
	if err != nil {
		panic(err)
	}
}

// orders are what a worker is told when it starts.
type orders struct {
	DB       string
	Invokes  int // calls to make
	Items    int // of the batch
	Turns    int // of the thread, an even number
	Invoke   int // the first call that was not acknowledged yet
	Turn     int // the same of the thread
	TurnOwed int // the latest turn whose result was not consumed; -1: none
}

// The functions, so that the test knows the results.

func double(n int) int { return 2 * n }
func square(n int) int { return n * n }
func negate(n int) int { return -n }

// labour makes every sixteenth call take some milliseconds, so that kills meet
// functions in the middle.
func labour(n int) {
	if n%16 == 0 {
		sha256.Sum256(make([]byte, 4<<20))
	}
}

func running(s strand, f func(int) int) func(context.Context, int) (int, error) {
	return func(ctx context.Context, n int) (int, error) {
		say(entry{Event: runs, Strand: s, N: n, ID: bgclient.Job(ctx).ID})
		labour(n)
		return f(n), nil
	}
}

func workerMain(args []string) (err error) {
	var o orders
	if err := json.Unmarshal([]byte(args[0]), &o); err != nil {
		return err
	}
	ctx := context.Background()
	c, err := bgclient.Open(o.DB, bgclient.WithWorkers(3), bgclient.WithLockTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	doubles, err := bgclient.Register(c, "double", running(byInvoke, double))
	if err != nil {
		return err
	}
	negates, err := bgclient.Register(c, "negate", running(byThread, negate))
	if err != nil {
		return err
	}
	if err := c.Start(ctx); err != nil {
		return err
	}
	ended := make(chan error)
	go func() { ended <- invokeAll(ctx, doubles, o) }()
	go func() { ended <- turnAll(ctx, negates, o) }()
	go func() { ended <- squareAll(ctx, c, o) }()
	for range 3 {
		err = errors.Join(err, <-ended)
	}
	return err
}

// invokeAll keeps some calls ahead of the one whose result it waits for.
func invokeAll(ctx context.Context, task *bgclient.Task[int, int], o orders) error {
	var ahead []*bgclient.Invocation[int]
	for n := o.Invoke; n < o.Invokes || len(ahead) > 0; n++ {
		if n < o.Invokes {
			inv, err := task.Invoke(ctx, n)
			if err != nil {
				return err
			}
			say(entry{Event: acknowledged, Strand: byInvoke, N: n, ID: inv.ID()})
			if ahead = append(ahead, inv); len(ahead) < 5 {
				continue
			}
		}
		value, err := ahead[0].Wait(ctx)
		if err != nil {
			return err
		}
		say(entry{Event: seen, Strand: byInvoke, ID: ahead[0].ID(), Value: value})
		ahead = ahead[1:]
	}
	return nil
}

func squareAll(ctx context.Context, c *bgclient.Client, o orders) error {
	got, err := bgclient.Parallelise(ctx, c, "squares", o.Items, running(byBatch, square))
	if err != nil {
		return err
	}
	for i, v := range got {
		if v != square(i) {
			return fmt.Errorf("Parallelise returned %d for index %d", v, i)
		}
	}
	return nil
}

// turnAll gives the thread two arguments at a time, so that one of them is pending
// while the other runs, and then reads until it has the result of the second.
func turnAll(ctx context.Context, task *bgclient.Task[int, int], o orders) error {
	th, err := bgclient.NewThread(task, "turns")
	if err != nil {
		return err
	}
	read := func(last int) error {
		for {
			value, err := th.Result(ctx)
			if err != nil {
				return err
			}
			say(entry{Event: seen, Strand: byThread, N: negate(value), Value: value})
			if negate(value) >= last {
				return nil
			}
		}
	}
	if o.TurnOwed >= 0 {
		if err := read(o.TurnOwed); err != nil {
			return err
		}
	}
	for n := o.Turn; n < o.Turns; n++ {
		if err := th.Invoke(ctx, n); err != nil {
			return err
		}
		say(entry{Event: acknowledged, Strand: byThread, N: n})
		if n%2 == 1 || n == o.Turns-1 {
			if err := read(n); err != nil {
				return err
			}
		}
	}
	return th.Close(ctx)
}

// TestKilledProgram kills the worker at random moments and starts it again each
// time, and holds what it reported against what the file says.
func TestKilledProgram(t *testing.T) {
	w := &watch{
		t: t, completed: recorded{}, finished: map[store.ID]bool{},
		invoked: map[store.ID]int{}, ran: map[store.ID]bool{}, ranItem: map[int]int{}, lastTurn: -1,
		orders: orders{
			DB:      filepath.Join(t.TempDir(), "app.db"),
			Invokes: 12 * *kills, Items: 60 * *kills, Turns: 6 * *kills, TurnOwed: -1,
		},
	}
	for range *kills {
		if l := w.life(soon(60)); !l.killed() {
			t.Fatalf("the worker ended before it was killed: exit code %d\n%s", l.code, l.stderr)
		}
	}
	if l := w.life(never); l.code != 0 {
		t.Fatalf("the last worker: exit code %d\n%s", l.code, l.stderr)
	}
	w.end()
}

// watch is what the test has learnt from the lives so far.
type watch struct {
	t *testing.T
	orders

	journal   *journal          // as the last life left it
	completed recorded          // by the file, after any life
	finished  map[store.ID]bool // by the file or by a result that was seen: must not run again
	invoked   map[store.ID]int  // acknowledged: the argument
	turns     []int             // of the thread, acknowledged
	lastTurn  int               // whose result was seen
	ran       map[store.ID]bool // at least once
	ranItem   map[int]int       // how often each index ran
	repeated  int               // runs after the first, of any job
}

func (w *watch) life(d death) *life {
	w.t.Helper()
	b, err := json.Marshal(w.orders)
	if err != nil {
		w.t.Fatal(err)
	}
	l := live(w.t, inRole(w.t, "worker", string(b)), d)
	for _, line := range l.lines {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Fatalf("the worker printed %q: %v\n%s", line, err, l.stderr)
		}
		w.take(e)
	}
	w.journal = audit(w.t, w.DB)
	w.completed.extend(w.t, w.journal)
	for id := range w.completed {
		w.finished[id] = true
	}
	w.inspectThread()
	return l
}

// take checks one entry of the ledger.
func (w *watch) take(e entry) {
	w.t.Helper()
	switch e.Event {
	case runs:
		if w.finished[e.ID] {
			w.t.Errorf("%s %d (job %s) ran again after it was recorded as completed", e.Strand, e.N, e.ID)
		}
		if w.ran[e.ID] {
			w.repeated++
		}
		w.ran[e.ID] = true
		if e.Strand == byBatch {
			w.ranItem[e.N]++
		}
	case acknowledged:
		if e.Strand == byInvoke {
			w.invoked[e.ID] = e.N
			w.Invoke = e.N + 1
		} else {
			w.turns = append(w.turns, e.N)
			w.Turn = e.N + 1
		}
	case seen:
		if e.Strand == byInvoke {
			w.finished[e.ID] = true
			if want := double(w.invoked[e.ID]); e.Value != want {
				w.t.Errorf("job %s returned %d, want %d", e.ID, e.Value, want)
			}
			return
		}
		if e.N <= w.lastTurn {
			w.t.Errorf("the thread handed out turn %d after turn %d: a result is consumed once", e.N, w.lastTurn)
		}
		w.lastTurn = e.N
	}
}

// inspectThread finds out which result the next life must get, whatever it does.
func (w *watch) inspectThread() {
	w.TurnOwed = -1
	for _, j := range w.journal.jobs {
		if j.Kind != "negate" {
			continue
		}
		var n int
		decodeArgs(w.t, j, &n)
		// What was stored but not acknowledged counts too: the next life must not store it again.
		w.Turn = max(w.Turn, n+1)
		if !j.Consumed {
			w.TurnOwed = max(w.TurnOwed, n)
		}
	}
}

// end holds the whole ledger against the file.
func (w *watch) end() {
	for id, j := range w.journal.jobs {
		if j.State != store.Completed {
			w.t.Errorf("job %s of kind %s is %s (%s) at the end: %v", id, j.Kind, j.State, j.Reason, j.Failures)
		}
	}
	if w.t.Failed() {
		return
	}
	for id, n := range w.invoked {
		if j := w.journal.jobs[id]; j == nil || intResult(w.t, j) != double(n) {
			w.t.Errorf("Invoke(%d) was acknowledged as job %s, and its result is not there: %+v", n, id, j)
		}
	}
	if len(w.invoked) != w.Invokes {
		w.t.Errorf("%d calls were acknowledged, want %d", len(w.invoked), w.Invokes)
	}
	var items []int
	turns := map[int]*store.Job{}
	for _, j := range w.journal.jobs {
		switch j.Kind {
		case "parallelise":
			items = append(items, int(j.Index))
			if v := intResult(w.t, j); v != square(int(j.Index)) || w.ranItem[int(j.Index)] == 0 {
				w.t.Errorf("index %d ran %d times and has the result %d", j.Index, w.ranItem[int(j.Index)], v)
			}
		case "negate":
			var n int
			decodeArgs(w.t, j, &n)
			turns[n] = j
		}
	}
	slices.Sort(items)
	if len(items) != w.Items || items[0] != 0 || items[len(items)-1] != w.Items-1 {
		w.t.Errorf("%d indexes are on record, want 0 to %d", len(items), w.Items-1)
	}
	for _, n := range w.turns {
		if j := turns[n]; j == nil || intResult(w.t, j) != negate(n) || !w.ran[j.ID] {
			w.t.Errorf("the thread acknowledged turn %d, which did not run: %+v", n, j)
		}
	}
	if w.lastTurn != w.Turns-1 {
		w.t.Errorf("the last result of the thread is that of turn %d, want %d", w.lastTurn, w.Turns-1)
	}
	w.t.Logf("%d kills, %d jobs, %d of them ran more than once", *kills, len(w.journal.jobs), w.repeated)
}
