package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestSlots(t *testing.T) {
	cpus := runtime.GOMAXPROCS(0)
	for in, want := range map[string]int{"1": 1, "8": 8, "100%": cpus, "0.1%": 1, "250%": cpus * 5 / 2} {
		var s slots
		if err := s.Set(in); err != nil || s.number() != want || s.String() != in {
			t.Errorf("%s: %d slots, %q, %v", in, s.number(), s.String(), err)
		}
	}
	for _, in := range []string{"", "0", "-1", "x", "1.5", "0%", "-5%", "NaN%", "%", "100000", "99999999999999999999"} {
		var s slots
		if err := s.Set(in); err == nil {
			t.Errorf("-j %s is %d", in, s.number())
		}
	}
	if n := new(slots).number(); n != max(1, cpus*4/5) {
		t.Errorf("the default is %d", n)
	}
}

func TestSplitCommand(t *testing.T) {
	for _, c := range []struct {
		args, command, list string
		listed, ok          bool
	}{
		{"echo {}", "echo {}", "", false, true},
		{"echo ::: a b", "echo", "a b", true, true},
		{"echo :::", "echo", "", true, true},
		{"echo a:::b", "echo a:::b", "", false, true},
		{"", "", "", false, false},
		{"::: a", "", "", false, false},
		{"echo ::: a ::: b", "", "", false, false},
		{"echo :::: file", "", "", false, false},
		{"echo ::: a :::+ b", "", "", false, false},
	} {
		command, list, err := splitCommand(strings.Fields(c.args))
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		if c.ok && (!slices.Equal(command, strings.Fields(c.command)) || !slices.Equal(list, strings.Fields(c.list)) || (list != nil) != c.listed) {
			t.Errorf("%q: %q, %q", c.args, command, list)
		}
	}
}
