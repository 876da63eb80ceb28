package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	batch "github.com/bgq-dev/bgq/cmd/bgq/internal/run"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/halt"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/input"
	show "github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/queue"
)

// runFlags are the flags of bgq run.
type runFlags struct {
	slots         slots
	name          string
	retries       int
	timeout       time.Duration
	halt          haltFlag
	keepOrder     bool
	results       string
	joblog        string
	restart       bool
	retryFailed   bool
	onCrash       crashPolicy
	maxRecoveries int
	progress      show.Mode
	null          bool
	file          string
	shell         bool
	dryRun        bool
}

type crashPolicy string

const (
	crashRerun crashPolicy = "rerun"
	crashFail  crashPolicy = "fail"
)

func newRunCommand(a *app) *cobra.Command {
	f := runFlags{onCrash: crashRerun, progress: show.Auto}
	c := &cobra.Command{
		Use:   "run [FLAGS] -- COMMAND [{}] [::: INPUT...]",
		Short: "Run a command for each input, in parallel; again after a crash it goes on",
		Long:  runHelp,
		Example: `  find . -name '*.wav' | bgq run -- ffmpeg -i {} {.}.opus
  bgq run -j 4 --retries 2 --timeout 5m -- ./fetch.sh {} ::: a b c
  bgq run --shell -- 'gzip -dc {} | wc -l > {.}.lines' ::: *.gz
  find . -type f -print0 | bgq run -0 -k --joblog log.tsv -- sha256sum`,
		RunE: func(c *cobra.Command, args []string) error { return a.runBatch(c.Context(), args, &f) },
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.SetInterspersed(false) // what follows the command belongs to it
	flags.VarP(&f.slots, "jobs", "j", "how many run at once: a number, or a part of the processors like 50% (default 80%)")
	flags.StringVar(&f.name, "name", "", "the batch in which the results are kept (default: from the command and the directory)")
	flags.IntVar(&f.retries, "retries", 0, "how often an input that failed is tried again; counted from when the input was first read")
	flags.DurationVar(&f.timeout, "timeout", 0, "end a command after this time, like 90s: it has failed then")
	flags.Var(&f.halt, "halt", "end the run early when commands fail: now|soon|never[,fail=N|N%] (default never)")
	flags.BoolVarP(&f.keepOrder, "keep-order", "k", false, "print the output in the order of the inputs")
	flags.StringVar(&f.results, "results", "", "also write complete outputs to `DIR`/SEQ/stdout, stderr and exitval")
	flags.StringVar(&f.joblog, "joblog", "", "append a line for each input to `FILE`, in the columns of GNU parallel")
	flags.BoolVar(&f.restart, "restart", false, "forget the results of the batch and begin anew")
	flags.BoolVar(&f.retryFailed, "retry-failed", false, "run the inputs again that failed in earlier runs")
	flags.Var(newChoice(&f.onCrash, crashRerun, crashFail), "on-crash", "inputs that ran when bgq died: rerun or fail")
	flags.IntVar(&f.maxRecoveries, "max-recoveries", queue.DefaultMaxRecoveries, "how many deaths of bgq an input may cause before it is given up")
	flags.Var(newChoice(&f.progress, show.Auto, show.Bar, show.Plain, show.JSON, show.None), "progress",
		"auto is a bar on a terminal and otherwise a line every 10 seconds")
	flags.BoolVarP(&f.null, "null", "0", false, "inputs end with NUL, not with a line feed")
	flags.StringVarP(&f.file, "arg-file", "a", "", "read the inputs from `FILE` instead of stdin; - is stdin")
	flags.BoolVar(&f.shell, "shell", false, "let sh read the command; inputs are quoted for it")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the command lines that would run, and change nothing")
	return c
}

const runHelp = `run runs a command once for each input and keeps in the file which inputs are done,
with their exit codes and outputs. The same line again runs only what is not done,
whatever ended the last run: Ctrl-C, a crash, a power cut. An input is known by its bytes,
so a list may be reordered or extended.

Inputs follow ::: or come from stdin or -a FILE, one a line. In the command stand for them:

  {}   the input           {/}   its last part          {#}  its number, from 1
  {.}  without extension   {//}  its directory          {%}  the number of the slot, from 1
                           {/.}  last part, no extension

Without any of these the input is appended. No shell is involved unless --shell is given;
then write {} without quotes, the input is quoted already. A command finds BGQ_JOB_ID,
BGQ_ATTEMPT and BGQ_BATCH in its environment, and nothing on its standard input.

The output of a command is printed whole when it has been recorded. Of a longer one the
first and the last 64 KiB are kept in the file. Outputs of earlier runs are not printed again:
see bgq batches results.

Ctrl-C asks what runs to end and leaves the rest for the next time; a second Ctrl-C
kills. Inputs that were running run again from their beginning, so a command must bear to be
repeated; where it does not, --on-crash fail leaves such inputs as failed.`

// runBatch is bgq run.
func (a *app) runBatch(ctx context.Context, args []string, f *runFlags) error {
	command, list, err := splitCommand(args)
	if err != nil {
		return err
	}
	o, err := a.runOptions(command, f)
	if err != nil {
		return err
	}
	source, done, err := a.inputs(list, f)
	if err != nil {
		return err
	}
	defer done()
	if err := o.Check(); err != nil {
		return runError(err)
	}
	if f.dryRun {
		return a.dryRun(ctx, source, o)
	}
	t, err := a.openOrCreate()
	if err != nil {
		return err
	}
	defer t.close()
	interrupts, stop := listen()
	defer stop()
	o.Interrupts = interrupts
	o.Serve = a.serveRun(t)
	sum, err := batch.Run(ctx, t.queue, source, o)
	if err == nil || !sum.Empty() {
		a.summarise(&sum, o.Progress, list == nil)
	}
	err = errors.Join(err, t.close())
	switch {
	case err != nil:
		return runError(err)
	case sum.Interrupted:
		return leave(exitInterrupted)
	case !sum.AllDone():
		return leave(exitJobFailed)
	}
	return nil
}

// dryRun is bgq run --dry-run.
func (a *app) dryRun(ctx context.Context, source *input.Source, o batch.Options) error {
	var sum batch.Summary
	pretend := func(q *queue.Queue) (err error) {
		sum, err = batch.DryRun(ctx, q, source, o)
		return err
	}
	var err error
	if missing := a.exists(); codeOf(missing) == exitNoFile {
		err = pretend(nil)
	} else {
		err = a.read(pretend)
	}
	if err != nil {
		return runError(err)
	}
	a.say("bgq run: would run %d; %d done before, %d failed before; nothing was changed (batch %s)", sum.Total, sum.Before, sum.Unmet, sum.Batch)
	return nil
}

// runError gives the errors of package run their exit codes.
func runError(err error) error {
	if _, ok := errors.AsType[*batch.NotFoundError](err); ok {
		return usage("", "%w", err)
	}
	if _, ok := errors.AsType[*batch.PausedError](err); ok {
		return fail(exitRefused, "", "%w", err)
	}
	return err
}

// runOptions turns flags into options.
func (a *app) runOptions(command []string, f *runFlags) (batch.Options, error) {
	switch {
	case f.retries < 0:
		return batch.Options{}, usage("", "--retries %d: give 0 or more", f.retries)
	case f.timeout < 0:
		return batch.Options{}, usage("", "--timeout %v: give a positive duration like 90s, or 0 for none", f.timeout)
	case f.maxRecoveries < 0:
		return batch.Options{}, usage("", "--max-recoveries %d: give 0 or more", f.maxRecoveries)
	case f.restart && f.retryFailed:
		return batch.Options{}, usage("--restart runs everything anyway", "--restart and --retry-failed exclude each other")
	}
	dir, err := os.Getwd()
	if err != nil {
		return batch.Options{}, err
	}
	return batch.Options{
		Command: command, Shell: f.shell, Dir: dir, Name: f.name,
		Slots: f.slots.number(), Retries: f.retries, Timeout: f.timeout, Halt: halt.Policy(f.halt),
		KeepOrder: f.keepOrder, Results: f.results, Joblog: f.joblog,
		Restart: f.restart, RetryFailed: f.retryFailed,
		FailOnCrash: f.onCrash == crashFail, MaxRecoveries: f.maxRecoveries,
		Progress: a.progressMode(f.progress), BothTerminal: terminal(a.stdout) && terminal(a.stderr),
		Stdout: a.stdout, Stderr: a.stderr,
	}, nil
}

// progressMode decides what auto means, and that there is no bar where nobody sees one.
func (a *app) progressMode(m show.Mode) show.Mode {
	if m != show.Auto {
		return m
	}
	if terminal(a.stderr) && os.Getenv("TERM") != "dumb" {
		return show.Bar
	}
	return show.Plain
}

// inputs returns the source of the inputs: the list if there is one, or a stream. done lets go of it.
func (a *app) inputs(list []string, f *runFlags) (source *input.Source, done func(), err error) {
	done = func() {}
	if list != nil {
		if f.file != "" || f.null {
			return nil, nil, usage("", "inputs come either after ::: or from a stream: -a and -0 do not go with :::")
		}
		return input.List(list, batch.InputLimit), done, nil
	}
	var r io.Reader = a.stdin
	name := "stdin"
	if f.file != "" && f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return nil, nil, fail(codeOf(err), "give -a a file with an input a line, or pass the inputs on stdin", "cannot read the inputs: %w", err)
		}
		if info, err := file.Stat(); err == nil && info.IsDir() {
			file.Close()
			return nil, nil, fail(exitError, "give -a a file with an input a line, or list the folder: find "+template.Quote(f.file)+" -type f | bgq run …", "cannot read the inputs: %s is a directory", f.file)
		}
		r, name, done = file, f.file, func() { file.Close() }
	} else if terminal(a.stdin) {
		a.say("bgq run: reading inputs from the terminal, one a line; Ctrl-D ends the list")
	}
	separator := byte('\n')
	if f.null {
		separator = 0
	}
	return input.Stream(r, name, separator, batch.InputLimit), done, nil
}

// summarise says how the run ended and what to do next.
func (a *app) summarise(sum *batch.Summary, mode show.Mode, stream bool) {
	switch {
	case mode == show.JSON:
		_ = sum.WriteJSON(a.stderr)
		return
	case mode == show.None && sum.AllDone() && sum.Unlisted == 0:
		return
	}
	target := ""
	if a.db != defaultFile() {
		target = " --db " + template.Quote(a.db)
	}
	const longest = 200
	again := "the same line again"
	if line := template.Join(append([]string{"bgq"}, os.Args[1:]...)); !stream && len(line) <= longest {
		again = line
	} else if stream {
		again += ", with the same inputs"
	}
	sum.Write(a.stderr, target, again)
}
