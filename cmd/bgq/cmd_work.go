package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient"
	batch "github.com/bgq-dev/bgq/cmd/bgq/internal/run"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// workFlags are the flags of bgq work.
type workFlags struct {
	queues queueSlots
	slots  slots
	grace  time.Duration
}

func newWorkCommand(a *app) *cobra.Command {
	f := workFlags{}
	c := &cobra.Command{
		Use:   "work",
		Short: "Run the command lines that bgq enqueue sh stores",
		Long:  workHelp,
		Example: `  bgq work -j 4
  bgq work --queues default:4,io:1 --grace 1m
  bgq enqueue sh -- make release; bgq top`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error { return a.work(c.Context(), &f) },
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.Var(&f.queues, "queues", "the `queues` to work on, each with how many commands run at once: default:4,io:1 (default: default)")
	flags.VarP(&f.slots, "jobs", "j", "how many run at once of a queue that --queues gives no number: a number, or a part of the processors like 50% (default 80%)")
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "how long what runs may go on when this is asked to end")
	return c
}

const workHelp = `work runs the command lines that bgq enqueue sh stores, until it is asked to end: a small queue of
your own, which survives crashes and reboots. It makes the file if there is none. While it
works it serves the admin socket, so that every other bgq command can be used beside it: bgq top,
bgq jobs logs -f ID, bgq queues pause io.

A line on stderr tells of every command that failed, and on a terminal, or with -v, of every one
that has ended. What they print is in their results and logs.

Ctrl-C or SIGTERM lets it drain: nothing new is started, and what runs has the time of --grace. Then it
is asked to end (SIGTERM), and killed 4 seconds later. A second signal skips the grace, a third ends
everything at once. A command that was interrupted so runs again the next time, and that is not counted
as an attempt. SIGHUP, when the terminal closes, drains too, unless nohup says otherwise. It ends with
exit code 0 when it has drained.

If it is killed, or the machine fails, what was running is found at the next start and runs again: one
at a time, before everything else, because one of them may have been the reason. After 3 crashes such a
job is given up, and bgq jobs list reason:crash_loop shows it. A command must bear to be run again.

As a service of your own, in ~/.config/systemd/user/bgq.service:

  [Unit]
  Description=bgq queue

  [Service]
  Type=notify
  ExecStart=%h/go/bin/bgq work --db %h/queue.db -j 2
  Restart=on-failure
  WatchdogSec=1min
  KillMode=mixed
  TimeoutStopSec=30

  [Install]
  WantedBy=default.target

and then: systemctl --user enable --now bgq. KillMode=mixed leaves it to bgq work to end the commands, and
TimeoutStopSec must be longer than --grace and some seconds.`

// work is bgq work.
func (a *app) work(ctx context.Context, f *workFlags) error {
	switch {
	case a.addrGiven:
		return usage("give --db FILE instead", "bgq work has the file open itself: --addr does not go with it")
	case f.grace < 0:
		return usage("--grace 0s asks what runs to end at once", "--grace %v: give 0 or more", f.grace)
	}
	if err := a.exists(); err != nil && codeOf(err) != exitNoFile {
		return err
	}
	interrupts, stop := listen()
	defer stop()
	systemd := newSystemd()
	w := &worker{app: a}
	c, err := w.open(f)
	if err != nil {
		return err
	}
	// What runs is ended by Close alone, not by the signal that ends ctx.
	if err := c.Start(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(err, c.Close(context.Background()))
	}
	w.say("%s: %s; Ctrl-C drains", a.db, f.describe())
	systemd.tell("READY=1", "STATUS="+f.describe())
	watching, unwatch := context.WithCancel(context.Background())
	defer unwatch()
	go systemd.watch(watching, func(ctx context.Context) error {
		_, err := c.Queue().Store().Queues(ctx)
		return err
	})
	<-interrupts
	systemd.tell("STOPPING=1", "STATUS=draining")
	return w.drain(c, interrupts, f.grace)
}

// worker is one run of bgq work.
type worker struct {
	app *app
	worked
}

// open opens the file with the handler of command lines.
func (w *worker) open(f *workFlags) (*bgclient.Client, error) {
	options := []bgclient.Option{
		bgclient.WithLogger(w.logger()), bgclient.WithWorkers(f.slots.number()), bgclient.WithGrace(f.grace),
	}
	if _, named := f.queues[queue.DefaultQueue]; !named && f.queues != nil {
		options = append(options, bgclient.WithQueue(queue.DefaultQueue, 0))
	}
	for name, n := range f.queues {
		if n < 0 {
			n = f.slots.number()
		}
		options = append(options, bgclient.WithQueue(name, n))
	}
	c, err := bgclient.Open(w.app.db, options...)
	if errors.Is(err, store.ErrLocked) {
		return nil, fail(exitLocked, "bgq status -v says who it is; only one at a time can work on it", "%w", bare(err))
	}
	if err != nil {
		return nil, err
	}
	shell := &batch.Shell{Ended: w.ended}
	if err := bgclient.RegisterRaw(c, batch.ShellKind, shell.Run, executor.HandlerOptions{Quiet: true}); err != nil {
		return nil, errors.Join(err, c.Close(context.Background()))
	}
	return c, nil
}

// bare is an error of a file without its hint.
func bare(err error) error {
	if e, ok := errors.AsType[*store.FileError](err); ok {
		e := *e
		e.Hint = ""
		return &e
	}
	return err
}

// drain ends the work: in good order, or after another signal in a hurry.
func (w *worker) drain(c *bgclient.Client, interrupts <-chan os.Signal, grace time.Duration) error {
	running := int64(0)
	if rows, err := c.Queue().Count(context.Background(), store.Filter{States: store.SetOf(store.Running)}); err == nil {
		running = queue.Total(rows)
	}
	switch {
	case running == 0:
	case grace == 0:
		w.say("stopping: %s asked to end", plurals(running, "command is", "commands are"))
	default:
		w.say("draining: %s up to %v more; once more asks them to end now", plurals(running, "command has", "commands have"), grace)
	}
	ctx, hurry := context.WithCancel(context.Background())
	defer hurry()
	closed := make(chan error, 1)
	go func() { closed <- c.Close(ctx) }()
	for {
		select {
		case err := <-closed:
			w.say("%s", w.worked.describe())
			return without(err, ctx.Err())
		case <-interrupts:
			if running > 0 {
				w.say("asking what runs to end; killing it in 4s")
			}
			hurry()
		}
	}
}

// without returns what is left of joined errors when one of them is of no interest.
func without(err, what error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var rest []error
		for _, e := range joined.Unwrap() {
			rest = append(rest, without(e, what))
		}
		return errors.Join(rest...)
	}
	if what != nil && errors.Is(err, what) {
		return nil
	}
	return err
}
