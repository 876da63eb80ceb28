package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// interval is the flag --watch[=INTERVAL].
type interval time.Duration

// The intervals of --watch.
const (
	usualInterval = 2 * time.Second
	leastInterval = 200 * time.Millisecond
)

// watchFlag adds -w to a command.
func watchFlag(c *cobra.Command, every *time.Duration) {
	c.Flags().VarP((*interval)(every), "watch", "w", "show it again and again, every 2s or --watch=`INTERVAL`")
	c.Flags().Lookup("watch").NoOptDefVal = usualInterval.String()
}

// Set implements [pflag.Value].
func (d *interval) Set(s string) error {
	v, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return fmt.Errorf("give an interval like 500ms, 2s or 1m")
	case v < leastInterval:
		return fmt.Errorf("the least interval is %v", leastInterval)
	}
	*d = interval(v)
	return nil
}

// String implements [pflag.Value].
func (d *interval) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

// Type implements [pflag.Value].
func (d *interval) Type() string { return "interval" }

// watch prints a frame, or one after the other if there is an interval: on a terminal each
// in the place of the last, elsewhere with an empty line between them. Between two frames
// nothing is open. It goes on where the app starts, ends or is busy, and ends with ctx.
func (a *app) watch(ctx context.Context, every time.Duration, frame func(context.Context) error) error {
	if every == 0 {
		return frame(ctx)
	}
	for n := 0; ; n++ {
		b, err := a.frame(ctx, frame)
		switch {
		case ctx.Err() != nil:
			return a.interrupted()
		case err != nil && (n == 0 || !passing(err)):
			return err
		case err != nil:
			b = append(b, fmt.Sprintf("! %s\n", clean(messageOf(err)))...)
		}
		if err := a.show(b, n); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return a.interrupted()
		case <-time.After(every):
		}
	}
}

// interrupted ends what goes on until Ctrl-C. The shell gets a line of its own behind the ^C of the terminal.
func (a *app) interrupted() error {
	if terminal(a.stderr) {
		fmt.Fprintln(a.stderr)
	}
	return leave(exitInterrupted)
}

// passing tells whether the next look may succeed.
func passing(err error) bool {
	switch codeOf(err) {
	case exitError, exitLocked, exitTimeout, exitNoFile:
		return true
	}
	return false
}

// frame returns what would be printed. What is said beside it on a terminal is a part of it.
func (a *app) frame(ctx context.Context, draw func(context.Context) error) ([]byte, error) {
	var b bytes.Buffer
	stdout, stderr := a.stdout, a.stderr
	defer func() { a.stdout, a.stderr = stdout, stderr }()
	a.stdout = &b
	if a.screen.file != nil && terminal(stderr) {
		a.stderr = &b
	}
	err := draw(ctx)
	if closed := a.hangUp(); err == nil {
		err = closed
	}
	return b.Bytes(), err
}

// show writes the n-th frame.
func (a *app) show(frame []byte, n int) error {
	var out strings.Builder
	switch width, height := a.screen.size(); {
	case a.screen.file == nil || height == 0:
		if n > 0 {
			out.WriteByte('\n')
		}
		out.Write(frame)
	default:
		const home, clearLine, clearBelow, clearAll = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"
		if n == 0 {
			out.WriteString(clearAll)
		}
		out.WriteString(home)
		lines := a.fit(string(frame), width)
		if cut := len(lines) - (height - 1); cut > 0 {
			lines = append(lines[:height-2], fmt.Sprintf("… %s", plural(int64(cut+1), "more line")))
		}
		for _, line := range lines {
			out.WriteString(line + clearLine + "\n")
		}
		out.WriteString(clearBelow)
	}
	_, err := io.WriteString(a.stdout, out.String())
	return err
}

// fit returns the lines of a frame, none wider than the terminal: the sentences are broken, and
// what -o wide shows is cut.
func (a *app) fit(frame string, width int) []string {
	var lines []string
	for line := range strings.Lines(frame) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case text.StringWidthWithoutEscSequences(line) <= width:
			lines = append(lines, line)
		case a.format == formatWide:
			lines = append(lines, text.Snip(line, width, "…"))
		default:
			lines = append(lines, strings.Split(text.WrapSoft(line, width), "\n")...)
		}
	}
	return lines
}
