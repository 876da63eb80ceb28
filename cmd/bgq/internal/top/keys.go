package top

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

// keys are explained in the order of the help.
var keys = []struct{ key, does string }{
	{"up down j k", "move the selection; PgUp PgDn g G move it far"},
	{"tab 1-5", "go to another list"},
	{"enter", "look closer: a job; of a queue or batch its jobs; of failures the latest job"},
	{"esc", "back, and away with the filter"},
	{"/", "filter what is listed, in the language of bgq help filter; with state: every job, not only what runs"},
	{"p u", "pause and resume the selected queue"},
	{"r", "retry the selected job, the failures of one kind, or what failed of a batch"},
	{"c", "cancel the selected job; stop the selected operation"},
	{"d", "delete the selected job, or the failures of one kind"},
	{"s", "the stack of a job that runs"},
	{"q", "quit"},
}

// press takes keys. What comes at once is one message, be it typed quickly or pasted; what was pasted is
// a text and no keys.
func (m *Model) press(key tea.KeyMsg) tea.Cmd {
	if m.prompt != nil && m.prompt.typed || len(key.Runes) <= 1 {
		return m.pressOne(key)
	}
	if key.Paste {
		return nil
	}
	var cmds []tea.Cmd
	for i, r := range key.Runes {
		if m.prompt != nil && m.prompt.typed { // the rest is the answer
			rest := key
			rest.Runes = key.Runes[i:]
			return tea.Batch(append(cmds, m.pressOne(rest))...)
		}
		one := key
		one.Runes = []rune{r}
		cmds = append(cmds, m.pressOne(one))
	}
	return tea.Batch(cmds...)
}

func (m *Model) pressOne(key tea.KeyMsg) tea.Cmd {
	if m.prompt != nil {
		return m.answer(key)
	}
	m.notice = ""
	k := key.String()
	switch {
	case k == "q" || k == "ctrl+c":
		return tea.Quit
	case k == "ctrl+z":
		return tea.Suspend
	case m.help:
		m.help = false
	case k == "?":
		m.help = true
	case m.detail != nil:
		return m.pressDetail(k)
	default:
		return m.pressList(k)
	}
	return nil
}

// far is how many rows PgUp and PgDn go.
const far = 10

// moves are how far the keys move the selection or the text.
var moves = map[string]int{
	"up": -1, "k": -1, "down": 1, "j": 1, "pgup": -far, "pgdown": far, "home": -1e6, "g": -1e6, "end": 1e6, "G": 1e6,
}

func (m *Model) pressList(k string) tea.Cmd {
	if by, ok := moves[k]; ok {
		m.move(by)
		return nil
	}
	switch k {
	case "tab":
		m.turn(1)
	case "shift+tab":
		m.turn(-1)
	case "1", "2", "3", "4", "5":
		if p := pane(k[0] - '1'); m.shows(p) {
			m.focus = p
		}
	case "enter":
		return m.closer()
	case "esc":
		if m.filter != "" {
			return m.setFilter("", false)
		}
	case "/":
		m.prompt = m.askFilter()
	case "p", "u":
		m.pressQueue(k == "p")
	case "s":
		if j := m.job(); j != nil {
			return m.open(j.ID, true)
		}
	case "r", "c", "d":
		return m.pressAct(k)
	}
	return nil
}

func (m *Model) pressQueue(pause bool) {
	if m.focus != paneQueues || m.here() == "" {
		m.say("select a queue first")
		return
	}
	m.prompt = m.setPaused(m.here(), pause)
}

// unended narrows a filter to the jobs that somebody may want to look at.
const unended = " state:running,failed,available,scheduled,pending"

// closer looks at what is selected.
func (m *Model) closer() tea.Cmd {
	switch name := m.here(); m.focus {
	case paneQueues:
		if name != "" {
			m.focus = paneJobs
			return m.setFilter(filter.Format(store.Filter{Queues: []string{name}})+unended, true)
		}
	case paneBatches:
		if name != "" {
			m.focus = paneJobs
			return m.setFilter(filter.Format(store.Filter{Batches: []string{name}})+unended, true)
		}
	case paneJobs:
		if j := m.job(); j != nil {
			return m.open(j.ID, false)
		}
	case paneFailures:
		if g := m.failure(); g != nil {
			return m.open(g.Example, false)
		}
	}
	return nil
}

// actions of the keys.
var actions = map[string]string{"r": wire.ActionRetry, "c": wire.ActionCancel, "d": wire.ActionDelete}

// pressAct does something to what is selected.
func (m *Model) pressAct(k string) tea.Cmd {
	action := actions[k]
	if j := m.job(); j != nil {
		return m.askJob(action, j.ID)
	}
	if g := m.failure(); g != nil && action != wire.ActionCancel {
		return m.actMany(action, g.Filter, "kind "+g.Kind)
	}
	switch name := m.here(); {
	case name != "" && m.focus == paneOperations && action == wire.ActionCancel:
		c := m.cfg.Client
		m.prompt = confirm("stop operation "+name+"?", do(func(ctx context.Context) (string, error) {
			o, err := c.StopOperation(ctx, name)
			if err != nil {
				return "", err
			}
			return "operation " + name + " is " + o.State + ": it has changed " + plural(o.Done, "job"), nil
		}))
	case name != "" && m.focus == paneBatches && action == wire.ActionRetry:
		return m.actMany(action, filter.Format(store.Filter{Batches: []string{name}, States: store.FailedStates}), "batch "+name)
	default:
		m.say("there is nothing selected to " + action)
	}
	return nil
}

// askJob asks before it does something to a job, but for a retry, which does no harm.
func (m *Model) askJob(action string, id store.ID) tea.Cmd {
	if action == wire.ActionRetry {
		return m.actJob(action, id)
	}
	m.prompt = confirm(action+" job "+id.String()+"?", m.actJob(action, id))
	return nil
}
