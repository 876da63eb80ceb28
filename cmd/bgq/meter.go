package main

import (
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// meter shows on stderr how far an operation is: on a terminal as a bar, and elsewhere as a line
// now and then.
type meter struct {
	app      *app
	done     string
	interval time.Duration // to look at the operation
	began    time.Time
	bars     *mpb.Progress
	bar      *mpb.Bar
	silent   bool
}

func (a *app) newMeter(done string) *meter {
	m := &meter{app: a, done: done, interval: lineInterval, began: time.Now()}
	if terminal(a.stderr) && os.Getenv("TERM") != "dumb" {
		m.interval = barInterval
		m.bars = mpb.New(mpb.WithOutput(a.stderr), mpb.WithAutoRefresh(), mpb.WithRefreshRate(barInterval))
	}
	return m
}

// barAfter is how long an operation must take until there is a bar at all.
const barAfter = 300 * time.Millisecond

// show shows a look at the operation.
func (m *meter) show(op *wire.Operation) {
	switch {
	case m.bars == nil:
		if !m.silent { // the first look comes at once
			m.silent = true
		} else if !op.Ended() {
			m.app.say("%s %s of %s", m.done, number(op.Done), plural(op.Total, "job"))
		}
		return
	case m.bar == nil && time.Since(m.began) < barAfter:
		return
	case m.bar == nil:
		m.bar = m.bars.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
			mpb.PrependDecorators(decor.Name(op.ID+" "), decor.CountersNoUnit("%d/%d ")),
			mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), "")))
	}
	m.bar.SetTotal(max(op.Total, 1), false)
	m.bar.SetCurrent(op.Seen)
}

// stopping says that the operation is to end. The ^C that a terminal echoes has moved the cursor; what
// is printed must begin at the left.
func (m *meter) stopping() {
	const text = "stopping after the chunk under way"
	if m.bar == nil {
		m.app.say(text)
	} else if _, err := m.bars.Write([]byte("\r" + text + "\n")); err != nil {
		m.app.say(text)
	}
}

// end takes the bar away.
func (m *meter) end() {
	if m.bar != nil {
		m.bar.Abort(true)
	}
	if m.bars != nil {
		m.bars.Wait()
	}
}
