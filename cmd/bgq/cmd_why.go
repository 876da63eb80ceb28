package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
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
	Action  string `json:"action"`
	Why     string `json:"why"`
	Command string `json:"command"` // "" where it is not a command
}

func (a *app) why(ctx context.Context, id store.ID) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	e, err := api.Why(ctx, id)
	if err != nil {
		return err
	}
	v := whyView{ID: id, State: e.Job.State, Because: e.Because, Next: []whyNextView{}}
	for _, r := range e.Remedies {
		v.Next = append(v.Next, whyNextView{r.Action, r.Why, a.remedy(r.Action, e.Job)})
	}
	return a.print(v, func() error {
		a.printf("job %s (kind %s, queue %s) is %s\n", id, clean(e.Job.Kind), clean(e.Job.Queue), a.state(e.Job.State))
		for _, sentence := range e.Because {
			a.printf("  %s\n", indent(a.wrap(cleanLines(sentence), 2), "  "))
		}
		if len(v.Next) > 0 {
			a.printf("\nnext:\n")
		}
		for _, n := range v.Next {
			if n.Command == "" {
				n.Command = "start the program that works on the file"
			}
			a.printf("  %s   (%s)\n", n.Command, clean(n.Why))
		}
		return nil
	}, id.String())
}

// remedy is the command line for an action, or "" if this command cannot do it.
func (a *app) remedy(action string, j *wire.Job) string {
	switch action {
	case "retry", "release", "show", "result":
		return a.self() + " jobs " + action + " " + j.ID.String()
	case "run-now":
		return a.self() + " jobs run-now " + j.ID.String()
	case "resume":
		return a.self() + " queues resume " + shellQuote(j.Queue)
	}
	return ""
}
