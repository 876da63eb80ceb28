package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newWhyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "why ID",
		Short: "Say why a job does not run, or what became of it",
		Example: `  bgq why 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq why 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -o json | jq -r '.next[0].command'`,
		Args: arguments(1, 1, "one job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			return a.why(c.Context(), ids[0])
		},
	}
}

// whyView is an explanation as JSON.
type whyView struct {
	ID      store.ID      `json:"id"`
	State   store.State   `json:"state"`
	Because []string      `json:"because"`
	Next    []whyNextView `json:"next"`
}

type whyNextView struct {
	Action  queue.Action `json:"action"`
	Why     string       `json:"why"`
	Command string       `json:"command"` // "" where it is not a command
}

func (a *app) why(ctx context.Context, id store.ID) error {
	var e queue.Explanation
	err := a.read(func(q *queue.Queue) (err error) {
		// The lock is ours: no program that runs jobs has the file open.
		e, err = q.Why(ctx, id, queue.Circumstances{})
		return err
	})
	if err != nil {
		return err
	}
	if a.format != formatTable {
		v := whyView{ID: id, State: e.Job.State, Because: e.Because, Next: []whyNextView{}}
		for _, r := range e.Remedies {
			v.Next = append(v.Next, whyNextView{r.Do, r.Why, a.remedy(r.Do, id)})
		}
		return a.printJSON(v)
	}
	a.printf("job %s (kind %s, queue %s) is %s\n", id, clean(e.Job.Kind), clean(e.Job.Queue), a.state(e.Job.State))
	for _, sentence := range e.Because {
		a.printf("  %s\n", indent(cleanLines(sentence), "  "))
	}
	if len(e.Remedies) == 0 {
		return nil
	}
	a.printf("\nnext:\n")
	for _, r := range e.Remedies {
		command := a.remedy(r.Do, id)
		if command == "" {
			command = inWords(r.Do)
		}
		a.printf("  %s   (%s)\n", command, clean(r.Why))
	}
	return nil
}

// remedy is the command line for an action, or "" if this command cannot do it.
func (a *app) remedy(do queue.Action, id store.ID) string {
	bgq := "bgq"
	if a.db != defaultFile() {
		bgq += " --db " + shellQuote(a.db)
	}
	switch do {
	case queue.ActRetry, queue.ActRelease, queue.ActRunNow:
		return bgq + " jobs retry " + id.String()
	case queue.ActShow:
		return bgq + " jobs show " + id.String()
	case queue.ActResult:
		return bgq + " jobs result " + id.String()
	}
	return ""
}

// inWords names an action that is not a command.
func inWords(do queue.Action) string {
	if do == queue.ActResume {
		return "resume the queue in the app: Queue.Resume"
	}
	return "start the program that works on the file"
}

// shellQuote makes s one word of a POSIX shell.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%=,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(clean(s), "'", `'\''`) + "'"
}
