package main

import (
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// benchStatus shows on stderr what is being measured: on a terminal as a line that
// is written over, elsewhere as a line now and then. It draws only when told
// something: a clock of its own would disturb what is measured.
type benchStatus struct {
	app   *app
	width int  // of the terminal; 0: it is none
	drawn bool // there is a line to be wiped out
	last  time.Time
}

// statusInterval is how often a line is written where it stays.
const statusInterval = 10 * time.Second

func newBenchStatus(a *app) *benchStatus {
	s := &benchStatus{app: a, last: a.now()}
	if f, ok := a.stderr.(*os.File); ok && terminal(f) && os.Getenv("TERM") != "dumb" {
		s.width, _, _ = term.GetSize(int(f.Fd()))
	}
	return s
}

func (s *benchStatus) say(what string) {
	if s.width > 0 {
		fmt.Fprintf(s.app.stderr, "\r\x1b[K%s", text.Snip(what, s.width-1, "…"))
		s.drawn = true
		return
	}
	if now := s.app.now(); now.Sub(s.last) >= statusInterval {
		s.last = now
		s.app.say("bgq bench: %s", what)
	}
}

// clear wipes the line out, so that something else can be printed.
func (s *benchStatus) clear() {
	if s.drawn {
		fmt.Fprint(s.app.stderr, "\r\x1b[K")
		s.drawn = false
	}
}
