package queue

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var update = flag.Bool("update", false, "write the diagram into doc.go")

// diagram renders the table as it stands in the package comment.
func diagram() string {
	var b strings.Builder
	fmt.Fprintf(&b, "//\t%-14s %-9s %-47s %s\n", "event", "to", "from", "also")
	for e := Insert; e < lastEvent; e++ {
		r := table[e]
		from := "(new)"
		if r.from != 0 {
			from = strings.Join(strings.Split(r.from.String(), ","), " ")
		}
		if r.from == store.EveryState&^store.FinalStates {
			from = "any that is not final"
		}
		if r.from == store.EveryState&^running {
			from = "any but running"
		}
		to := r.to.String()
		if e == Delete {
			to = "(gone)"
		}
		line := fmt.Sprintf("//\t%-14s %-9s ◄── %-43s %s", r.name, to, from, r.words)
		fmt.Fprintln(&b, strings.TrimRight(line, " "))
	}
	return b.String()
}

func TestDiagramIsTheTable(t *testing.T) {
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(src), "(a test compares the two):\n//\n")
	if !ok {
		t.Fatal("doc.go has no place for the diagram")
	}
	was, rest, ok := strings.Cut(rest, "//\n// Final:")
	if !ok {
		t.Fatal("doc.go has no end of the diagram")
	}
	if was == diagram() {
		return
	}
	if !*update {
		t.Fatalf("the diagram in doc.go is not the table; go test ./queue -run Diagram -update writes it:\n%s", diagram())
	}
	whole := head + "(a test compares the two):\n//\n" + diagram() + "//\n// Final:" + rest
	if err := os.WriteFile("doc.go", []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTableHoldsThePromises states what must be true of any table, apart from its rows.
func TestTableHoldsThePromises(t *testing.T) {
	for e := Insert; e < lastEvent; e++ {
		r := table[e]
		if r.name == "" || r.to.Valid() == (e == Delete) {
			t.Errorf("event %d has no row", e)
		}
		if r.does.From != 0 || r.does.To != 0 {
			t.Errorf("%s: the states belong into the columns of the row", e)
		}
		if r.to == store.Running && e != Claim {
			t.Errorf("%s leads to running: only a claim may", e)
		}
		// A final state is left only when somebody asks for it.
		if r.from&store.FinalStates != 0 && e != Retry && e != Delete {
			t.Errorf("%s leaves a final state", e)
		}
		// An attempt that did not end by itself is not charged.
		if uncharged := e == Snooze || e == Interrupt || e == Recover || e == Charge; uncharged != (r.does.Attempt == -1) {
			t.Errorf("%s changes the attempts by %d", e, r.does.Attempt)
		}
		// Only a crash in which the job was alone is held against it.
		if charged := e == Charge || e == Convict; charged != (r.does.Recovery == 1) {
			t.Errorf("%s changes the recoveries by %d", e, r.does.Recovery)
		}
	}
	for _, s := range store.AllStates() {
		left := false
		for e := Insert; e < lastEvent; e++ {
			left = left || table[e].from.Has(s)
		}
		if !left {
			t.Errorf("nothing ever leaves %s", s)
		}
	}
}

func TestMoveTakesItsTimeAndReason(t *testing.T) {
	at := time.Unix(5, 0)
	m := move(Fail, at)
	if m.From != running || m.To != store.Retryable || !m.RunAt.Equal(at) {
		t.Errorf("move: %+v", m)
	}
	if m := moveBecause(Exhaust, ReasonAttempts); m.Reason != ReasonAttempts || m.To != store.Discarded {
		t.Errorf("moveBecause: %+v", m)
	}
}
