package top

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

// done says what became of something that was asked for.
type done struct{ text string }

// do carries something out, and tells what became of it.
func do(act func(ctx context.Context) (string, error)) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		text, err := act(ctx)
		if err != nil {
			text = "not done: " + explain(err)
		}
		return done{text}
	}
}

// explain is an error on one line, with what to do about it.
func explain(err error) string {
	if p, ok := errors.AsType[*wire.Problem](err); ok && p.Hint != "" {
		return p.Error() + ": " + p.Hint
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("there was no answer within %v", patience)
	}
	return err.Error()
}

// past are the words for what was done.
var past = map[string]string{
	wire.ActionRetry: "retried", wire.ActionCancel: "cancelled", wire.ActionDelete: "deleted",
}

// actJob does something to one job.
func (m *Model) actJob(action string, id store.ID) tea.Cmd {
	c := m.cfg.Client
	return do(func(ctx context.Context) (string, error) {
		a, err := c.Act(ctx, wire.Act{Action: action, IDs: []store.ID{id}})
		switch {
		case err != nil:
			return "", err
		case len(a.Missing) > 0:
			return "job " + id.String() + " is gone", nil
		case len(a.Refused) > 0:
			return fmt.Sprintf("job %s is %s: it cannot be %s", id, a.Refused[0].State, past[action]), nil
		}
		return past[action] + " job " + id.String(), nil
	})
}

// actMany looks how many jobs a filter selects for an action, and asks whether to do it to all of them. What
// deletes asks for the number. whose tells which failed jobs they are.
func (m *Model) actMany(action, text, whose string) tea.Cmd {
	c, live := m.cfg.Client, m.live()
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s, err := c.Selection(ctx, action, text, 0)
		switch {
		case err != nil:
			return done{"not done: " + explain(err)}
		case s.Count == 0:
			return done{"there is nothing to " + action}
		case !live && s.IDs == nil:
			return done{fmt.Sprintf("%s jobs are too many while no program works on the file: bgq jobs %s -f does it", number(s.Count), action)}
		}
		carryOut := do(func(ctx context.Context) (string, error) { return carryOut(ctx, c, live, s) })
		question := fmt.Sprintf("%s %s of %s?", action, plural(s.Count, "failed job"), whose)
		if action != wire.ActionDelete {
			return confirm(question, carryOut)
		}
		return &prompt{question: question + " Type the number: ", typed: true, then: func(input string) (tea.Cmd, string) {
			if strings.ReplaceAll(input, ",", "") != strconv.FormatInt(s.Count, 10) {
				return nil, "that is not the number; Esc leaves everything as it is"
			}
			return carryOut, ""
		}}
	}
}

// carryOut does what was asked about: a live program in an operation of its own, which is shown; a file at once.
func carryOut(ctx context.Context, c *client.Client, live bool, s *wire.Selection) (string, error) {
	if live {
		o, err := c.StartOperation(ctx, wire.NewOperation{Action: s.Action, Filter: s.Filter})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s is on its way: %s", s.Action, o.ID), nil
	}
	var n int64
	for ids := range slices.Chunk(s.IDs, 1000) {
		a, err := c.Act(ctx, wire.Act{Action: s.Action, IDs: ids})
		if err != nil {
			return "", fmt.Errorf("after %s of %s: %w", number(n), plural(s.Count, "job"), err)
		}
		n += a.Done
	}
	return fmt.Sprintf("%s %s of %s", past[s.Action], number(n), plural(s.Count, "job")), nil
}

// setPaused asks whether to pause or resume a queue.
func (m *Model) setPaused(name string, pause bool) *prompt {
	c := m.cfg.Client
	change := func(reason string) tea.Cmd {
		return do(func(ctx context.Context) (string, error) {
			w := wire.QueueChange{Paused: &pause}
			if pause {
				w.Reason = &reason
			}
			if _, err := c.SetQueue(ctx, name, w); err != nil {
				return "", err
			}
			if pause {
				return "queue " + name + " is paused", nil
			}
			return "queue " + name + " goes on", nil
		})
	}
	if !pause {
		return confirm("resume queue "+name+"?", change(""))
	}
	return &prompt{
		question: "pause queue " + name + "? Enter pauses it, Esc does not; why: ", typed: true,
		then: func(input string) (tea.Cmd, string) { return change(strings.TrimSpace(input)), "" },
	}
}

// askFilter asks for a filter.
func (m *Model) askFilter() *prompt {
	return &prompt{question: "filter: ", typed: true, input: []rune(m.filter), then: func(input string) (tea.Cmd, string) {
		f, err := filter.Parse(input, m.cfg.Now())
		if err != nil {
			return nil, err.Error()
		}
		m.focus = paneJobs
		return m.setFilter(strings.TrimSpace(input), namesStates(&f)), ""
	}}
}

// namesStates tells whether a filter says something about states, so that it cannot be narrowed to one.
func namesStates(f *store.Filter) bool {
	return f.States != 0 || slices.ContainsFunc(f.Not, func(n store.Filter) bool { return namesStates(&n) })
}
