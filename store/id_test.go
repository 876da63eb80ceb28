package store

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func compareIDs(a, b ID) int { return bytes.Compare(a[:], b[:]) }

func TestNewIDAscends(t *testing.T) {
	last := NewID()
	for range 100_000 {
		id := NewID()
		if compareIDs(last, id) >= 0 {
			t.Fatalf("%s was drawn after %s", id, last)
		}
		last = id
	}
}

func TestNewIDsDiffer(t *testing.T) {
	const drawers, each = 8, 10_000
	drawn := make([][]ID, drawers)
	var wg sync.WaitGroup
	for i := range drawn {
		wg.Go(func() {
			for range each {
				drawn[i] = append(drawn[i], NewID())
			}
		})
	}
	wg.Wait()
	all := map[ID]bool{}
	for _, id := range slices.Concat(drawn...) {
		all[id] = true
	}
	if len(all) != drawers*each {
		t.Errorf("%d different ids were drawn, want %d", len(all), drawers*each)
	}
}

func TestNewIDTellsTheTime(t *testing.T) {
	before := time.Now().UnixMilli()
	id := NewID()
	after := time.Now().UnixMilli()
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	if ms < before || ms > after {
		t.Errorf("the id says %d ms, it was drawn between %d and %d", ms, before, after)
	}
}

// Batches are often created in one millisecond. If two had one base, they would share
// their members.
func TestNewBatchIDsDiffer(t *testing.T) {
	seen := map[ID]bool{}
	for range 10 {
		base := NewBatchID()
		if seen[base] {
			t.Errorf("%s was drawn twice", base)
		}
		seen[base] = true
		if base.MemberIndex() != 0 || base.Member(0) != base {
			t.Errorf("%s leaves no room for members", base)
		}
	}
}

func TestMember(t *testing.T) {
	base := NewBatchID()
	indexes := []int64{0, 1, 2, 127, 128, 255, 256, 65535, 65536, 1 << 24, 1 << 32, 1<<40 + 1, 1 << 55, MaxMember - 1, MaxMember}
	var ids []ID
	for _, i := range indexes {
		id := base.Member(i)
		if got := id.MemberIndex(); got != i {
			t.Errorf("Member(%d) has index %d", i, got)
		}
		if id.Member(0) != base {
			t.Errorf("Member(%d) is %s, which does not begin like %s", i, id, base)
		}
		ids = append(ids, id)
	}
	if !slices.IsSortedFunc(ids, compareIDs) {
		t.Errorf("the ids do not sort by index: %v", ids)
	}
}

func TestMembersSortByIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var base ID
		copy(base[:memberOffset], rapid.SliceOfN(rapid.Byte(), memberOffset, memberOffset).Draw(t, "base"))
		i := rapid.Int64Range(0, MaxMember).Draw(t, "i")
		j := rapid.Int64Range(0, MaxMember).Draw(t, "j")
		a, b := base.Member(i), base.Member(j)
		if (i < j) != (compareIDs(a, b) < 0) || a.MemberIndex() != i {
			t.Fatalf("members %d and %d are %s and %s", i, j, a, b)
		}
		if (compareIDs(a, b) < 0) != (a.String() < b.String()) {
			t.Fatalf("%s and %s do not sort in text as in bytes", a, b)
		}
	})
}

func TestParseID(t *testing.T) {
	id := NewID()
	for _, s := range []string{id.String(), strings.ToLower(id.String())} {
		if got, err := ParseID(s); err != nil || got != id {
			t.Errorf("ParseID(%q) = %v, %v", s, got, err)
		}
	}
	zero := ID{}.String()
	for _, s := range []string{
		"", "x", id.String()[:25], id.String() + "0", " " + id.String()[1:], zero[:25] + "U", "8" + zero[1:], zero[:25] + "\x00", zero[:24] + "é",
	} {
		got, err := ParseID(s)
		if err == nil {
			t.Errorf("ParseID(%q) = %s, want an error", s, got)
			continue
		}
		if !strings.Contains(err.Error(), "is not a job id") {
			t.Errorf("ParseID(%q): %v, which does not say what is wrong", s, err)
		}
	}
	if got := NewID().String(); len(got) != 26 || got != strings.ToUpper(got) {
		t.Errorf("an id is written as %q", got)
	}
	// The example that the error gives must be a good one.
	_, err := ParseID("x")
	if _, example, _ := strings.Cut(err.Error(), "like "); example == "" {
		t.Errorf("the error gives no example: %v", err)
	} else if _, err := ParseID(example); err != nil {
		t.Errorf("the example in the error is not an id: %v", err)
	}
}

func TestIDAsText(t *testing.T) {
	type record struct{ ID ID }
	want := record{NewID()}
	b, err := json.Marshal(want)
	if err != nil || string(b) != `{"ID":"`+want.ID.String()+`"}` {
		t.Fatalf("Marshal: %s, %v", b, err)
	}
	var got record
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("Unmarshal: %v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"ID":"nonsense"}`), &got); err == nil || got != want {
		t.Errorf("Unmarshal of nonsense: %v, and the id is %s", err, got.ID)
	}
}

func TestIDIsZero(t *testing.T) {
	if !(ID{}).IsZero() || (ID{15: 1}).IsZero() || NewID().IsZero() {
		t.Error("IsZero is wrong")
	}
}
