package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newOpsCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "ops",
		Aliases: []string{"op", "operations"},
		Short:   "List, show and stop the bulk operations of an app",
		Long: `A bulk change is carried out by the app, as an operation. It goes on when the command that
began it has left (--detach, or a lost terminal). The app remembers its operations until it
ends; bgq audit shows what they have changed after that, too.`,
		Example: `  bgq ops list
  bgq ops stop op_1h2k3m4npqrs`,
	}
	c.AddCommand(newOpsListCommand(a), newOpsShowCommand(a), newOpsStopCommand(a))
	return c
}

var opColumns = []column{
	{name: "ID"}, {name: "ACTION"}, {name: "STATE"}, {name: "DONE", right: true}, {name: "OF", right: true}, {name: "REFUSED", right: true},
	{name: "MISSING", right: true, wide: true}, {name: "STARTED"}, {name: "BY", flex: true}, {name: "REASON", wide: true}, {name: "FILTER", flex: true},
}

func (a *app) opRow(o *wire.Operation) []string {
	return []string{
		clean(o.ID), clean(o.Action), clean(o.State), number(o.Done), number(o.Total), number(o.Refused),
		number(o.Missing), a.when(&o.StartedAt), by(o.By), clean(o.Reason), clean(o.Filter),
	}
}

func newOpsListCommand(a *app) *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List operations, newest first",
		Args:    arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.watch(c.Context(), every, a.listOps)
		},
	}
	watchFlag(c, &every)
	return c
}

func (a *app) listOps(ctx context.Context) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	all, err := api.Operations(ctx)
	if err != nil {
		return err
	}
	if len(all.Operations) == 0 {
		a.say("there are no operations")
	}
	return newList(a, opColumns, a.opRow, func(o *wire.Operation) string { return o.ID }).all(all.Operations)
}

func newOpsShowCommand(a *app) *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use:     "show ID",
		Short:   "Show how far an operation is",
		Example: `  bgq ops show op_1h2k3m4npqrs -w`,
		Args:    arguments(1, 1, "the id of one operation"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.watch(c.Context(), every, func(ctx context.Context) error {
				api, err := a.api()
				if err != nil {
					return err
				}
				op, err := api.Operation(ctx, args[0], 0)
				if err != nil {
					return err
				}
				return a.printOp(op)
			})
		},
	}
	watchFlag(c, &every)
	return c
}

func newOpsStopCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "stop ID",
		Short:   "Stop an operation; what is done stays done",
		Example: `  bgq ops stop op_1h2k3m4npqrs`,
		Args:    arguments(1, 1, "the id of one operation"),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := a.api()
			if err != nil {
				return err
			}
			op, err := api.StopOperation(c.Context(), args[0])
			if err != nil {
				return err
			}
			return a.printOp(op)
		},
	}
}

func (a *app) printOp(o *wire.Operation) error {
	return a.print(o, func() error {
		f := factSheet{app: a}
		f.add("operation", clean(o.ID))
		f.add("action", clean(o.Action))
		f.add("state", clean(o.State))
		f.add("filter", clean(o.Filter))
		f.add("by", by(o.By))
		f.add("reason", clean(o.Reason))
		f.at("started", &o.StartedAt)
		f.at("ended", o.EndedAt)
		if len(o.Report) == 0 {
			f.add("done", fmt.Sprintf("%s of %s%s", number(o.Done), number(o.Total), percent(o.Done, o.Total)))
			f.add("refused", number(o.Refused))
			f.add("missing", number(o.Missing))
		}
		if o.Error != nil {
			f.add("error", clean(o.Error.Detail))
		}
		f.add("report", showValue(json.RawMessage(o.Report)))
		f.print()
		for _, r := range o.RefusedSample {
			a.printf("refused: %s is %s\n", r.ID, r.State)
		}
		for _, id := range o.MissingSample {
			a.printf("missing: %s\n", id)
		}
		return nil
	}, o.ID)
}
