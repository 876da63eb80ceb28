package main

import (
	"errors"
	"fmt"
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
		Short:   "List, show, count and await jobs; retry, cancel, hold and delete them",
		Example: `  bgq jobs list state:failed queue:mail
  bgq jobs show 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -o json
  bgq jobs retry -f 'state:discarded error~timeout' --dry-run`,
	}
	c.AddCommand(
		newJobsListCommand(a), newJobsShowCommand(a), newJobsCountCommand(a), newJobsWaitCommand(a),
		newJobsResultCommand(a), newJobsLogsCommand(a),
		newJobsRetryCommand(a), newJobsCancelCommand(a), newJobsDeleteCommand(a),
		newJobsHoldCommand(a), newJobsReleaseCommand(a), newJobsRunNowCommand(a), newTopCommand(a),
	)
	return c
}

// filterFlag adds -f to a command.
func filterFlag(c *cobra.Command, text *string, help string) {
	c.Flags().StringVarP(text, "filter", "f", "", help+"; bgq help filter shows the `FILTER` language")
}

// filterText joins a filter that was given by a flag, as arguments, or both. It is read here already:
// what is wrong in it is a matter of the command line. Its dates and durations are
// read again where the jobs are.
func (a *app) filterText(texts ...string) (string, error) {
	texts = slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return strings.TrimSpace(s) == "" })
	text := strings.Join(texts, " ")
	_, err := a.parseFilter(text)
	return text, err
}

func (a *app) parseFilter(text string) (store.Filter, error) {
	f, err := filter.Parse(text, a.now())
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

// inBatch is the filter for the members of a batch in these states; 0: all of them.
func inBatch(name string, states store.States) string {
	return filter.Format(store.Filter{Batches: []string{name}, States: states})
}

// parseIDs reads ids, each once.
func parseIDs(args []string) ([]store.ID, error) {
	seen := map[store.ID]bool{}
	var ids []store.ID
	for _, arg := range args {
		id, err := store.ParseID(arg)
		if err != nil {
			return nil, usage(wrongID(arg), "%w", err)
		}
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// wrongID says what is wrong with an id, or where ids are found.
func wrongID(s string) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	const length, enough = 26, 20
	runes := []rune(strings.ToUpper(s))
	for i, r := range runes {
		if !strings.ContainsRune(digits, r) && len(runes) >= enough {
			return fmt.Sprintf("character %d is %q, which no id has", i+1, string([]rune(s)[i]))
		}
	}
	switch {
	case len(runes) == length:
		return fmt.Sprintf("it begins with %q: an id begins with a digit up to 7", string(runes[0]))
	case len(runes) >= enough:
		return fmt.Sprintf("it has %d characters", len(runes))
	}
	return "bgq jobs list shows the ids"
}
