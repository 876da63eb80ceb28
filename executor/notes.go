package executor

import (
	"fmt"
	"sync"
	"time"

	"github.com/bgq-dev/bgq/store"
)

const (
	// notesDelay is how long news of a running job may wait to be stored.
	notesDelay = time.Second
	// maxHead bounds the lines of an attempt that are stored one after the other as they
	// come, and maxTail those that are kept of what follows: the latest. In bytes.
	maxHead = 64 << 10
	maxTail = 16 << 10
	// maxNote bounds the note of a progress.
	maxNote = 4 << 10
	// lineSize is what a line takes besides its text.
	lineSize = 32
)

func sizeOf(l *store.LogLine) int { return len(l.Text) + lineSize }

// notes is what the handler of one attempt has said and nobody has stored yet. Notes are
// made when a handler first says something.
type notes struct {
	mu      sync.Mutex
	closed  bool // the attempt has ended: whatever comes now is dropped
	told    bool // the completer knows that there is something
	head    []store.LogLine
	written int // bytes of all lines that ever were in head
	tail    []store.LogLine
	kept    int // bytes of tail
	dropped int // lines that were in tail once
	news    *store.Progress
}

// add appends a line. It asks for the completer to be told of it.
func (n *notes) add(l store.LogLine) (tell bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	size := sizeOf(&l)
	if len(n.tail) == 0 && n.written+size <= maxHead {
		n.head = append(n.head, l)
		n.written += size
		return n.tell()
	}
	n.tail = append(n.tail, l)
	n.kept += size
	for n.kept > maxTail && len(n.tail) > 1 {
		n.kept -= sizeOf(&n.tail[0])
		n.tail[0] = store.LogLine{}
		n.tail = n.tail[1:]
		n.dropped++
	}
	return false
}

// report replaces the progress. It asks for the completer to be told of it.
func (n *notes) report(p *store.Progress) (tell bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	n.news = p
	return n.tell()
}

func (n *notes) tell() bool {
	first := !n.told
	n.told = true
	return first
}

// take hands over what is to be stored while the attempt goes on.
func (n *notes) take() ([]store.LogLine, *store.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines, progress := n.head, n.news
	n.head, n.news, n.told = nil, nil, false
	return lines, progress
}

// untake gives back what could not be stored.
func (n *notes) untake(lines []store.LogLine, progress *store.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.head = append(lines, n.head...)
	if n.news == nil {
		n.news = progress
	}
	n.told = true
}

// close ends the taking of notes, and hands over all that is left: the lines with the tail,
// and where some are missing, one that says how many.
func (n *notes) close() ([]store.LogLine, *store.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	lines := n.head
	if n.dropped > 0 {
		gap := n.tail[0]
		gap.Level = "warn"
		gap.Text = fmt.Sprintf("… %d lines left out: of each attempt the first %d KiB are kept, and the last %d KiB", n.dropped, maxHead>>10, maxTail>>10)
		lines = append(lines, gap)
	}
	lines = append(lines, n.tail...)
	news := n.news
	n.head, n.tail, n.news = nil, nil, nil
	return lines, news
}

// note hands something that the handler says to its notes, and tells the completer if they ask for it.
func (a *attempt) note(say func(*notes) (tell bool)) {
	n := a.notes.Load()
	if n == nil {
		n = a.openNotes()
	}
	if say(n) {
		a.e.notedLater(a)
	}
}

// openNotes makes the notes of an attempt, unless somebody else does at this moment.
func (a *attempt) openNotes() *notes {
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	if n := a.notes.Load(); n != nil {
		return n
	}
	n := &notes{closed: a.ended}
	a.notes.Store(n)
	return n
}

// notedLater has the completer store the notes of an attempt in a while, together with those of others.
func (e *Executor) notedLater(a *attempt) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if a.ended { // they go with the outcome
		return
	}
	e.noted[a] = struct{}{}
	switch {
	case e.notesSet:
		return
	case e.notesTimer == nil:
		e.notesTimer = time.AfterFunc(notesDelay, e.notesDue)
	default:
		e.notesTimer.Reset(notesDelay)
	}
	e.notesSet = true
}

// notesDue is called by the timer.
func (e *Executor) notesDue() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.notesSet = false
	if len(e.noted) > 0 {
		e.noting = true
		poke(e.work)
	}
}
