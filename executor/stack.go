package executor

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"slices"
	"strings"

	"github.com/bgq-dev/bgq/store"
)

// maxStack bounds what Stack returns, in bytes.
const maxStack = 64 << 10

// Stack returns where the goroutines of a running job are: first the one that runs its
// handler, then those that the handler started, each stack as in a panic. false: no handler of the job runs here.
//
// A goroutine belongs to a slot: one that an earlier job of the slot left behind is
// shown as well. The whole process stands still for a moment, longer with many goroutines.
func (e *Executor) Stack(id store.ID) (string, bool) {
	e.mu.Lock()
	a := e.attempts[id]
	if a == nil || a.slot == 0 {
		e.mu.Unlock()
		return "", false
	}
	mark := a.lane.desks[a.slot-1].mark
	e.mu.Unlock()

	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return "", false
	}
	e.mu.Lock()
	over := a.released
	e.mu.Unlock()
	if over { // the slot may have been another job's by then
		return "", false
	}
	stacks := stacksOf(profile.String(), fmt.Sprintf("%q:%q", labelSlot, mark))
	return cut(strings.Join(stacks, "\n"), maxStack), len(stacks) > 0
}

// stacksOf returns the stacks of the goroutines with a label, that of the handler first. The
// profile is the text of package pprof: a paragraph for goroutines with equal stacks, which
// begins with their number and their labels. Unlike the form with debug=2 it has labels.
func stacksOf(profile, label string) []string {
	var stacks []string
	for paragraph := range strings.SplitSeq(profile, "\n\n") {
		lines := strings.Split(strings.TrimLeft(paragraph, "\n"), "\n")
		if strings.HasPrefix(lines[0], "goroutine profile:") {
			lines = lines[1:]
		}
		if len(lines) < 2 || !strings.HasPrefix(lines[1], "# labels:") || !strings.Contains(lines[1], label) {
			continue
		}
		count, _, _ := strings.Cut(lines[0], " ")
		text, handler := frames(lines[2:])
		switch {
		case handler:
			stacks = slices.Insert(stacks, 0, "goroutine of the handler:\n"+text)
		case count == "1":
			stacks = append(stacks, "another goroutine:\n"+text)
		default:
			stacks = append(stacks, count+" other goroutines, each:\n"+text)
		}
	}
	return stacks
}

// own are the functions of an attempt that stand below every handler.
var own = []string{"github.com/bgq-dev/bgq/executor.(*attempt).run", "github.com/bgq-dev/bgq/executor.(*attempt).call"}

// frames writes the lines of a profile as stacks are written elsewhere, without our own frames
// at the bottom. handler tells that there were such.
func frames(lines []string) (text string, handler bool) {
	var b strings.Builder
	for _, line := range lines {
		// # address function+offset file:line, with any number of tabs between
		parts := slices.DeleteFunc(strings.Split(line, "\t"), func(s string) bool { return s == "" })
		if len(parts) < 4 {
			continue
		}
		function, offset := parts[2], ""
		if i := strings.LastIndexByte(function, '+'); i >= 0 {
			function, offset = function[:i], function[i:]
		}
		if slices.Contains(own, function) {
			handler = true
			break
		}
		fmt.Fprintf(&b, "%s(...)\n\t%s %s\n", function, parts[3], offset)
	}
	return b.String(), handler
}
