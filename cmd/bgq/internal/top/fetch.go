package top

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// data is an answer to what is asked in each round.
type data struct {
	filter     string // that it was asked with
	err        error  // then nothing else is set
	status     *wire.Status
	jobs       []*wire.Job
	more       bool // there are more jobs than these
	operations []*wire.Operation
}

// fetch asks for data. The filter narrows the jobs: those that run, unless it names states itself.
func (m *Model) fetch(filter string, narrowed bool) tea.Cmd {
	c, now := m.cfg.Client, m.cfg.Now()
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		d := data{filter: filter}
		d.err = d.read(ctx, c, narrowed, now)
		return d
	}
}

func (d *data) read(ctx context.Context, c *client.Client, narrowed bool, now time.Time) error {
	var err error
	if d.status, err = c.Status(ctx); err != nil {
		return err
	}
	req := client.JobsRequest{Filter: d.filter, Limit: shownJobs, Failures: narrowed}
	if !narrowed {
		req.Filter = strings.TrimSpace("state:running " + d.filter)
	}
	page, err := c.Jobs(ctx, req)
	if err != nil {
		return err
	}
	d.jobs, d.more = page.Jobs, page.Next != ""
	if !narrowed {
		slices.SortStableFunc(d.jobs, func(a, b *wire.Job) int { return at(a.AttemptedAt).Compare(at(b.AttemptedAt)) })
	}
	if !d.status.Info.Live { // whatever was done to a file is over
		return nil
	}
	all, err := c.Operations(ctx)
	if err != nil {
		return err
	}
	for _, o := range all.Operations {
		if !o.Ended() || now.Sub(at(o.EndedAt)) < operationStay {
			d.operations = append(d.operations, o)
		}
	}
	return nil
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// groups are the kinds of trouble that failed jobs have. To gather them all failed jobs are looked at, so it is
// asked for less often.
type groups struct {
	filter  string
	err     error
	list    []wire.ErrorGroup
	partial bool
	tooMany bool      // they could not be grouped in the time that there is
	again   time.Time // when it may be asked again
}

// group asks for the groups.
func (m *Model) group(filter string, live bool) tea.Cmd {
	c, now := m.cfg.Client, m.cfg.Now
	limit := patience
	if !live {
		limit = deadPatience
	}
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		g, began := groups{filter: filter}, now()
		answer, err := c.Errors(ctx, filter)
		switch {
		case err == nil:
			g.list, g.partial = answer.Groups, answer.Partial
		case errors.Is(err, context.DeadlineExceeded):
			g.tooMany = true
		default:
			g.err = err
		}
		g.again = now().Add(max(groupsPause, groupsShare*now().Sub(began)))
		return g
	}
}
