package bench

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestScenarios measures everything for a moment: what comes out is complete, and is a number.
func TestScenarios(t *testing.T) {
	for _, s := range Scenarios() {
		if s.Name == "run" {
			continue // needs the command itself: see its scripts
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			e := open(t, Config{Rounds: 1, Others: 200})
			r, err := e.Run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if r.Skipped != "" {
				t.Skip(r.Skipped)
			}
			if r.Name != s.Name || r.About == "" || r.Unit == "" || r.N < 1 || len(r.Rounds) != 1 {
				t.Errorf("incomplete: %+v", r)
			}
			if (s.Raw == "") != (r.Ratio == nil) {
				t.Errorf("beside %q, and a ratio of %v", s.Raw, r.Ratio)
			}
			if same := sameFamily(s.Name); same != (r.Same != nil && *r.Same > 0 && r.SameRatio != nil && r.Rounds[0].SameRatio != nil) {
				t.Errorf("the same puts: %v, and a ratio of %v in %+v", r.Same, r.SameRatio, r.Rounds)
			}
			if r.Others == nil && s.Name != "resume" {
				t.Error("not measured beside other jobs")
			}
			if left, err := filepath.Glob(filepath.Join(e.dir, "*")); err != nil || len(left) > 2 { // populations are kept
				t.Errorf("left behind: %v, %v", left, err)
			}
			if _, err := json.Marshal(r); err != nil { // no NaN, no infinity
				t.Error(err)
			}
		})
	}
}

// sameFamily tells whether a scenario also has the floor of the same puts.
func sameFamily(name string) bool {
	family, _, _ := strings.Cut(name, "-")
	return slices.Contains([]string{"enqueue", "claim", "work", "args"}, family)
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		patterns, want []string
	}{
		{[]string{"work"}, []string{"work"}},
		{[]string{"enqueue"}, []string{"enqueue-1", "enqueue-16", "enqueue-256", "enqueue-bulk"}},
		{[]string{"enqueue-1"}, []string{"enqueue-1"}},
		{[]string{"args-?k", "*-256"}, []string{"enqueue-256", "claim-finish-256", "args-1k"}},
		{[]string{"work", "work", "w*"}, []string{"work"}},
	} {
		got, err := Select(c.patterns)
		var names []string
		for _, s := range got {
			names = append(names, s.Name)
		}
		if err != nil || !slices.Equal(names, c.want) {
			t.Errorf("%q selects %q, %v; want %q", c.patterns, names, err, c.want)
		}
	}
	all, err := Select(nil)
	if err != nil || len(all) != len(Scenarios()) {
		t.Errorf("no pattern selects %d, %v", len(all), err)
	}
	for _, p := range []string{"wrk", "enqueue-", "[", ""} {
		_, err := Select([]string{"work", p})
		if unknown, ok := errors.AsType[*UnknownError](err); !ok || unknown.Pattern != p {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if seen[s.Name] {
			t.Errorf("two scenarios are called %s", s.Name)
		}
		seen[s.Name] = true
	}
}

// TestInterrupt: what was begun ends at once, and nothing is left behind.
func TestInterrupt(t *testing.T) {
	for _, name := range []string{"enqueue-16", "work", "latency", "resume", "open-killed", "idle-cpu"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			e := open(t, Config{Rounds: 1000, Say: func(string) { cancel() }}) // when it says that it begins
			scenarios, err := Select([]string{name})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Run(ctx, scenarios[0]); !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	e := open(t, Config{Rounds: 1})
	l, err := e.Limits(t.Context())
	if err != nil || l.Syncs <= 0 || l.Commits <= 0 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestProfiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	e := open(t, Config{Rounds: 1, Profile: dir})
	if _, err := e.Run(t.Context(), enqueueScenarios[0]); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cpu.1", "allocs", "mutex", "block"} {
		info, err := os.Stat(filepath.Join(dir, "enqueue-1."+name+".pprof"))
		if err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
