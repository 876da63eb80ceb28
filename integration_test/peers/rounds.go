package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// plan is what is to be run.
type plan struct {
	scenarios   []string // empty: all
	contestants []string // empty: all
	rounds      int
	size        string
	dir         string // where the trials get their directories
	bgq         string // the command bgq; empty: built from this tree when it is needed
}

// scores are the results of one scenario: of each contestant one a round, nil where it failed.
type scores struct {
	scenario *scenario
	who      []string
	results  map[string][]*result
}

// outcome is what came of a plan.
type outcome struct {
	scores  []scores
	leftOut map[string]error // contestants that are not installed
	failed  []error
}

// asks tells whether the plan asks for a name: it does if it names nothing.
func asks(names []string, name string) bool { return len(names) == 0 || slices.Contains(names, name) }

// needsCommand tells whether the command bgq is measured.
func (p plan) needsCommand() bool {
	return asks(p.contestants, "bgq") && (asks(p.scenarios, "run") || asks(p.scenarios, "resume"))
}

// run runs every trial of the plan, one at a time. In each round of a scenario all contestants come
// in turn, and each round begins with another of them, so that what
// is compared was measured within the same minute and nobody always comes first.
func (p plan) run(ctx context.Context, progress io.Writer) (outcome, error) {
	o := outcome{leftOut: map[string]error{}}
	for i := range scenarios {
		s := &scenarios[i]
		if !asks(p.scenarios, s.name) {
			continue
		}
		got := scores{scenario: s, results: map[string][]*result{}}
		for _, c := range s.who {
			if p.takesPart(c, &o) {
				got.who = append(got.who, c)
			}
		}
		for round := range p.rounds {
			for i := range got.who {
				c := got.who[(i+round)%len(got.who)]
				fmt.Fprintf(progress, "%-10s round %d of %d  %-14s ", s.name, round+1, p.rounds, c)
				r, err := trial{Scenario: s.name, Contestant: c, Size: p.size, Bgq: p.bgq}.run(ctx, p.dir)
				if ctx.Err() != nil {
					fmt.Fprintln(progress)
					return o, context.Cause(ctx)
				}
				if err != nil {
					fmt.Fprintln(progress, err)
					o.failed = append(o.failed, fmt.Errorf("%s, %s: %w", s.name, c, err))
					got.results[c] = append(got.results[c], nil)
					continue
				}
				fmt.Fprintln(progress, r.Figures[0])
				got.results[c] = append(got.results[c], &r)
			}
		}
		if len(got.who) > 0 {
			o.scores = append(o.scores, got)
		}
	}
	return o, nil
}

// takesPart tells whether a contestant is asked for, and installed.
func (p plan) takesPart(name string, o *outcome) bool {
	if !asks(p.contestants, name) || o.leftOut[name] != nil {
		return false
	}
	if find := contestantNamed(name).find; find != nil {
		if err := find(); err != nil {
			o.leftOut[name] = err
			return false
		}
	}
	return true
}

// buildBgq builds the command bgq of this tree.
func buildBgq(ctx context.Context, dir string) (string, error) {
	root, err := output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/bgq-dev/bgq")
	if err != nil {
		return "", fmt.Errorf("the command bgq is built from this tree: run this in integration_test/peers, or name one with -bgq: %w", err)
	}
	binary := filepath.Join(dir, "bgq")
	_, err = output(ctx, root, "go", "build", "-o", binary, "./cmd/bgq")
	return binary, err
}

// workplace makes the directory below which everything happens. Servers of another user
// must get through it.
func workplace(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "bgq-peers-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}
