package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue/filter"
)

// newHelpCommand replaces cobra's, which takes a typo for a question about the root.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command or a topic",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return unknownCommand(about, rest[0])
			}
			return about.Help()
		},
	}
}

// helpTopics are pages of help that are not about one command.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "filter", Short: "The language that selects jobs", Long: filterHelp()},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitHelp()},
	}
}

func filterHelp() string {
	var b strings.Builder
	b.WriteString(`A filter selects jobs. A space means and, a comma means or, a leading minus means not:

  state:failed kind:resize queue:img,mail error~"timed out" age>1h -batch:nov

In a shell, quote what it would read itself: < > ~ * and spaces. The fields:

`)
	for _, f := range filter.Fields() {
		fmt.Fprintf(&b, "  %-30s %s\n", f.Example, f.Meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}

func exitHelp() string {
	var b strings.Builder
	b.WriteString("The exit codes are stable. With -o json an error is one line of JSON on stderr:\n")
	b.WriteString(`{"error":{"code":"not_found","message":"…","hint":"…","exit":5}}` + "\n\n")
	for _, e := range exits {
		fmt.Fprintf(&b, "  %3d  %-12s %s\n", e.code, e.name, e.meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}
