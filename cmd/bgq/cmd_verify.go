package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store"
)

func newVerifyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check every record, index and counter of the file",
		Long: `Read the whole file: every page, every record against its checksum, and every job
against the indexes and counters. The file stays open as long as that takes.
Exit code 0: all is well; 20: there is damage.`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error { return a.verify(c.Context()) },
	}
}

// verifyView is the report as JSON.
type verifyView struct {
	File     string         `json:"file"`
	OK       bool           `json:"ok"`
	Jobs     int            `json:"jobs"`
	States   map[string]int `json:"states"`
	Problems []string       `json:"problems"`
	Total    int            `json:"problem_count"`
}

func (a *app) verify(ctx context.Context) error {
	t, err := a.open(true)
	if err != nil {
		return err
	}
	report, err := t.store.Verify(ctx)
	if err := errors.Join(err, t.close()); err != nil {
		return err
	}
	v := verifyView{File: a.db, OK: report.OK(), Jobs: report.Jobs, States: map[string]int{}, Problems: slices.Clone(report.Problems), Total: report.Total}
	if v.Problems == nil {
		v.Problems = []string{}
	}
	for state, n := range report.States {
		v.States[state.String()] = n
	}
	if a.format != formatTable {
		err = a.printJSON(v)
	} else {
		a.printVerified(v)
	}
	if err == nil && !v.OK {
		return fail(exitDamaged, "keep a copy of the file, and restore it from a backup if you have one",
			"%s is damaged: %s found", a.db, plural(int64(v.Total), "problem"))
	}
	return err
}

func (a *app) printVerified(v verifyView) {
	a.printf("%s: %s", clean(v.File), plural(int64(v.Jobs), "job"))
	for _, state := range store.AllStates() {
		if n := v.States[state.String()]; n > 0 {
			a.printf(", %s %s", number(int64(n)), state)
		}
	}
	a.printf("\n")
	if v.OK {
		a.printf("no problem found\n")
		return
	}
	for _, p := range v.Problems {
		a.printf("problem: %s\n", clean(p))
	}
	if more := v.Total - len(v.Problems); more > 0 {
		a.printf("… and %s more\n", number(int64(more)))
	}
}
