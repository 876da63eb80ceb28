package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/bench"
)

// benchFlags are the flags of bgq bench.
type benchFlags struct {
	list    bool
	dir     string
	others  amount
	rounds  int
	scale   float64
	profile string
}

func newBenchCommand(a *app) *cobra.Command {
	f := benchFlags{}
	c := &cobra.Command{
		Use:   "bench [SCENARIO...]",
		Short: "Measure bgq beside raw bbolt on this disk",
		Long:  benchHelp,
		Example: `  bgq bench --scale 0.1                         a first look at the disk of this directory
  bgq bench enqueue work latency --dir /srv     some scenarios, on another disk
  bgq bench --list                              what is measured
  bgq bench enqueue-16 work --others 10M        the same again in a file with 10 million jobs
  bgq bench -o json > bench.json                all figures, of every round`,
		RunE: func(c *cobra.Command, args []string) error { return a.bench(c.Context(), args, &f) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return scenarioNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.list, "list", false, "explain the scenarios, and measure nothing")
	flags.StringVar(&f.dir, "dir", ".", "measure on the disk of `DIR`: in a new folder there, which is removed afterwards")
	flags.Var(&f.others, "others", "also measure each scenario but resume in a file with so many other jobs, like 1M or 10M")
	flags.IntVar(&f.rounds, "rounds", 3, "how often each side is measured; medians are shown")
	flags.Float64Var(&f.scale, "scale", 1, "measure for longer or shorter, with more or fewer jobs: 0.1 is a tenth of it all")
	flags.StringVar(&f.profile, "profile", "", "write profiles of what bgq did in each scenario to `DIR`, for go tool pprof")
	c.AddCommand(newBenchChildCommand(a))
	return c
}

const benchHelp = `bench measures what bgq does on your disk, beside raw bbolt doing the least that the same work can
cost there. All sides sync every commit. A queue of your own is not touched.

RATIO is bgq beside RAW, the first floor: one put of as many bytes for each step of a job, or what
BESIDE says in bgq bench --list. SAME is bgq beside the second floor, for enqueue, claim-finish,
work and args: all puts and deletes that bgq makes for a job, in the same buckets, and nothing
else. From RATIO to SAME it is the indexes that cost, from SAME to 1 bgq's own work.

Machines are noisy, so what counts is the ratio. The sides take turns in each round, and
medians of the rounds are shown. Absolute figures tell how it was this time, here. GOAL is
what bgq strives for in RATIO, or in BGQ where it has a unit; "below" and "above" say that it was
missed in this run.

A SCENARIO is a name from bgq bench --list, the first words of some (enqueue, idle), or a
pattern ('args-*'). Without one all are measured, which takes about six minutes; for a first
look --scale 0.1 is enough. Numbers of jobs in the list are those of the full scale.

The files are made in a new folder under the current directory, or --dir, and not in the folder
for temporary files: that one is often in memory, where syncs cost nothing. The folder is
removed at the end, also after Ctrl-C. About 2 GB must be free at full scale.

--others N makes, once, a file with N other jobs: 60 % completed, 1 % discarded, the rest
waiting in another queue. Each scenario but resume is then measured there too, in the same rounds,
and BESIDE shows what is left of the throughput, or what it comes to. 10M of them take some
minutes to be made, and about 4 GB.

--profile writes a CPU profile for each measurement of bgq, without the preparations.
The profiles of allocations, mutexes and blocking count from the start of the process: ask for
one scenario at a time. bgq is a little slower meanwhile.`

// bench is bgq bench.
func (a *app) bench(ctx context.Context, patterns []string, f *benchFlags) error {
	scenarios, err := selectScenarios(patterns)
	if err != nil {
		return err
	}
	if f.list {
		return a.listScenarios(scenarios)
	}
	switch {
	case f.rounds < 1:
		return usage("", "--rounds %d: give 1 or more", f.rounds)
	case !(f.scale > 0 && f.scale <= 100):
		return usage("", "--scale %v: give a number above 0, like 0.1, and at most 100", f.scale)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if f.profile != "" {
		if f.profile, err = filepath.Abs(f.profile); err != nil {
			return err
		}
	}
	status := newBenchStatus(a)
	env, err := bench.Open(bench.Config{
		Dir: f.dir, Rounds: f.rounds, Scale: f.scale, Others: int(f.others),
		Program: program, Profile: f.profile, Say: status.say,
	})
	if err != nil {
		return fail(codeOf(err), "give --dir a directory that you may write to", "cannot make a folder to measure in: %w", err)
	}
	ctx, stop := untilHangup(ctx)
	defer stop()
	err = a.measure(ctx, env, scenarios, f, status)
	status.clear()
	return errors.Join(err, env.Close())
}

// measure runs the scenarios, and prints each as soon as it is measured, or, as JSON, all at the end.
func (a *app) measure(ctx context.Context, env *bench.Env, scenarios []bench.Scenario, f *benchFlags, status *benchStatus) error {
	report := benchReport{
		Machine: env.Machine(), Scale: f.scale, Rounds: f.rounds, Others: int(f.others), Scenarios: []bench.Result{},
	}
	if report.Machine.InMemory() {
		status.clear()
		a.say("bgq bench: %s is in memory: syncs cost nothing there; give --dir a directory on a disk", env.Dir())
	}
	limits, err := env.Limits(ctx)
	if err != nil {
		return err
	}
	report.Limits = []bench.Limits{limits}
	out := newBenchOutput(a, &report, status)
	if err := out.begin(); err != nil {
		return err
	}
	for _, s := range scenarios {
		var r bench.Result
		if r, err = env.Run(ctx, s); err != nil {
			break
		}
		report.Scenarios = append(report.Scenarios, r)
		if err = out.add(&r); err != nil {
			break
		}
	}
	if err == nil {
		if limits, err = env.Limits(ctx); err == nil {
			report.Limits = append(report.Limits, limits)
		}
	}
	// What was measured is told also when the rest could not be.
	return errors.Join(err, out.end())
}

// untilHangup ends the context also when the terminal is closed, and lets a broken pipe be an error
// of the write: neither may kill the process before its files are removed.
func untilHangup(ctx context.Context) (_ context.Context, stop func()) {
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	hangup := func() {}
	if !signal.Ignored(syscall.SIGHUP) { // it is, after nohup
		ctx, hangup = signal.NotifyContext(ctx, syscall.SIGHUP)
	}
	return ctx, func() {
		hangup()
		signal.Stop(pipe)
	}
}

func scenarioNames() []string {
	var names []string
	for _, s := range bench.Scenarios() {
		names = append(names, s.Name)
	}
	return names
}

// selectScenarios turns an unknown name into a usage error with a suggestion.
func selectScenarios(patterns []string) ([]bench.Scenario, error) {
	scenarios, err := bench.Select(patterns)
	unknown, ok := errors.AsType[*bench.UnknownError](err)
	if !ok {
		return scenarios, err
	}
	meant := similar(unknown.Pattern, scenarioNames())
	slices.Sort(meant)
	return nil, usage(didYouMean(meant, "bgq bench --list explains the scenarios"), "%w", err)
}

// scenarioView is a scenario as JSON.
type scenarioView struct {
	Name  string      `json:"name"`
	About string      `json:"about"`
	Raw   string      `json:"raw_about"`
	Unit  string      `json:"unit"`
	Goal  *bench.Goal `json:"goal"`
}

func (a *app) listScenarios(scenarios []bench.Scenario) error {
	columns := []column{{name: "SCENARIO"}, {name: "WHAT", flex: true}, {name: "BESIDE", flex: true}, {name: "GOAL"}}
	views := make([]scenarioView, len(scenarios))
	for i, s := range scenarios {
		views[i] = scenarioView{s.Name, s.About, s.Raw, s.Unit, s.Goal}
	}
	return newList(a, columns,
		func(s scenarioView) []string { return []string{s.Name, s.About, s.Raw, goalText(s.Goal, s.Unit)} },
		func(s scenarioView) string { return s.Name }).all(views)
}

// newBenchChildCommand is what bgq bench starts where it needs another process.
func newBenchChildCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: bench.ChildCommand, Hidden: true,
		RunE: func(c *cobra.Command, args []string) error { return bench.Child(c.Context(), args, a.stdout) },
	}
}
