package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

func newJobsCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "jobs",
		Aliases: []string{"job"},
		Short:   "List, show, count, retry and cancel jobs",
		Example: `  bgq jobs list state:failed queue:mail
  bgq jobs show 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -o json
  bgq jobs retry -f 'state:discarded error~timeout' --dry-run`,
	}
	c.AddCommand(
		newJobsListCommand(a), newJobsShowCommand(a), newJobsCountCommand(a), newJobsResultCommand(a),
		newJobsWaitCommand(a), newJobsRetryCommand(a), newJobsCancelCommand(a),
	)
	return c
}

// filterFlag adds -f to a command.
func filterFlag(c *cobra.Command, text *string, help string) {
	c.Flags().StringVarP(text, "filter", "f", "", help+"; bgq help filter shows the `FILTER` language")
}

// parseFilter reads a filter that was given by a flag, as arguments, or both.
func (a *app) parseFilter(texts ...string) (store.Filter, error) {
	texts = slices.DeleteFunc(texts, func(s string) bool { return s == "" })
	f, err := filter.Parse(strings.Join(texts, " "), a.now())
	if err != nil {
		if e, ok := errors.AsType[*filter.SyntaxError](err); ok && e.Hint != "" {
			hint := e.Hint
			short := *e
			short.Hint = ""
			return store.Filter{}, usage(hint, "%w", &short)
		}
		return store.Filter{}, usage("bgq help filter shows the language", "%w", err)
	}
	return f, nil
}

// parseIDs reads ids, each once.
func parseIDs(args []string) ([]store.ID, error) {
	var ids []store.ID
	for _, arg := range args {
		id, err := store.ParseID(arg)
		if err != nil {
			return nil, usage("bgq jobs list shows the ids", "%w", err)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
