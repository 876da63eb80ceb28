package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func newRepairCommand(a *app) *cobra.Command {
	var o repairOptions
	c := &cobra.Command{
		Use:   "repair",
		Short: "Save what can be read of a damaged file into a new one",
		Long: `Read a damaged file page by page, write every record that is whole into a new file, and
say what is lost. The damaged file is never changed, and the new one does not take its
place: the last lines that are printed are the commands that do it.

A job is taken as it is if its checksum is right and the file leads to it, or an index
confirms it. What is found only in pages that nothing leads to may be an older state of a job:
unless it has ended it is held, so that nothing runs twice by accident. Look at such jobs, and
release them:
  bgq jobs list   reason:repair_doubtful
  bgq jobs release -f reason:repair_doubtful
A job that has lost its arguments (reason:repair_args_lost) or its result
(reason:repair_result_lost) is discarded, and so is what stands in place of a lost member of
a batch (reason:repair_lost). Queues whose settings are lost are paused. The buckets of an
application in the same file are copied as far as they can be read.

Exit code 0: nothing is lost; 4: some is; 20: nothing can be read. No program may have the
file open. It takes the space of the jobs on the disk once more.`,
		Example: `  bgq repair --dry-run
  bgq repair --db app.db --out saved.db`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error { return a.repair(c.Context(), o) },
	}
	c.Flags().StringVar(&o.out, "out", "", "the new `file` (default: that of --db with .repaired at its end)")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "only say what would be saved, and what is lost")
	return c
}

type repairOptions struct {
	out    string
	dryRun bool
}

func (a *app) repair(ctx context.Context, o repairOptions) error {
	if a.addrGiven {
		return usage("give --db FILE instead", "this works on the file itself: --addr does not go with it")
	}
	if err := a.exists(); err != nil {
		return err
	}
	if o.out == "" {
		o.out = a.db + ".repaired"
	}
	a.detail("reading %s", a.db)
	r, err := boltstore.Salvage(ctx, a.db, o.out, boltstore.SalvageOptions{DryRun: o.dryRun, LockTimeout: lockPatience})
	switch {
	case errors.Is(err, fs.ErrExist):
		return fail(exitRefused, "move it away, or give another name with --out", "%s exists: nothing was written", o.out)
	case err != nil:
		return err
	}
	v := newRepaired(a.db, o, r)
	err = a.print(v, func() error {
		a.printRepaired(&v)
		return nil
	}, o.out)
	if err == nil && !v.Whole {
		err = leave(exitPartial)
	}
	return err
}

// repaired is the report as JSON.
type repaired struct {
	File         string            `json:"file"`
	Out          string            `json:"out"`
	DryRun       bool              `json:"dry_run"`
	Whole        bool              `json:"whole"`
	Jobs         int64             `json:"jobs"`
	Expected     *int64            `json:"jobs_expected"`
	States       map[string]int64  `json:"states"`
	Lost         repairedJobs      `json:"lost"`
	LostUnknown  bool              `json:"lost_unknown"`
	Marked       int64             `json:"marked_count"`
	Strayed      repairedJobs      `json:"strayed"`
	Doubtful     repairedJobs      `json:"doubtful"`
	Held         int64             `json:"held_count"`
	ArgsLost     repairedJobs      `json:"args_lost"`
	ResultLost   repairedJobs      `json:"result_lost"`
	FailuresLost repairedJobs      `json:"failures_lost"`
	KeyLost      repairedJobs      `json:"key_lost"`
	Tree         string            `json:"tree"`
	MetaDamaged  bool              `json:"meta_damaged"`
	Pages        int               `json:"page_count"`
	DamagedPages int               `json:"damaged_page_count"`
	Damaged      []repairedPage    `json:"damaged_pages"`
	Tables       []repairedTable   `json:"tables"`
	Settings     []repairedSetting `json:"settings"`
	Application  []repairedBucket  `json:"application"`
	AppUnknown   bool              `json:"application_unknown"`
	Next         []string          `json:"next"`
}

type repairedJobs struct {
	Count int64      `json:"count"`
	IDs   []store.ID `json:"ids"`
}

type repairedPage struct {
	Page uint64 `json:"page"`
	What string `json:"what"`
}

type repairedTable struct {
	Name    string `json:"name"`
	Found   int64  `json:"found"`
	Damaged int64  `json:"damaged"`
	Missing bool   `json:"missing"`
	Derived bool   `json:"derived"`
}

type repairedSetting struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Became string `json:"became"`
}

type repairedBucket struct {
	Name  string `json:"name"`
	Items int64  `json:"items"`
	Whole bool   `json:"whole"`
}

func newRepaired(db string, o repairOptions, r *boltstore.SalvageReport) repaired {
	v := repaired{
		File: db, Out: o.out, DryRun: o.dryRun, Whole: r.Whole(), Jobs: r.Jobs, States: map[string]int64{},
		Lost: repairedIDs(r.Lost), LostUnknown: r.LostUnknown, Marked: r.Marked, Strayed: repairedIDs(r.Strayed),
		Doubtful: repairedIDs(r.Doubtful), Held: r.Held, ArgsLost: repairedIDs(r.ArgsLost), ResultLost: repairedIDs(r.ResultLost),
		FailuresLost: repairedIDs(r.FailuresLost), KeyLost: repairedIDs(r.KeyLost),
		Tree:        [...]string{boltstore.TreeNewest: "newest", boltstore.TreeOlder: "older", boltstore.TreeNone: "none"}[r.Tree],
		MetaDamaged: r.MetaDamaged, Pages: r.Pages, DamagedPages: r.DamagedPages, AppUnknown: r.AppUnknown,
		Damaged: []repairedPage{}, Tables: []repairedTable{}, Settings: []repairedSetting{}, Application: []repairedBucket{}, Next: []string{},
	}
	if r.Expected >= 0 {
		v.Expected = &r.Expected
	}
	for state, n := range r.States {
		v.States[state.String()] = n
	}
	for _, p := range r.Damaged {
		v.Damaged = append(v.Damaged, repairedPage(p))
	}
	for _, t := range r.Tables {
		v.Tables = append(v.Tables, repairedTable{t.Name, t.Found, t.Damaged, t.Missing, t.Derived})
	}
	for _, s := range r.Settings {
		v.Settings = append(v.Settings, repairedSetting(s))
	}
	for _, b := range r.App {
		v.Application = append(v.Application, repairedBucket(b))
	}
	v.Next = v.next()
	return v
}

func repairedIDs(jobs boltstore.SalvagedJobs) repairedJobs {
	if jobs.IDs == nil {
		jobs.IDs = []store.ID{}
	}
	return repairedJobs{jobs.Total, jobs.IDs}
}

// next is the commands that people want to give then.
func (v *repaired) next() []string {
	if v.DryRun {
		return []string{"bgq --db " + shellQuote(v.File) + " repair --out " + shellQuote(v.Out)}
	}
	next := []string{
		"mv " + shellQuote(v.File) + " " + shellQuote(v.File+".damaged"),
		"mv " + shellQuote(v.Out) + " " + shellQuote(v.File),
	}
	if v.Held > 0 {
		next = append(next, "bgq --db "+shellQuote(v.File)+" jobs list reason:"+boltstore.ReasonDoubtful)
	}
	return next
}
