package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store/boltstore"
)

func newBackupCommand(a *app) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "backup OUT",
		Short: "Write a consistent copy of the file, also while the app runs",
		Long: `Write a copy of the file as it is at one moment. The app goes on meanwhile. The copy is a
queue as any other: look into it with --db OUT, and to restore it put it in the place of
the file while no app runs. OUT is - for stdout.

The copy is written beside OUT, synced, and then given its name, so that there is never half
a backup. An OUT that exists is refused without --force.`,
		Example: `  bgq backup /backups/app-$(date +%F).db
  bgq backup - | zstd > app.db.zst`,
		Args: arguments(1, 1, "where the copy goes"),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "-" {
				return a.backupToStdout(c.Context())
			}
			return a.backup(c.Context(), args[0], force)
		},
	}
	c.Flags().BoolVar(&force, "force", false, "replace OUT if it exists")
	return c
}

// backedUp is the outcome as JSON.
type backedUp struct {
	File   string `json:"file"`
	Size   int64  `json:"size_bytes"`
	TookMS int64  `json:"took_ms"`
}

func (a *app) backup(ctx context.Context, out string, force bool) error {
	info, err := os.Stat(out)
	switch {
	case err == nil && info.IsDir():
		return usage("name a file inside of it", "%s is a directory", out)
	case err == nil && !force:
		return fail(exitRefused, "give another name, or --force to replace it", "%s exists: nothing was written", out)
	case err == nil && a.isSource(info):
		return fail(exitRefused, "give another name", "%s is the file of the queue itself", out)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	began := time.Now()
	n, err := a.copyTo(ctx, out, func(temp string) error { return os.Rename(temp, out) })
	if err != nil {
		return err
	}
	v := backedUp{out, n, time.Since(began).Milliseconds()}
	return a.print(v, func() error {
		a.printf("%s: %s in %s\n", clean(out), size(n), rounded(time.Since(began)))
		return nil
	}, out)
}

// isSource tells whether a file is the one that is to be copied.
func (a *app) isSource(info fs.FileInfo) bool {
	source, err := os.Stat(a.db)
	return err == nil && a.addr == "" && os.SameFile(info, source)
}

// copyTo makes a copy in a temporary file beside out, and lets done take it from there. It
// returns the size of the copy.
func (a *app) copyTo(ctx context.Context, out string, done func(temp string) error) (int64, error) {
	live, err := a.isLive(ctx)
	if err != nil {
		return 0, err
	}
	dir := filepath.Dir(out)
	f, err := os.CreateTemp(dir, "."+filepath.Base(out)+".*")
	if err != nil {
		return 0, err
	}
	temp := f.Name()
	defer os.Remove(temp)
	if live {
		err = a.fetch(ctx, f)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	if !live {
		if err := a.exists(); err != nil {
			return 0, err
		}
		if err := os.Remove(temp); err != nil { // Copy makes its own
			return 0, err
		}
		if _, err := boltstore.Copy(ctx, a.db, temp, nil); err != nil {
			return 0, unserved(err)
		}
	}
	info, err := os.Stat(temp)
	if err != nil {
		return 0, err
	}
	if err := done(temp); err != nil {
		return 0, err
	}
	return info.Size(), syncDir(dir)
}

// fetch lets the app write a copy into f.
func (a *app) fetch(ctx context.Context, f *os.File) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	if _, err := api.Backup(ctx, f); err != nil {
		return err
	}
	return f.Sync()
}

// backupToStdout writes the copy to stdout. The file is read into a temporary one first if no app
// runs, so that whoever reads slowly does not keep one from starting.
func (a *app) backupToStdout(ctx context.Context) error {
	if a.screen.file != nil {
		return usage("redirect it: bgq backup - > copy.db", "a copy of the file is not fit for a terminal")
	}
	live, err := a.isLive(ctx)
	if err != nil {
		return err
	}
	if live {
		api, err := a.api()
		if err != nil {
			return err
		}
		n, err := api.Backup(ctx, a.stdout)
		if err == nil {
			a.detail("%s written", size(n))
		}
		return err
	}
	n, err := a.copyTo(ctx, filepath.Join(os.TempDir(), "bgq-backup.db"), func(temp string) error {
		f, err := os.Open(temp)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(a.stdout, f)
		return err
	})
	if err == nil {
		a.detail("%s written", size(n))
	}
	return err
}
