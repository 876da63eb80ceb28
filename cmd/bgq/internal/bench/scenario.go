package bench

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Scenario is something that is measured.
type Scenario struct {
	// Name is what it is asked for by, and never changes.
	Name string
	// About says in a line what bgq does, and Raw what the other side does; "" if there is none.
	About, Raw string
	// Unit is what the values of both sides are in.
	Unit string
	// Goal is what bgq strives for; nil: nothing in particular.
	Goal *Goal

	run func(ctx context.Context, e *Env) (Result, error)
}

// families are the scenarios in the order in which they are run.
var families = [][]Scenario{enqueueScenarios, workScenarios, clientScenarios, batchScenarios, commandScenarios, argsScenarios, fileScenarios, idleScenarios}

// Scenarios returns all scenarios, in the order in which they are run.
func Scenarios() []Scenario { return slices.Concat(families...) }

// UnknownError says that a pattern selects no scenario.
type UnknownError struct{ Pattern string }

// Error names the pattern.
func (e *UnknownError) Error() string { return fmt.Sprintf("%q is the name of no scenario", e.Pattern) }

// Select returns the scenarios that the patterns select, in the order in which they are run;
// all of them without a pattern. A pattern is a name, the first words of one (enqueue for
// enqueue-1, enqueue-16, …), or has *, ? and [] as in a shell. One that
// selects nothing is an [*UnknownError].
func Select(patterns []string) ([]Scenario, error) {
	all := Scenarios()
	if len(patterns) == 0 {
		return all, nil
	}
	chosen := make([]bool, len(all))
	for _, p := range patterns {
		found := false
		for i, s := range all {
			if selects(p, s.Name) {
				chosen[i], found = true, true
			}
		}
		if !found {
			return nil, &UnknownError{p}
		}
	}
	var out []Scenario
	for i, s := range all {
		if chosen[i] {
			out = append(out, s)
		}
	}
	return out, nil
}

func selects(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok || strings.HasPrefix(name, pattern+"-")
}
