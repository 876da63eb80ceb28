package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
)

// app is one command line: its streams and the flags that every command has.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	screen         screen
	now            func() time.Time

	printErr error // of the first printf that failed

	db        string
	addr      string
	addrGiven bool // by a flag, not by BGQ_ADDR
	client    *client.Client
	target    *target // nil with addr

	output  format   // of -o
	fields  []string // of --json
	format  format   // that comes of both
	times   timeStyle
	utc     bool
	colour  colourMode
	noInput bool
	yes     bool
	verbose bool
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{
		stdin: stdin, stdout: stdout, stderr: stderr, screen: screenOf(stdout), now: time.Now,
		output: formatTable, format: formatTable, times: timesRelative, colour: colourAuto,
	}
}

// execute runs a command line, reports its error and returns the exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := cmp.Or(root.ExecuteContext(ctx), a.printErr)
	if closed := a.hangUp(); err == nil {
		err = closed
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		err = context.Canceled // whatever the signal was called
	}
	if err == nil {
		return int(exitOK)
	}
	report(a.stderr, a.output, err)
	return int(codeOf(err))
}

// The groups of the help.
const (
	groupRun  = "run"
	groupLook = "look"
	groupFile = "file"
)

// root builds the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "bgq",
		Short: "A durable task queue in one file",
		Long: `bgq runs commands as a batch that survives a crash, and looks into a queue: what waits,
what failed and why, and what to run again.

It works the same whether the app of the queue runs or not. If it runs, the app is asked,
through the socket beside its file; if not, the file is opened for moments, and never
while you read or think, so that the app can start at any time. -v says which it was.`,
		Example: `  ls *.wav | bgq run -- ffmpeg -i {} {.}.opus     again after a crash: it goes on where it was
  bgq status -w                                   one screen, again and again
  bgq errors                                      what goes wrong, grouped
  bgq jobs list state:failed 'age<1d'             what failed today
  bgq why 01JD8Q3Z5M9XKX2T4V6W8Y0ABC              why a job does not run
  bgq jobs retry -f 'kind:resize error~"ENOSPC"'  run again what failed so`,
		Version:           currentBuild().Version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return a.settle(c) },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("bgq {{.Version}}\n")
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 100"))

	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVar(&a.db, "db", defaultFile(), "the `file` of the queue; or set BGQ_DB")
	flags.StringVar(&a.addr, "addr", "", "ask a program at this `URL`, http://host/prefix or unix:/path; or set BGQ_ADDR")
	flags.VarP(newChoice(&a.output, formatTable, formatWide, formatJSON, formatJSONL, formatYAML, formatName), "output", "o", "how data is printed")
	flags.StringSliceVar(&a.fields, "json", nil, "print these `fields` as JSON, like id,state")
	flags.Var(newChoice(&a.times, timesRelative, timesISO, timesLocal, timesUnix), "time", "how tables show times")
	flags.BoolVar(&a.utc, "utc", false, "short for --time iso")
	flags.Var(newChoice(&a.colour, colourAuto, colourAlways, colourNever), "color", "whether tables have colours")
	flags.BoolVar(&a.noInput, "no-input", false, "ask nothing: what needs a yes fails without -y")
	flags.BoolVarP(&a.yes, "yes", "y", false, "do not ask")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say on stderr what is done, and who answers")

	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run:"},
		&cobra.Group{ID: groupLook, Title: "Look and act:"},
		&cobra.Group{ID: groupFile, Title: "The file and the program:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupRun, newRunCommand(a), newEnqueueCommand(a), newWorkCommand(a))
	add(groupLook, newStatusCommand(a), newJobsCommand(a), newBatchesCommand(a), newQueuesCommand(a), newErrorsCommand(a),
		newStatsCommand(a), newWhyCommand(a), newHistoryCommand(a), newAuditCommand(a), newOpsCommand(a))
	add(groupLook, newTopCommand(a), newTailCommand(a))
	add(groupFile, newBackupCommand(a), newVerifyCommand(a), newCompactCommand(a), newPruneCommand(a))
	add(groupFile, newRepairCommand(a), newMigrateCommand(a))
	add(groupFile, newBenchCommand(a), newManCommand(a), newVersionCommand(a))
	root.AddCommand(helpTopics()...)
	root.SetHelpCommand(newHelpCommand())
	root.SetHelpCommandGroupID(groupFile)
	root.SetCompletionCommandGroupID(groupFile)
	completeBashAlone(root)
	strict(root)
	a.completions(root)
	return root
}

// defaultFile is the file that is used without --db.
func defaultFile() string {
	if f := os.Getenv("BGQ_DB"); f != "" {
		return f
	}
	return "./bgq.db"
}

// settle works out what the flags mean together.
func (a *app) settle(c *cobra.Command) error {
	flags := c.Flags()
	a.addrGiven = flags.Changed("addr")
	switch {
	case a.addrGiven && flags.Changed("db"):
		return usage("--db FILE finds the app by itself", "give either --db or --addr, not both")
	case !a.addrGiven && !flags.Changed("db"):
		a.addr = os.Getenv("BGQ_ADDR")
	}
	if a.utc {
		if flags.Changed("time") && a.times != timesISO {
			return usage("leave one of them out", "--utc is --time iso: it does not go with --time %s", a.times)
		}
		a.times = timesISO
	}
	if a.format = a.output; flags.Changed("json") {
		switch {
		case !flags.Changed("output"):
			a.format = formatJSON
		case !a.format.structured():
			return usage("-o jsonl and -o yaml do", "--json FIELDS does not go with -o %s", a.format)
		}
		if len(a.fields) == 0 {
			a.fields = []string{""} // which is unknown, so that the fields are listed
		}
	}
	a.screen.settle(a.colour)
	return nil
}
