package top

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Model is the state of the screen. It is a [tea.Model], and belongs to one goroutine; what it returns
// to be done, other goroutines do, and they do not touch it.
type Model struct {
	cfg           Config
	screen        screen
	width, height int
	still         bool // a single frame, in which nothing is selected

	data     data
	groups   groups
	asking   bool      // for data
	asked    time.Time // since when
	grouping bool      // asking for groups
	since    time.Time // since when nobody answers; zero: somebody does
	trouble  error     // why

	filter   string
	narrowed bool // the filter names states
	focus    pane
	at       [panes]cursor

	detail *detail // of a job, or nil: the lists
	help   bool
	prompt *prompt // a question on the last line, or nil
	notice string  // on the last line
	noted  time.Time

	tick func(time.Duration) tea.Cmd
}

// cursor is which row of a pane is selected: by its key, or where that is gone by its place.
type cursor struct {
	key string
	n   int
}

// New returns the model of an empty screen. It begins to ask when it is run.
func New(cfg Config) *Model {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Model{
		cfg: cfg, width: 80, height: 24, tick: tick,
		screen: screen{clean: cfg.Clean, colours: cfg.Colours, width: 80},
	}
}

// tickMsg says that it is time to look again.
type tickMsg struct{}

func tick(d time.Duration) tea.Cmd { return tea.Tick(d, func(time.Time) tea.Msg { return tickMsg{} }) }

// Init implements [tea.Model].
func (m *Model) Init() tea.Cmd { return tea.Batch(m.look(), m.tick(m.cfg.Interval)) }

// Update implements [tea.Model].
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height, m.screen.width = max(msg.Width, 20), max(msg.Height, 5), max(msg.Width, 20)
		if m.detail != nil {
			m.detail.draw(m)
		}
	case tea.KeyMsg:
		return m, m.press(msg)
	case tickMsg:
		return m, tea.Batch(m.look(), m.tick(m.cfg.Interval))
	case data:
		m.take(msg)
	case groups:
		m.takeGroups(msg)
	case *detail:
		if m.detail != nil && msg.same(m.detail) {
			m.detail.take(m, msg)
		}
	case *prompt:
		m.prompt = msg
	case done:
		m.say(msg.text)
		return m, m.look()
	}
	return m, nil
}

// take shows an answer, unless it is to a question that nobody asks any more.
func (m *Model) take(d data) {
	if d.filter != m.filter {
		return
	}
	m.asking = false
	switch {
	case d.err == nil:
		m.data, m.since, m.trouble = d, time.Time{}, nil
		if !m.shows(m.focus) {
			m.turn(1)
		}
	case m.since.IsZero():
		m.since, m.trouble = m.cfg.Now(), d.err
	default:
		m.trouble = d.err
	}
}

func (m *Model) takeGroups(g groups) {
	if g.filter != m.filter {
		return
	}
	m.grouping = false
	if g.err != nil { // whoever asks for data gets the error too
		m.groups.again = g.again
		return
	}
	m.groups = g
}

// say shows a sentence on the last line for a while.
func (m *Model) say(text string) { m.notice, m.noted = text, m.cfg.Now() }

// look asks for everything that is shown, but for what is being asked for already.
func (m *Model) look() tea.Cmd {
	var cmds []tea.Cmd
	if !m.asking {
		m.asking, m.asked = true, m.cfg.Now()
		cmds = append(cmds, m.fetch(m.filter, m.narrowed))
	}
	if !m.grouping && m.data.status != nil && !m.cfg.Now().Before(m.groups.again) {
		m.grouping = true
		cmds = append(cmds, m.group(m.filter, m.live()))
	}
	if m.detail != nil && !m.detail.asking {
		m.detail.asking = true
		cmds = append(cmds, m.detail.fetch(m.cfg.Client, m.live()))
	}
	return tea.Batch(cmds...)
}

func (m *Model) live() bool { return m.data.status != nil && m.data.status.Info.Live }

// setFilter shows only what a filter selects.
func (m *Model) setFilter(text string, narrowed bool) tea.Cmd {
	m.filter, m.narrowed = text, narrowed
	m.groups = groups{}
	m.data.jobs = nil
	m.asking, m.grouping = false, false // the answers under way are to another question
	return m.look()
}

// failed tells how many of the jobs have failed.
func failed(counts map[string]int64) int64 { return counts["retryable"] + counts["discarded"] }
