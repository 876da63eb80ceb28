package main

import (
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// changes is what a verb has done, as JSON. Of many jobs that were refused or missing, only
// some are named.
type changes struct {
	Action       string         `json:"action"`
	Filter       string         `json:"filter"`
	Operation    string         `json:"operation"`
	State        string         `json:"state"` // done, stopped or failed
	Asked        int64          `json:"asked"`
	Done         int64          `json:"done"`
	Refused      []wire.Refusal `json:"refused"`
	Missing      []store.ID     `json:"missing"`
	RefusedCount int64          `json:"refused_count"`
	MissingCount int64          `json:"missing_count"`
}

func (c *changes) add(acted *wire.Acted) {
	c.Asked += acted.Asked
	c.Done += acted.Done
	c.Refused = append(c.Refused, acted.Refused...)
	c.Missing = append(c.Missing, acted.Missing...)
	c.RefusedCount += int64(len(acted.Refused))
	c.MissingCount += int64(len(acted.Missing))
}

func changesOf(op *wire.Operation) *changes {
	return &changes{
		Action: op.Action, Filter: op.Filter, Operation: op.ID, State: op.State, Asked: op.Total, Done: op.Done,
		Refused: op.RefusedSample, Missing: op.MissingSample, RefusedCount: op.Refused, MissingCount: op.Missing,
	}
}

// report prints what was done, and returns the error for what was not.
func (b *bulk) report(c *changes) error {
	if c.State == "" {
		c.State = wire.OperationDone
	}
	if c.Refused == nil {
		c.Refused = []wire.Refusal{}
	}
	if c.Missing == nil {
		c.Missing = []store.ID{}
	}
	names := []string{c.Operation}
	if c.Operation == "" {
		names = nil
	}
	err := b.app.print(c, func() error {
		b.app.printf("%s %s\n", b.done, plural(c.Done, "job"))
		return nil
	}, names...)
	if err != nil && b.app.format != formatName {
		return err
	}
	const hint = "bgq jobs list shows the ids"
	code := exitPartial
	if c.Operation == "" {
		code = exitNotFound // each one was named
	}
	switch {
	case c.MissingCount == 1 && c.Operation == "":
		return fail(code, hint, "job %s: not found: it was never there, or was pruned or deleted", c.Missing[0])
	case c.MissingCount > 0 && c.Operation == "":
		return fail(code, hint, "%s do not exist, the first is %s", plural(c.MissingCount, "job"), c.Missing[0])
	case c.RefusedCount == 1:
		r := c.Refused[0]
		return fail(exitPartial, "bgq why "+r.ID.String()+" says what became of it", "job %s is %s: it cannot be %s", r.ID, r.State, b.done)
	case c.RefusedCount > 1:
		r := c.Refused[0]
		return fail(exitPartial, "", "%s could not be %s in their state, the first is %s, %s", plural(c.RefusedCount, "job"), b.done, r.ID, r.State)
	case c.MissingCount > 0:
		return fail(code, "", "%s had been deleted meanwhile", plural(c.MissingCount, "job"))
	}
	return nil
}
