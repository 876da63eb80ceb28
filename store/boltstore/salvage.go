package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// SalvageOptions are the settings of [Salvage].
type SalvageOptions struct {
	// DryRun only finds out what could be saved. It needs some space in the folder for temporary files.
	DryRun bool
	// LockTimeout is how long to wait for another process to let go of the file; 0 means
	// one second.
	LockTimeout time.Duration
}

// Salvage writes every record that can yet be read in the damaged file from into a new file
// to, and reports what was lost. It reads the damaged file page by page and never changes it;
// meanwhile the file is locked, so that no program stores anything in it. Memory does not grow
// with the file; a scratch file beside the new one takes some 50 bytes for each record.
//
// What makes a job up is taken from its record. Indexes, counters, unique keys, tokens and the
// trails of the audit are made anew: it does not matter that those in the old file are damaged.
//
// A record counts if its checksum is right, and if the tree of the last commit leads to it. What
// no tree leads to, because a page above it is damaged, may be an older state, left over from an
// earlier commit. If an index confirms it, the job is as it was. Otherwise it is doubtful: unless
// it has ended it is held (pending), so that nothing runs twice by accident. See [SalvageReport]
// for this, and for jobs that have lost a part.
//
// Queues whose settings are lost are paused, since they may have been. Batches are rebuilt from
// their members, without fingerprint and size, so that a program which goes on with one is
// refused instead of running members again; in place of members that are lost there are
// discarded jobs.
//
// The buckets of the application are copied as far as their pages are whole. Their values have
// no checksum that the queue knows of.
//
// The new file has today's format, is verified before it gets its name, and does not replace
// another (fs.ErrExist). A file that is no queue gives store.ErrForeign, one of a newer format
// store.ErrNewerFormat, one in which nothing can be read store.ErrCorrupt, and one that a
// program has open store.ErrLocked; these make no file.
func Salvage(ctx context.Context, from, to string, o SalvageOptions) (*SalvageReport, error) {
	src, err := newSource(from, Options{LockTimeout: o.LockTimeout})
	if err != nil {
		return nil, err
	}
	f, err := src.openSource()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v := &salvage{ctx: ctx, src: src, f: f, now: src.Now(), report: &SalvageReport{States: map[store.State]int64{}}}
	defer v.end()
	err = guard(func() error { return v.run(to, o.DryRun) })
	if err != nil {
		return nil, v.explain(err)
	}
	return v.report, nil
}

// salvage is one run of Salvage.
type salvage struct {
	ctx    context.Context
	src    *Store // not open: it names the file
	f      *os.File
	now    time.Time
	report *SalvageReport

	w     *pagecheck.Wreck
	root  pagecheck.Root
	stage *stage
	out   *salvageOut // nil: a dry run

	survey survey
	steps  int // see pause
}

func (v *salvage) run(to string, dry bool) error {
	if err := v.open(); err != nil {
		return err
	}
	dir := os.TempDir()
	if !dry {
		var err error
		if v.out, err = newSalvageOut(to, v.now); err != nil {
			return err
		}
		dir = filepath.Dir(v.out.draft.temp)
	}
	var err error
	if v.stage, err = newStage(dir); err != nil {
		return fmt.Errorf("a scratch file cannot be made in %s: %w", dir, err)
	}
	for _, step := range []func() error{
		v.chooseRoot, v.walk, v.walkIndexes, v.searchOrphans, v.nameLost,
		v.saveJobs, v.saveSettings, v.saveApp, v.conclude,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if v.out != nil {
		return v.out.finish(v.ctx)
	}
	return nil
}

// open finds out whether the file can be one of ours at all.
func (v *salvage) open() error {
	info, err := v.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return v.src.checkError(damaged("the file is empty"), 0)
	}
	if v.w, err = pagecheck.OpenWreck(v.f, info.Size()); err != nil {
		return v.src.checkError(err, info.Size())
	}
	v.report.Pages, v.report.Expected = v.w.Pages(), -1
	return nil
}

// end closes and removes what was made on the way.
func (v *salvage) end() {
	if v.stage != nil {
		v.stage.close()
	}
	if v.out != nil {
		v.out.discard()
	}
}

func (v *salvage) explain(err error) error {
	if _, done := errors.AsType[*store.FileError](err); done || v.ctx.Err() != nil {
		return err
	}
	return v.src.fail(err, "the file was left as it is")
}

// pause lets the run be cancelled.
func (v *salvage) pause() error {
	if v.steps++; v.steps%256 == 0 {
		return v.ctx.Err()
	}
	return nil
}

// conclude sums up, and refuses to make a file of nothing.
func (v *salvage) conclude() error {
	r, s := v.report, &v.survey
	for t := range tables {
		if t == tableMeta || t >= tableToken && s.format == 1 && !s.seen[t] {
			continue
		}
		told := t == tableJob || t == tableArgs || t == tableResult || t == tableFailure
		r.Tables = append(r.Tables, SalvagedTable{
			Name: tableNames[t], Found: s.found[t], Damaged: s.bad[t], Derived: derived[t], told: told,
			Missing: !told && !s.missing[t].empty() || t == tableJob && r.LostUnknown,
		})
	}
	if r.Jobs == 0 && len(r.App) == 0 && s.settings == 0 && !r.Whole() {
		return v.src.fail(damaged("nothing in it can be read"), "put a copy from before in its place, or move it away to begin anew")
	}
	return nil
}

// derived tells which tables are made anew from the others.
var derived = [tables]bool{
	tableReady: true, tableAlone: true, tableDue: true, tableRun: true, tableHeld: true, tableDone: true,
	tableUnique: true, tableCount: true, tableBase: true, tableToken: true, tableTrail: true,
}

// newerFormat is the error for a file of a newer program.
func (v *salvage) newerFormat(found int) error {
	return v.src.fail(fmt.Errorf("%w: %w", store.ErrNewerFormat, &migrations.NewerError{Found: found, Latest: migrations.Latest}),
		"use the version of bgq that wrote it, or a newer one")
}
