package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/top"
)

func newTopCommand(a *app) *cobra.Command {
	every := interval(time.Second)
	var once bool
	c := &cobra.Command{
		Use:   "top",
		Short: "Watch queues, running jobs and failures live, and act with keys",
		Long: `Watch the queue live, on the whole terminal: its queues, the jobs that run, the failures by their
cause, operations and batches. Keys look closer and act: ? lists them; what changes much is
asked first. It goes on when the app restarts, and works when none runs: then the file is opened for
a moment each time.

--once prints all of it once, as plain text.`,
		Example: `  bgq top
  bgq top --interval 250ms
  bgq top --once`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			if a.format != formatTable {
				return usage("bgq status -o json is for programs", "bgq top is for people: -o %s does not go with it", a.format)
			}
			if once {
				return a.topOnce(c.Context())
			}
			return a.top(c.Context(), time.Duration(every))
		},
	}
	c.Flags().Var(&every, "interval", "look again after this `duration`")
	c.Flags().BoolVar(&once, "once", false, "print it once, as plain text")
	return c
}

func (a *app) topConfig() (top.Config, error) {
	api, err := a.api()
	if err != nil {
		return top.Config{}, err
	}
	if a.target != nil {
		if err := a.exists(); err != nil {
			return top.Config{}, err
		}
	}
	name := a.db
	if a.target == nil {
		name = a.addr
	}
	return top.Config{Client: api, File: name, Clean: clean, Colours: a.screen.colours, Now: a.now}, nil
}

func (a *app) topOnce(ctx context.Context) error {
	cfg, err := a.topConfig()
	if err != nil {
		return err
	}
	width, _ := a.screen.size()
	frame, err := top.Frame(ctx, cfg, width)
	if err != nil {
		return err
	}
	a.printf("%s", frame)
	return nil
}

// top shows the screen until the user leaves it.
func (a *app) top(ctx context.Context, every time.Duration) error {
	if a.screen.file == nil || !terminal(a.stdin) || os.Getenv("TERM") == "dumb" {
		return usage("bgq top --once prints it once; bgq status -w goes on without keys", "bgq top needs a terminal")
	}
	// What is said beside it would be lost in the screen, or spoil it.
	silent := *a
	silent.stderr = io.Discard
	silent.verbose = false
	cfg, err := silent.topConfig()
	if err != nil {
		return err
	}
	cfg.Interval = every
	_, err = tea.NewProgram(top.New(cfg), tea.WithContext(ctx), tea.WithAltScreen(), tea.WithoutSignalHandler(),
		tea.WithInput(a.stdin), tea.WithOutput(a.stdout)).Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return errors.Join(err, silent.hangUp())
}
