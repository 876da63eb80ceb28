package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/input"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// DryRun prints the command lines that Run would run, to o.Stdout, and changes
// nothing. q may be nil: there is no journal yet. The summary counts as its Total what
// would be run.
func DryRun(ctx context.Context, q *queue.Queue, source *input.Source, o Options) (Summary, error) {
	s := &session{q: q, opts: o}
	if err := s.prepare(); err != nil {
		return Summary{}, err
	}
	p := &plan{members: map[key]member{}}
	sum := Summary{Batch: s.opts.Name}
	if q != nil && !o.Restart {
		b, err := s.existing(ctx)
		if err == nil {
			p, err = loadPlan(ctx, q, b, o.RetryFailed)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return sum, err
		}
	}
	out := bufio.NewWriter(o.Stdout)
	chunks := reading(ctx, source)
	for {
		select {
		case c := <-chunks:
			for _, in := range c.inputs {
				if err := s.pretend(out, p, in, &sum); err != nil {
					return sum, err
				}
			}
			if err := out.Flush(); err != nil {
				return sum, err
			}
			if c.err == io.EOF {
				sum.Unlisted = int64(len(p.unlisted(store.EveryState &^ store.FinalStates)))
				return sum, nil
			}
			if c.err != nil {
				return sum, c.err
			}
		case <-ctx.Done():
			return sum, ctx.Err()
		}
	}
}

// existing finds the batch, which must be of the same command.
func (s *session) existing(ctx context.Context) (store.Batch, error) {
	b, err := s.q.Store().Batch(ctx, s.opts.Name)
	if err != nil {
		return b, err
	}
	if b.Kind != Kind || b.Fingerprint != fingerprint(s.opts.Command, s.opts.Shell) {
		return b, mismatch(b, fmt.Errorf("batch %q: %w", b.Name, store.ErrBatchMismatch))
	}
	return b, nil
}

func (s *session) pretend(w io.Writer, p *plan, in string, sum *Summary) error {
	_, index, action := p.decide(in)
	switch {
	case action == skip:
		sum.Before++
		return nil
	case action == leave:
		sum.Unmet++
		return nil
	}
	sum.Total++
	// Which slot a command will get is not known.
	_, err := fmt.Fprintln(w, s.template.Line(template.Values{Input: in, Seq: index + 1, Slot: 1}))
	return err
}
