package run

import (
	"fmt"
	"io"
	"strings"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
)

// Summary is how a run ended.
type Summary struct {
	progress.Status
	Batch    string
	Unlisted int64 // unfinished inputs of earlier runs that are not in the list
	// Interrupted and Halted tell why inputs may be left to run.
	Interrupted, Halted bool
}

// AllDone tells whether every input is done, by this run or an earlier one.
func (s *Summary) AllDone() bool {
	return s.Failed == 0 && s.Unmet == 0 && s.left() == 0 && !s.Reading
}

// Empty tells that the run never had an input.
func (s *Summary) Empty() bool { return s.Total+s.Before+s.Unmet == 0 }

func (s *Summary) left() int64 { return s.Total - s.Ended() }

// Line says in one line how the run ended.
func (s *Summary) Line() string {
	if s.Empty() {
		return "no inputs"
	}
	parts := []string{fmt.Sprintf("%d ok", s.OK)}
	for _, p := range []struct {
		n    int64
		what string
	}{
		{s.Failed, "failed"}, {s.Before, "done before"}, {s.Unmet, "failed before"}, {s.left(), "left to run"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	line := strings.Join(parts, ", ") + " in " + progress.Duration(s.Elapsed)
	if s.Halted {
		line += "; halted by --halt"
	}
	return line
}

// Write says how the run ended and what to do next. target is the --db flag to repeat in
// commands, or empty; again is the line that goes on.
func (s *Summary) Write(w io.Writer, target, again string) {
	fmt.Fprintf(w, "bgq run: %s (batch %s)\n", s.Line(), s.Batch)
	if s.Failed+s.Unmet > 0 {
		fmt.Fprintf(w, "  what failed:   bgq%s jobs list %s state:failed,cancelled\n", target, template.Quote("batch:"+s.Batch))
		fmt.Fprintf(w, "  try it again:  the same line with --retry-failed\n")
	}
	if s.left() > 0 || s.Reading {
		fmt.Fprintf(w, "  to go on:      %s\n", again)
	}
	if s.Unlisted > 0 {
		fmt.Fprintf(w, "  note: %d unfinished inputs of earlier runs are not in this list: they are held until a list has them\n", s.Unlisted)
	}
}

// WriteJSON writes the summary as one line of JSON.
func (s *Summary) WriteJSON(w io.Writer) error {
	return progress.WriteJSON(w, "summary", s.Status, map[string]any{
		"batch": s.Batch, "left": s.left(), "unlisted": s.Unlisted, "interrupted": s.Interrupted, "halted": s.Halted,
	})
}
