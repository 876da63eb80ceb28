package main

import (
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// terminal tells whether stream is one.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// screen is what stdout is, whatever is put in its place for a while: a terminal, or none.
type screen struct {
	file    *os.File // nil: no terminal
	colours bool
}

func screenOf(stdout io.Writer) screen {
	if !terminal(stdout) {
		return screen{}
	}
	return screen{file: stdout.(*os.File)}
}

// size returns the width and the height of the terminal; 0: there is none, and nothing is cut.
func (s *screen) size() (width, height int) {
	if s.file == nil {
		return 0, 0
	}
	w, h, err := term.GetSize(int(s.file.Fd()))
	if err != nil {
		return 0, 0
	}
	return w, h
}

// wrap breaks a text into lines that fit behind a margin. Off a terminal it stays as it is.
func (a *app) wrap(s string, margin int) string {
	const least = 20
	width, _ := a.screen.size()
	if width < margin+least {
		return s
	}
	return text.WrapSoft(s, width-margin)
}

// cut shortens a line to what fits. Off a terminal it stays as it is.
func (a *app) cut(line string) string {
	width, _ := a.screen.size()
	if width == 0 {
		return line
	}
	return text.Snip(line, width, "…")
}

// colourMode is the value of --color.
type colourMode string

const (
	colourAuto   colourMode = "auto"
	colourAlways colourMode = "always"
	colourNever  colourMode = "never"
)

// settle decides about colours. What the flag says counts more than the environment.
func (s *screen) settle(mode colourMode) {
	set := func(name string) bool { return os.Getenv(name) != "" }
	off := func(name string) bool { return os.Getenv(name) == "0" }
	switch {
	case mode != colourAuto:
		s.colours = mode == colourAlways
	case set("NO_COLOR"):
	case set("CLICOLOR_FORCE") && !off("CLICOLOR_FORCE"):
		s.colours = true
	default:
		s.colours = s.file != nil && os.Getenv("TERM") != "dumb" && !off("CLICOLOR")
	}
	if s.colours {
		text.EnableColors() // the library has an opinion of its own
	}
}

// paint colours s where colours are wanted. Colour never says what the text does not.
func (a *app) paint(c text.Colors, s string) string {
	if !a.screen.colours {
		return s
	}
	return c.Sprint(s)
}
