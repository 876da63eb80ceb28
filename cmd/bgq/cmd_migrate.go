package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func newMigrateCommand(a *app) *cobra.Command {
	dryRun := false
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the file of an older bgq to the format of this one",
		Long: `Bring the file of an older bgq to the format of this one. Any program that opens the file for
writing does the same; this is for doing it at a time of one's own. An older bgq cannot
open the file afterwards, so make a backup first: bgq backup.`,
		Example: `  bgq migrate --dry-run
  bgq migrate --db app.db`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error { return a.migrate(c.Context(), dryRun) },
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say which format the file has")
	return c
}

// migrated is the outcome as JSON.
type migrated struct {
	File   string `json:"file"`
	DryRun bool   `json:"dry_run"`
	Before int    `json:"format_before"`
	After  int    `json:"format_after"`
	Latest int    `json:"format_latest"`
}

func (a *app) migrate(ctx context.Context, dryRun bool) error {
	if a.addrGiven {
		return usage("give --db FILE instead", "this works on the file itself: --addr does not go with it")
	}
	if err := a.exists(); err != nil {
		return err
	}
	found, err := boltstore.Format(a.db, boltstore.Options{LockTimeout: lockPatience})
	if err != nil {
		return err
	}
	v := migrated{File: a.db, DryRun: dryRun, Before: found, After: found, Latest: migrations.Latest}
	// The file is opened for its errors too: of a newer format, or without a queue.
	if !dryRun || found == 0 || found > migrations.Latest {
		f, err := a.open(found == migrations.Latest)
		if err != nil {
			return err
		}
		if err := f.close(); err != nil {
			return err
		}
		v.After = migrations.Latest
	}
	return a.print(v, func() error {
		switch file := clean(a.db); {
		case v.Before == v.Latest:
			a.printf("%s: format %d, which is the newest: nothing to do\n", file, v.Before)
		case dryRun:
			a.printf("%s: format %d, would become %d\n", file, v.Before, v.Latest)
		default:
			a.printf("%s: format %d -> %d\n", file, v.Before, v.After)
		}
		return nil
	}, a.db)
}
