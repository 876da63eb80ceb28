package boltstore

import (
	"bytes"
	"cmp"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

func drawID(t *rapid.T) store.ID {
	return store.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
}

// drawName draws names that are easily confused: they share fronts, and contain the
// smallest byte that a name may have.
func drawName(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune{1, 'a', 'b', '\u00ff'}), 1, 4, -1).Draw(t, label)
}

func drawTime(t *rapid.T, label string) time.Time {
	n := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MinInt64, math.MaxInt64})).Draw(t, label)
	return fromNanos(n)
}

func drawPlaced(t *rapid.T) *store.Job {
	return &store.Job{
		ID: drawID(t), Queue: drawName(t, "queue"), Kind: drawName(t, "kind"),
		Priority: rapid.Int16().Draw(t, "priority"), RunAt: drawTime(t, "run at"), FinalisedAt: drawTime(t, "finalised at"),
		State: rapid.SampledFrom(store.AllStates()).Draw(t, "state"), Kept: rapid.Bool().Draw(t, "kept"), Suspect: rapid.Bool().Draw(t, "suspect"),
	}
}

// The order of the bytes is the order of what they mean.
func TestOrderOfKeys(t *testing.T) {
	instant := func(a, b time.Time) int { return cmp.Compare(nanos(a), nanos(b)) }
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPlaced(t), drawPlaced(t)
		if rapid.Bool().Draw(t, "same names") {
			b.Queue, b.Kind = a.Queue, a.Kind
		}
		b.State, b.Suspect = a.State, a.Suspect
		var want int
		byID := bytes.Compare(a.ID[:], b.ID[:])
		switch a.State {
		case store.Available:
			want = cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Kind, b.Kind),
				cmp.Compare(a.Priority, b.Priority), instant(a.RunAt, b.RunAt), byID)
		case store.Scheduled, store.Retryable:
			want = cmp.Or(instant(a.RunAt, b.RunAt), byID)
		case store.Completed, store.Cancelled, store.Discarded:
			want = cmp.Or(cmp.Compare(class(a.Kept), class(b.Kept)), instant(a.FinalisedAt, b.FinalisedAt), byID)
		default:
			want = byID
		}
		_, ka := indexKey(nil, &record{Job: *a})
		_, kb := indexKey(nil, &record{Job: *b})
		if got := bytes.Compare(ka, kb); got != want {
			t.Fatalf("%+v against %+v: the bytes say %d, want %d", a, b, got, want)
		}
	})
}

// What a key was made of can be read from it.
func TestKeysAreReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawPlaced(t)
		queue, kind, order, ok := splitReady(appendReadyKey(nil, &record{Job: *j}))
		if !ok || queue != j.Queue || kind != j.Kind || len(order) != orderLen {
			t.Fatalf("ready: %q %q %x %v", queue, kind, order, ok)
		}
		row, ok := splitCount(countKey(j.Queue, j.Kind, j.State))
		if want := (store.CountRow{Queue: j.Queue, Kind: j.Kind, State: j.State}); !ok || row != want {
			t.Fatalf("count: %+v %v", row, ok)
		}
		_, key := indexKey(nil, &record{Job: *j})
		if id, ok := idAtEnd(key); !ok || id != j.ID {
			t.Fatalf("id: %s %v", id, ok)
		}
	})
}

func FuzzSplitKeys(f *testing.F) {
	f.Add([]byte("q\x00k\x00" + string(make([]byte, orderLen))))
	f.Add([]byte("q\x00k\x00\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if queue, kind, order, ok := splitReady(b); ok {
			if again := append(appendNames(nil, queue, kind), order...); !bytes.Equal(again, b) {
				t.Errorf("splitReady(%x) loses something: %x", b, again)
			}
		}
		if row, ok := splitCount(b); ok {
			if again := countKey(row.Queue, row.Kind, row.State); !bytes.Equal(again, b) {
				t.Errorf("splitCount(%x) loses something: %x", b, again)
			}
		}
		idAtEnd(b)
	})
}

func TestAfter(t *testing.T) {
	for _, c := range []struct{ prefix, want []byte }{
		{[]byte{1}, []byte{2}},
		{[]byte{1, 0xff}, []byte{2}},
		{[]byte{0xff, 0xff}, nil},
		{[]byte{}, nil},
	} {
		if got := after(c.prefix); !bytes.Equal(got, c.want) {
			t.Errorf("after(%x) = %x, want %x", c.prefix, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"q", true}, {"batch:2026 Ω", true}, {string(bytes.Repeat([]byte("a"), 255)), true},
		{"", false}, {string(bytes.Repeat([]byte("a"), 256)), false}, {"a\x00b", false}, {"\xff", false},
	} {
		if err := checkName("queue", c.name, maxName); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.name, err)
		}
	}
}

// A new job holds its unique key only if it should: here it was claimed before, in
// another file. The audit finds a key that is held without need.
func TestUniqueKeyOfAJobThatHadStarted(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	j.Unique, j.UniqueUntil, j.Claim = "key", store.UntilStart, 3
	mustEnqueue(t, s, j)
	j.ID = store.NewID()
	mustEnqueue(t, s, j)
}
