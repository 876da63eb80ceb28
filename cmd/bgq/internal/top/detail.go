package top

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// detail is a job, looked at closely, or the stack of one. As a message it is an answer.
type detail struct {
	id     store.ID
	stack  bool // the stack, not the job
	asking bool
	err    error

	job   *wire.Job
	why   *wire.Why
	trace string // the stack
	lines []store.LogLine
	next  int64 // where the log goes on

	text   []line
	offset int
	moved  bool // the user has moved the text: new lines of the log do not
}

// open looks at a job.
func (m *Model) open(id store.ID, stack bool) tea.Cmd {
	m.detail = &detail{id: id, stack: stack, asking: true}
	return m.detail.fetch(m.cfg.Client, m.live())
}

func (d *detail) same(o *detail) bool { return d.id == o.id && d.stack == o.stack }

// fetch asks for the job, and what is new in its log.
func (d *detail) fetch(c *client.Client, live bool) tea.Cmd {
	ask := detail{id: d.id, stack: d.stack, next: d.next}
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		ask.err = ask.read(ctx, c, live)
		return &ask
	}
}

func (d *detail) read(ctx context.Context, c *client.Client, live bool) error {
	if d.stack {
		s, err := c.Stack(ctx, d.id)
		if err != nil {
			return err
		}
		d.trace = s.Stack
		return nil
	}
	var err error
	if d.job, err = c.Job(ctx, d.id, client.JSON); err != nil {
		return err
	}
	failures, err := c.Failures(ctx, d.id)
	if err != nil {
		return err
	}
	d.job.Failures = failures.Failures
	if d.why, err = c.Why(ctx, d.id); err != nil {
		return err
	}
	for {
		page, err := c.Logs(ctx, d.id, d.next, 0, 0)
		if err != nil {
			return err
		}
		d.lines, d.next = append(d.lines, page.Lines...), page.Next
		if !page.More {
			return nil
		}
	}
}

// take adds an answer to what is known.
func (d *detail) take(m *Model, answer *detail) {
	d.asking, d.err = false, answer.err
	if answer.err == nil {
		d.job, d.why, d.trace, d.next = answer.job, answer.why, answer.trace, answer.next
		d.lines = append(d.lines, answer.lines...)
		d.lines = d.lines[max(len(d.lines)-shownLines, 0):]
	}
	d.draw(m)
}

// draw makes the text anew.
func (d *detail) draw(m *Model) {
	s := &m.screen
	d.text = nil
	switch {
	case d.err != nil && d.job == nil && d.trace == "":
		d.text = s.wrap(red, explain(d.err))
	case d.stack:
		d.text = s.wrap(plain, d.trace)
	case d.job != nil:
		d.text = d.describe(s, m.cfg.Now())
	}
	if d.err != nil && d.text != nil && (d.job != nil || d.trace != "") { // it is as it was last known
		d.text = append(s.wrap(red, explain(d.err)), d.text...)
	}
	d.scroll(0, m.room())
}

// describe is all that is known of the job.
func (d *detail) describe(s *screen, now time.Time) []line {
	j := d.job
	var out []line
	fact := func(name, value string) {
		if value != "" {
			out = append(out, s.hang(10, span{faint, name}, plain, value)...)
		}
	}
	out = append(out, line{{faint, fmt.Sprintf("%-10s", "state")}, {stateStyle(j.State), j.State.String()}, {plain, suffix(j.Reason)}})
	for _, because := range d.why.Because {
		fact("why", because)
	}
	fact("kind", j.Kind)
	fact("queue", j.Queue)
	fact("tries", tries(j))
	if j.Recoveries > 0 {
		fact("crashes", fmt.Sprint(j.Recoveries))
	}
	if j.Batch != nil {
		fact("batch", fmt.Sprintf("%s, index %d", *j.Batch, *j.Index))
	}
	fact("tags", strings.Join(j.Tags, " "))
	fact("unique", j.Unique)
	for _, t := range []struct {
		name string
		at   *time.Time
	}{{"created", j.CreatedAt}, {"run at", j.RunAt}, {"attempted", j.AttemptedAt}, {"ended", j.FinalisedAt}} {
		if t.at != nil {
			fact(t.name, t.at.Local().Format(time.DateTime)+" ("+relative(*t.at, now)+")")
		}
	}
	fact("progress", progress(j.Progress))
	fact("args", string(j.Args))
	if j.State == store.Completed {
		fact("result", string(j.Result))
	}
	for i := range j.Failures {
		out = append(out, describeFailure(s, &j.Failures[i], now)...)
	}
	if len(d.lines) > 0 {
		out = append(out, nil, words(bold, "log"))
	}
	for _, l := range d.lines {
		st := plain
		if l.Level == "warn" || l.Level == "error" {
			st = yellow
		}
		out = append(out, s.wrap(st, l.At.Local().Format(time.TimeOnly)+" "+l.Text)...)
	}
	return out
}

func describeFailure(s *screen, f *store.Failure, now time.Time) []line {
	out := []line{nil, words(bold, fmt.Sprintf("attempt %d failed: %s, %s", f.Attempt, f.Kind, relative(f.At, now)))}
	out = append(out, s.wrap(red, f.Message)...)
	for _, c := range f.Chain[min(1, len(f.Chain)):] {
		out = append(out, s.wrap(faint, "  because: "+c.Message)...)
	}
	for _, more := range []string{f.Output, f.Stack} {
		if more != "" {
			out = append(out, s.wrap(plain, more)...)
		}
	}
	return out
}

func suffix(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// relative writes how far a time is from now.
func relative(t, now time.Time) string {
	if d := t.Sub(now); d > 0 {
		return "in " + lasting(d)
	}
	return lasting(now.Sub(t)) + " ago"
}

// scroll moves the text in a window of so many lines. A text that nobody has moved shows its end while the job
// runs, for there the log grows.
func (d *detail) scroll(by, room int) {
	last := max(len(d.text)-room, 0)
	if by != 0 {
		d.moved = true
	}
	d.offset = min(max(d.offset+by, 0), last)
	if d.moved && d.offset == last && by > 0 {
		d.moved = false // back at the end
	}
	if !d.moved && d.job != nil && d.job.State == store.Running && len(d.lines) > 0 {
		d.offset = last
	}
}

func (m *Model) pressDetail(k string) tea.Cmd {
	d := m.detail
	if by, ok := moves[k]; ok {
		d.scroll(by, m.room())
		return nil
	}
	switch k {
	case "esc", "enter", "backspace":
		m.detail = nil
	case "s":
		return m.open(d.id, true)
	case "r", "c", "d":
		return m.askJob(actions[k], d.id)
	}
	return nil
}
