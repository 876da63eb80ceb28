package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completions teaches the commands below c what the shell can offer: for arguments by what the line of use calls
// them, for flags by their names. What nothing is known of offers nothing, rather than the files that lie about.
func (a *app) completions(c *cobra.Command) {
	for _, sub := range c.Commands() {
		a.completions(sub)
	}
	if c.ValidArgsFunction == nil {
		c.ValidArgsFunction = a.argumentsOf(c)
	}
	register := func(f *pflag.Flag) {
		if complete := a.valuesOf(f); complete != nil {
			_ = c.RegisterFlagCompletionFunc(f.Name, complete) // it fails only for a flag that has one
		}
	}
	c.LocalNonPersistentFlags().VisitAll(register)
	c.PersistentFlags().VisitAll(register)
}

// argumentsOf returns what completes the arguments of a command.
func (a *app) argumentsOf(c *cobra.Command) cobra.CompletionFunc {
	_, arguments, _ := strings.Cut(c.Use, " ")
	parent := ""
	if c.HasParent() {
		parent = c.Parent().Name()
	}
	has := func(word string) bool { return strings.Contains(arguments, word) }
	switch {
	case has("COMMAND [ARG") || has("COMMAND [{}]") || has("OUT"):
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	case has("DIR"):
		return directories
	case has("KIND"):
		return onlyFirst(a.kinds)
	case has("[FILTER"):
		return a.filterTerms
	case has("ID") && parent == "ops":
		return onlyFirst(a.operations)
	case has("ID"):
		most := 1
		if has("ID...") {
			most = -1
		}
		return a.jobIDs(narrowed[c.Name()], most)
	case has("NAME") && parent == "batches":
		return onlyFirst(a.batchNames)
	case has("NAME"):
		return onlyFirst(a.queueNames)
	}
	return cobra.NoFileCompletions
}

// narrowed are the jobs that a verb is about.
var narrowed = map[string]string{
	"retry": "state:failed", "cancel": unended, "hold": "state:available,scheduled,retryable", "release": "state:pending",
	"run-now": "state:scheduled,retryable", "delete": "state:finalised", "wait": unended, "result": "state:completed",
}

const unended = "state:pending,available,scheduled,running,retryable"

// valuesOf returns what completes the values of a flag, or nil where it has none.
func (a *app) valuesOf(f *pflag.Flag) cobra.CompletionFunc {
	if words, ok := f.Value.(interface{ names() []string }); ok {
		return cobra.FixedCompletions(words.names(), cobra.ShellCompDirectiveNoFileComp)
	}
	switch f.Name {
	case "filter":
		return a.filterTerms
	case "queue":
		return a.queueNames
	case "queues":
		return listed(a.queueNames)
	case "by":
		return listed(cobra.FixedCompletions([]string{"state", "kind", "queue"}, cobra.ShellCompDirectiveNoFileComp))
	case "dir", "results", "profile":
		return directories
	case "db", "arg-file", "joblog":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	}
	if f.Value.Type() == "bool" {
		return nil
	}
	return cobra.NoFileCompletions
}

func directories(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// onlyFirst completes the first argument.
func onlyFirst(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(c, args, typed)
	}
}

// listed completes the last part of a list with commas.
func listed(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		before, last := cutLast(typed, ",")
		given := strings.Split(before, ",")
		words, _ := complete(c, args, last)
		var out []string
		for _, w := range words {
			if name, _, _ := strings.Cut(w, "\t"); !slices.Contains(given, name) {
				out = append(out, before+w)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// cutLast cuts a text behind the last separator.
func cutLast(s, separator string) (before, last string) {
	i := strings.LastIndex(s, separator) + 1
	return s[:i], s[i:]
}
