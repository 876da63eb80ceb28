package store

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestStates(t *testing.T) {
	for _, c := range []struct {
		state State
		name  string
		final bool
	}{
		{Pending, "pending", false}, {Available, "available", false}, {Scheduled, "scheduled", false},
		{Running, "running", false}, {Retryable, "retryable", false},
		{Completed, "completed", true}, {Cancelled, "cancelled", true}, {Discarded, "discarded", true},
	} {
		if !c.state.Valid() || c.state.String() != c.name || c.state.Final() != c.final || FinalStates.Has(c.state) != c.final {
			t.Errorf("%d: valid %v, name %q, final %v, want %q and final %v",
				c.state, c.state.Valid(), c.state, c.state.Final(), c.name, c.final)
		}
		if got, err := ParseState(c.name); err != nil || got != c.state {
			t.Errorf("ParseState(%q) = %v, %v", c.name, got, err)
		}
	}
	for _, s := range []State{0, 9, 255} {
		if s.Valid() || s.Final() || !strings.HasPrefix(s.String(), "state(") {
			t.Errorf("%d is no state: valid %v, final %v, %q", uint8(s), s.Valid(), s.Final(), s)
		}
	}
}

func TestParseStateRefuses(t *testing.T) {
	for _, name := range []string{"", "Running", "failed", "state(0)", " running"} {
		s, err := ParseState(name)
		if err == nil {
			t.Errorf("ParseState(%q) = %s, want an error", name, s)
			continue
		}
		if !strings.Contains(err.Error(), "there are pending, available,") {
			t.Errorf("ParseState(%q): %v, which does not name the states", name, err)
		}
	}
}

func TestStateAsText(t *testing.T) {
	b, err := json.Marshal(AllStates())
	if err != nil {
		t.Fatal(err)
	}
	var got []State
	if err := json.Unmarshal(b, &got); err != nil || !slices.Equal(got, AllStates()) {
		t.Errorf("%s was read as %v, %v", b, got, err)
	}
	s := Running
	if err := s.UnmarshalText([]byte("nonsense")); err == nil || s != Running {
		t.Errorf("nonsense was read as %s, %v", s, err)
	}
}

func TestSets(t *testing.T) {
	if got := EveryState.List(); !slices.Equal(got, AllStates()) {
		t.Errorf("EveryState is %v", got)
	}
	if got := FailedStates.String(); got != "retryable,discarded" {
		t.Errorf("FailedStates is %q", got)
	}
	if FinalStates != SetOf(Completed, Cancelled, Discarded) {
		t.Errorf("FinalStates is %s", FinalStates)
	}
	set := SetOf(Discarded, Pending, Discarded)
	if got := set.List(); !slices.Equal(got, []State{Pending, Discarded}) || set.String() != "pending,discarded" {
		t.Errorf("the set is %v, %q", got, set)
	}
	var empty States
	if empty.Has(Pending) || len(empty.List()) > 0 || empty.String() != "" || SetOf() != empty {
		t.Error("the empty set is not empty")
	}
	for _, s := range AllStates() {
		if !SetOf(s).Has(s) || (EveryState &^ SetOf(s)).Has(s) {
			t.Errorf("%s is wrong in its set", s)
		}
	}
	if EveryState.Has(0) || EveryState.Has(9) || EveryState.Has(255) {
		t.Error("EveryState holds what is no state")
	}
}
