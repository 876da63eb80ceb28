package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newCompactCommand(a *app) *cobra.Command {
	var o compactOptions
	c := &cobra.Command{
		Use:   "compact",
		Short: "Give the space back that deleted jobs have left in the file",
		Long: `Write what the file holds into a new one, which then takes its place. A file grows with
its jobs and never shrinks by itself: what is deleted or pruned leaves space that is
used again. That is enough for a queue with steady work; this is for after a flood. An app that
runs does it itself and works on meanwhile, but for a moment at the end.

The file is checked first, as by bgq verify: what is damaged could not be searched for
in the old file afterwards. The new one needs as much space on the disk as the jobs. A
crash or Ctrl-C at any moment leaves the old file or the new one, whole.`,
		Example: `  bgq compact --dry-run
  bgq compact --db app.db`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.dryRun {
				return a.compactDryRun(c.Context())
			}
			return a.compact(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "only show what would be gained at least")
	c.Flags().BoolVar(&o.noVerify, "no-verify", false, "do not check the file first; damaged records are copied as they are")
	c.Flags().StringVar(&o.reason, "reason", "", "why, for the `text` in the audit")
	return c
}

type compactOptions struct {
	dryRun, noVerify bool
	reason           string
}

// compacted is the outcome as JSON.
type compacted struct {
	File       string `json:"file"`
	Before     int64  `json:"before_bytes"`
	After      int64  `json:"after_bytes"`
	DurationMS int64  `json:"duration_ms"`
	PauseMS    int64  `json:"pause_ms"`
}

func (a *app) compact(ctx context.Context, o compactOptions) error {
	if !o.noVerify {
		a.detail("checking %s", a.where())
		v, err := a.runVerify(ctx)
		if err != nil {
			return err
		}
		if v.Total > 0 {
			return fail(exitDamaged, "bgq verify shows what is wrong; --no-verify compacts it all the same, and copies damaged records as they are",
				"%s is damaged and was not compacted: %s found", a.where(), plural(v.Total, "problem"))
		}
	}
	a.detail("copying %s", a.where())
	release, err := a.hold(ctx, false)
	if err != nil {
		return err
	}
	defer release()
	var c wire.Compacted
	if err := a.onFile(ctx, wire.NewOperation{Action: wire.ActionCompact, Reason: o.reason}, &c); err != nil {
		return err
	}
	return a.print(compacted{a.where(), c.BeforeBytes, c.AfterBytes, c.TookMS, c.PauseMS}, func() error {
		a.printf("%s: %s -> %s in %s\n", clean(a.where()), size(c.BeforeBytes), size(c.AfterBytes), rounded(time.Duration(c.TookMS)*time.Millisecond))
		return nil
	})
}

// where names the file or the address.
func (a *app) where() string {
	if a.addr != "" {
		return a.addr
	}
	return a.db
}

// onFile carries out an operation on the file, and reads its report.
func (a *app) onFile(ctx context.Context, n wire.NewOperation, report any) error {
	op, err := a.carryOut(ctx, n, "")
	switch {
	case err != nil:
		return err
	case op.State == wire.OperationStopped && ctx.Err() != nil:
		return ctx.Err()
	case op.State == wire.OperationStopped:
		return fail(exitError, "bgq ops list shows the operations", "somebody has stopped it, or the app is shutting down")
	}
	return json.Unmarshal(op.Report, report)
}

// compactPlan is what a dry run shows, as JSON.
type compactPlan struct {
	File   string `json:"file"`
	DryRun bool   `json:"dry_run"`
	Before int64  `json:"before_bytes"`
	Unused int64  `json:"unused_bytes"`
}

// compactDryRun shows how much of the file is unused. Gaps in pages that are in use come on
// top of that, but nobody knows how much before they are closed.
func (a *app) compactDryRun(ctx context.Context) error {
	live, err := a.isLive(ctx)
	if err != nil {
		return err
	}
	p := compactPlan{File: a.where(), DryRun: true}
	if live {
		api, err := a.api()
		if err != nil {
			return err
		}
		info, err := api.Info(ctx)
		if err != nil {
			return err
		}
		p.Before, p.Unused = info.File.SizeBytes, info.File.FreeBytes
	} else if p.Before, p.Unused, err = a.unused(ctx); err != nil {
		return err
	}
	return a.print(p, func() error {
		a.printf("%s: %s, of which %s or more would be given back\n", clean(p.File), size(p.Before), size(p.Unused))
		return nil
	})
}

// unused looks for unused pages in the file itself.
func (a *app) unused(ctx context.Context) (all, unused int64, err error) {
	f, err := a.open(true)
	if err != nil {
		return 0, 0, unserved(err)
	}
	defer f.close()
	info, err := f.store.Info()
	if err != nil {
		return 0, 0, err
	}
	unused, err = f.store.Unused(ctx)
	return info.Size, unused, err
}
