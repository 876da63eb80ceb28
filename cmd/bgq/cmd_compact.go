package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store/boltstore"
)

func newCompactCommand(a *app) *cobra.Command {
	var o compactOptions
	c := &cobra.Command{
		Use:   "compact",
		Short: "Give the space back that deleted jobs have left in the file",
		Long: `Write what the file holds into a new one, which then takes its place. A file grows with
its jobs and never shrinks by itself: what is deleted or pruned leaves space that is
used again. That is enough for a queue with steady work; this is for after a flood.

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
	return c
}

type compactOptions struct{ dryRun, noVerify bool }

// compactedView is the outcome as JSON.
type compactedView struct {
	File       string `json:"file"`
	Before     int64  `json:"before_bytes"`
	After      int64  `json:"after_bytes"`
	DurationMS int64  `json:"duration_ms"`
}

// compact compacts the file while nobody else has it.
func (a *app) compact(ctx context.Context, o compactOptions) error {
	t, err := a.open(false)
	if err != nil {
		return err
	}
	defer t.close()
	if !o.noVerify {
		if err := a.demandSound(ctx, t.store); err != nil {
			return err
		}
	}
	a.detail("copying %s", a.db)
	done, err := t.store.Compact(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return fail(exitRefused, hintOf(err), "%w", err)
	}
	if err := errors.Join(err, t.close()); err != nil {
		return err
	}
	if a.format != formatTable {
		return a.printJSON(compactedView{a.db, done.Before, done.After, done.Took.Milliseconds()})
	}
	a.printf("%s: %s -> %s in %s\n", clean(a.db), size(done.Before), size(done.After), rounded(done.Took))
	return nil
}

// demandSound refuses a file that is damaged.
func (a *app) demandSound(ctx context.Context, s *boltstore.Store) error {
	a.detail("checking %s", a.db)
	report, err := s.Verify(ctx)
	if err == nil && !report.OK() {
		err = fail(exitDamaged, "bgq verify shows what is wrong; --no-verify compacts it all the same, and copies damaged records as they are",
			"%s is damaged and was not compacted: %s found", a.db, plural(int64(report.Total), "problem"))
	}
	return err
}

// compactPlanView is what a dry run shows, as JSON.
type compactPlanView struct {
	File   string `json:"file"`
	DryRun bool   `json:"dry_run"`
	Before int64  `json:"before_bytes"`
	Unused int64  `json:"unused_bytes"`
}

// compactDryRun shows how much of the file is unused. Gaps in pages that are in use come on
// top of that, but nobody knows how much before they are closed.
func (a *app) compactDryRun(ctx context.Context) error {
	t, err := a.open(true)
	if err != nil {
		return err
	}
	defer t.close()
	info, err := t.store.Info()
	if err != nil {
		return err
	}
	unused, err := t.store.Unused(ctx)
	if err != nil {
		return err
	}
	if a.format != formatTable {
		return a.printJSON(compactPlanView{a.db, true, info.Size, unused})
	}
	a.printf("%s: %s, of which %s or more would be given back\n", clean(a.db), size(info.Size), size(unused))
	return nil
}

// rounded makes a duration short to read.
func rounded(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	default:
		return d.Round(time.Second)
	}
}
