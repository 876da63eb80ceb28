package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is one command line: its streams and the flags that every command has.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time

	printErr error // of the first printf that failed

	db      string
	format  format
	times   timeStyle
	yes     bool
	verbose bool
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, format: formatTable, times: timesRelative}
}

// execute runs a command line, reports its error and returns the exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := cmp.Or(root.ExecuteContext(ctx), a.printErr)
	if err == nil {
		return int(exitOK)
	}
	report(a.stderr, a.format, err)
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
		Long: `bgq runs commands as a batch that survives a crash, and looks into the file of a
queue: what waits, what failed and why, and what to run again.`,
		Example: `  ls *.wav | bgq run -- ffmpeg -i {} {.}.opus     again after a crash: it goes on where it was
  bgq status                                      one screen
  bgq jobs list state:failed 'age<1d'             what failed today
  bgq why 01JD8Q3Z5M9XKX2T4V6W8Y0ABC              why a job does not run
  bgq jobs retry -f 'kind:resize error~"ENOSPC"'  run again what failed so`,
		Version:       currentBuild().Version,
		SilenceUsage:  true,
		SilenceErrors: true,
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
	flags.VarP(newChoice(&a.format, formatTable, formatJSON, formatJSONL), "output", "o", "how data is printed")
	flags.Var(newChoice(&a.times, timesRelative, timesISO), "time", "how tables show times")
	flags.BoolVarP(&a.yes, "yes", "y", false, "do not ask")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say on stderr what is done")

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
	add(groupRun, newRunCommand(a))
	add(groupLook, newStatusCommand(a), newJobsCommand(a), newBatchesCommand(a), newWhyCommand(a))
	add(groupFile, newVerifyCommand(a), newBenchCommand(a), newVersionCommand(a))
	add(groupFile, newCompactCommand(a))
	root.AddCommand(helpTopics()...)
	root.SetHelpCommand(newHelpCommand())
	root.SetHelpCommandGroupID(groupFile)
	root.SetCompletionCommandGroupID(groupFile)
	strict(root)
	return root
}

// defaultFile is the file that is used without --db.
func defaultFile() string {
	if f := os.Getenv("BGQ_DB"); f != "" {
		return f
	}
	return "./bgq.db"
}

// likeness is how many letters may differ between what was typed and what is suggested.
const likeness = 2

// strict makes commands that only hold others refuse what is none of them, and say
// what may have been meant; cobra by itself does so at the root only.
func strict(c *cobra.Command) {
	for _, sub := range c.Commands() {
		strict(sub)
	}
	if !c.HasSubCommands() || c.Runnable() {
		return
	}
	c.SuggestionsMinimumDistance = likeness
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		return unknownCommand(c, args[0])
	}
}

func unknownCommand(c *cobra.Command, name string) error {
	return usage(didYouMean(c.SuggestionsFor(name), c.CommandPath()+" --help lists the commands"),
		"%q is not a command of %s", name, c.CommandPath())
}

// flagError turns a complaint of the flag parser into a usage error with a suggestion.
func flagError(c *cobra.Command, err error) error {
	help := c.CommandPath() + " --help lists the flags"
	_, name, unknown := strings.Cut(err.Error(), "unknown flag: --")
	if !unknown {
		return usage(help, "%w", err)
	}
	// Flags are compared with what was typed by the same measure as commands.
	var names cobra.Command
	names.SuggestionsMinimumDistance = likeness
	c.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	similar := names.SuggestionsFor(name)
	for i := range similar {
		similar[i] = "--" + similar[i]
	}
	return usage(didYouMean(similar, help), "--%s is not a flag of %s", name, c.CommandPath())
}

func didYouMean(similar []string, otherwise string) string {
	if len(similar) == 0 {
		return otherwise
	}
	return "did you mean " + strings.Join(similar, " or ") + "?"
}

// arguments is the cobra.PositionalArgs for min to max arguments; max < 0 means any number.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage("usage: "+c.UseLine(), "%s needs %s", c.CommandPath(), what)
		case most >= 0 && len(args) > most:
			return usage("usage: "+c.UseLine(), "%s takes %s: %q is too much", c.CommandPath(), what, args[most])
		}
		return nil
	}
}

// choice is a flag with a fixed set of values.
type choice[T ~string] struct {
	value  *T
	values []T
}

func newChoice[T ~string](value *T, values ...T) *choice[T] { return &choice[T]{value, values} }

// Set implements [pflag.Value].
func (c *choice[T]) Set(s string) error {
	if !slices.Contains(c.values, T(s)) {
		return fmt.Errorf("it may be %s", c.Type())
	}
	*c.value = T(s)
	return nil
}

// String implements [pflag.Value].
func (c *choice[T]) String() string { return string(*c.value) }

// Type implements [pflag.Value].
func (c *choice[T]) Type() string {
	names := make([]string, len(c.values))
	for i, v := range c.values {
		names[i] = string(v)
	}
	return strings.Join(names, "|")
}
