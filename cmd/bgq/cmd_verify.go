package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newVerifyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check every record, index and counter of the file",
		Long: `Read the whole file: every page, every record against its checksum, and every job
against the indexes and counters. An app that runs does it itself and works on; otherwise
the file stays open as long as that takes. Exit code 0: all is well; 20: there is damage.`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error { return a.verify(c.Context()) },
	}
}

// verified is the report as JSON.
type verified struct {
	File     string           `json:"file"`
	OK       bool             `json:"ok"`
	Jobs     int64            `json:"jobs"`
	States   map[string]int64 `json:"states"`
	Problems []string         `json:"problems"`
	Total    int64            `json:"problem_count"`
}

func (a *app) verify(ctx context.Context) error {
	r, err := a.runVerify(ctx)
	if err != nil {
		return err
	}
	v := verified{a.where(), r.Total == 0, r.Jobs, r.States, r.Problems, r.Total}
	err = a.print(v, func() error {
		a.printVerified(v)
		return nil
	})
	if err == nil && !v.OK {
		return fail(exitDamaged, "keep a copy of the file, and restore it from a backup if you have one; bgq repair saves what can be read",
			"%s is damaged: %s found", a.where(), plural(v.Total, "problem"))
	}
	return err
}

// runVerify lets the app check the file or, if none runs, does it here. Then the file is open for
// reading only: to check it means to leave it as it is.
func (a *app) runVerify(ctx context.Context) (*wire.Verified, error) {
	release, err := a.hold(ctx, true)
	if err != nil {
		return nil, err
	}
	defer release()
	v := &wire.Verified{}
	return v, a.onFile(ctx, wire.NewOperation{Action: wire.ActionVerify}, v)
}

func (a *app) printVerified(v verified) {
	a.printf("%s: %s", clean(v.File), plural(v.Jobs, "job"))
	for _, state := range store.AllStates() {
		if n := v.States[state.String()]; n > 0 {
			a.printf(", %s %s", number(n), state)
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
	if more := v.Total - int64(len(v.Problems)); more > 0 {
		a.printf("… and %s more\n", number(more))
	}
}
