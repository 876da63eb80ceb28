package main

import (
	"context"
	"errors"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// operate carries out an operation and reports it. If no app runs, the file stays open as long as
// that takes.
func (b *bulk) operate(ctx context.Context, n wire.NewOperation) error {
	api, err := b.app.api()
	if err != nil {
		return err
	}
	if b.detach {
		op, err := api.StartOperation(ctx, n)
		if err != nil {
			return err
		}
		return b.app.print(op, func() error {
			b.app.say("it goes on in the app: %s ops show %s", b.app.self(), op.ID)
			b.app.printf("%s\n", op.ID)
			return nil
		}, op.ID)
	}
	if n.Rate > 0 {
		live, err := b.app.isLive(ctx)
		if err != nil {
			return err
		}
		if !live { // the file would be held for nothing: nobody runs the jobs
			n.Rate = 0
			b.app.say("note: no app works on %s, so they are all %s at once; bgq queues set NAME --rate slows down how fast an app starts them", b.app.db, b.done)
		}
	}
	release, err := b.app.hold(ctx, false)
	if err != nil {
		return err
	}
	defer release()
	op, err := b.app.carryOut(ctx, n, b.done)
	if op == nil {
		return err
	}
	reported := b.report(changesOf(op))
	switch {
	case err != nil:
		return err
	case op.State == wire.OperationStopped && ctx.Err() != nil:
		b.app.say("stopped: %s of %s were %s, the rest is as it was", number(op.Done), plural(op.Total, "job"), b.done)
		return leave(exitInterrupted)
	case op.State == wire.OperationStopped:
		return fail(exitPartial, "bgq audit shows who changes what", "somebody has stopped it: %s of %s were %s", number(op.Done), plural(op.Total, "job"), b.done)
	}
	return reported
}

// How often an operation is looked at while a bar shows it, and else.
const (
	barInterval  = 100 * time.Millisecond
	lineInterval = 10 * time.Second
)

// carryOut starts an operation and waits for its end. When ctx ends it is stopped. An operation that
// failed is returned with its error.
func (a *app) carryOut(ctx context.Context, n wire.NewOperation, done string) (*wire.Operation, error) {
	api, err := a.api()
	if err != nil {
		return nil, err
	}
	op, err := api.StartOperation(ctx, n)
	if err != nil {
		return nil, err
	}
	id := op.ID
	meter := a.newMeter(done)
	defer meter.end()
	for err == nil && !op.Ended() {
		meter.show(op)
		var next *wire.Operation
		if next, err = api.Operation(ctx, id, meter.interval); err == nil {
			op = next
		}
		if ctx.Err() != nil {
			meter.stopping()
			return a.stopOperation(context.WithoutCancel(ctx), api, id)
		}
	}
	meter.show(op)
	switch {
	case err != nil && (hungUp(err) || isProblem(err, wire.CodeClosed, wire.CodeNotFound)):
		return nil, fail(exitError, "what was changed stays so; bgq audit shows it, and the same command goes on",
			"the app ended while it was at it: %s of %s were %s when it was last seen", number(op.Done), plural(op.Total, "job"), done)
	case err != nil:
		return nil, err
	case op.State == wire.OperationFailed && op.Error != nil:
		return op, op.Error
	case op.State == wire.OperationFailed:
		return op, errors.New("the operation failed")
	}
	return op, nil
}

// stopOperation stops an operation and waits for its end.
func (a *app) stopOperation(ctx context.Context, api *client.Client, id string) (*wire.Operation, error) {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	op, err := api.StopOperation(ctx, id)
	for err == nil && !op.Ended() {
		op, err = api.Operation(ctx, id, patience)
	}
	return op, err
}
