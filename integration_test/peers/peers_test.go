package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	child() // trials run in processes of their own, which are this program again
	m.Run()
}

// TestScenarios runs every scenario, very short, with all contestants that need no
// server, and prints the outcome in every form.
func TestScenarios(t *testing.T) {
	p := plan{rounds: 1, size: "tiny"}
	for _, c := range contestants {
		if c.serve == nil {
			p.contestants = append(p.contestants, c.name)
		}
	}
	var err error
	if p.dir, err = workplace(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if p.bgq, err = buildBgq(t.Context(), p.dir); err != nil {
		t.Fatal(err)
	}
	o, err := p.run(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range o.failed {
		t.Error(err)
	}
	if len(o.scores) != len(scenarios) {
		t.Errorf("%d of %d scenarios were run", len(o.scores), len(scenarios))
	}
	for _, s := range o.scores {
		for _, who := range s.who {
			for _, f := range s.results[who][0].Figures {
				if f.Value <= 0 {
					t.Errorf("%s, %s: %s is %v", s.scenario.name, who, f.Name, f.Value)
				}
			}
		}
	}
	facts := about(t.Context(), p)
	for _, form := range []string{"table", "markdown", "json"} {
		var out bytes.Buffer
		if err := o.print(&out, t.Output(), form, facts); err != nil {
			t.Fatal(err)
		}
		if form == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("this is no JSON:\n%s", out.String())
		}
		for _, s := range o.scores {
			for _, word := range append(s.who, s.scenario.doc) {
				if !strings.Contains(out.String(), word) {
					t.Errorf("%q is missing in the form %s", word, form)
				}
			}
		}
	}
}

// TestTimes: bgq is compared round by round, the right way round, and a round in which
// either failed is not.
func TestTimes(t *testing.T) {
	round := func(rate, wait float64) *result {
		return &result{Figures: []figure{{"rate", "jobs/s", rate, true}, {"wait", "µs", wait, true}}}
	}
	s := scores{who: []string{"bgq", "peer"}, results: map[string][]*result{
		"bgq":  {round(100, 10), nil, round(300, 10), round(800, 1)},
		"peer": {round(50, 20), round(1, 1), nil, round(100, 8)},
	}}
	for index, want := range []spread{{5, 2, 8}, {5, 2, 8}} {
		if got := spreadOf(s.times("peer", index)); got != want {
			t.Errorf("bgq is %v times as good by figure %d, want %v", got, index, want)
		}
	}
	if got := s.times("bgq", 0); got != nil {
		t.Errorf("bgq is compared with itself: %v", got)
	}
	if got := spreadOf(s.values("peer", 0)); got != (spread{50, 1, 100}) {
		t.Errorf("the rates of the peer are %v", got)
	}
}

// TestCheck: what names nothing is refused.
func TestCheck(t *testing.T) {
	for _, args := range [][]string{
		{"-scenario", "work,nothing"}, {"-peer", "nobody"}, {"-rounds", "0"}, {"-o", "xml"}, {"work"},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), args, &out, &out); err == nil || out.Len() > 0 {
			t.Errorf("%v: %v, and it printed %q", args, err, out.String())
		}
	}
}

// TestReadme: the README knows everybody and everything.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		if !bytes.Contains(text, []byte("`"+s.name+"`")) {
			t.Errorf("README.md does not say what the scenario %s is", s.name)
		}
	}
	for _, who := range append(slices.Clone(working), "xargs", "parallel") {
		if !bytes.Contains(text, []byte("| `"+who+"` |")) {
			t.Errorf("README.md does not say with which settings %s is measured", who)
		}
	}
}
