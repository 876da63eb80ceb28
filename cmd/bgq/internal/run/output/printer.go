package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Printer writes the output of commands, each whole. Its methods may be called from
// any goroutine.
type Printer struct {
	stdout, stderr io.Writer
	ordered        bool

	mu    sync.Mutex
	order []int64          // whose turn comes next, in order
	early map[int64]extent // ended before their turn
	spool *os.File         // the output of early ones
	end   int64            // of the spool
}

// extent is where the output of a command stands in the spool: stdout, then stderr.
type extent struct{ at, stdout, stderr int64 }

// NewPrinter returns a printer that writes output as commands end or, if ordered, in
// the order in which they were announced with Expect.
func NewPrinter(stdout, stderr io.Writer, ordered bool) *Printer {
	return &Printer{stdout: stdout, stderr: stderr, ordered: ordered, early: map[int64]extent{}}
}

// Expect announces the next command in order. It must come before the command's Print.
func (p *Printer) Expect(key int64) {
	if !p.ordered {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = append(p.order, key)
}

// Print prints what a command has printed, now or when its turn has come. The captures
// may be closed when it returns; nil stands for nothing.
func (p *Printer) Print(key int64, stdout, stderr *Capture) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ordered {
		return errors.Join(write(p.stdout, stdout), write(p.stderr, stderr))
	}
	if len(p.order) == 0 || p.order[0] != key {
		return p.put(key, stdout, stderr)
	}
	err := errors.Join(write(p.stdout, stdout), write(p.stderr, stderr))
	p.order = p.order[1:]
	return errors.Join(err, p.release(false))
}

func write(w io.Writer, c *Capture) error {
	if c == nil {
		return nil
	}
	_, err := c.WriteTo(w)
	return err
}

// put keeps output until its turn.
func (p *Printer) put(key int64, stdout, stderr *Capture) error {
	e := extent{at: p.end}
	for _, part := range []struct {
		capture *Capture
		size    *int64
	}{{stdout, &e.stdout}, {stderr, &e.stderr}} {
		if part.capture == nil || part.capture.Size() == 0 {
			continue
		}
		if p.spool == nil {
			f, err := tempFile()
			if err != nil {
				return fmt.Errorf("output that waits for its turn cannot be put aside: %w", err)
			}
			p.spool = f
		}
		n, err := part.capture.WriteTo(io.NewOffsetWriter(p.spool, p.end))
		if err != nil {
			return fmt.Errorf("output that waits for its turn cannot be put aside: %w", err)
		}
		*part.size = n
		p.end += n
	}
	p.early[key] = e
	return nil
}

// release prints what was waiting for the command before it; with all, also what
// waits for one that did not end.
func (p *Printer) release(all bool) error {
	for len(p.order) > 0 {
		e, ended := p.early[p.order[0]]
		if !ended && !all {
			break
		}
		if ended {
			delete(p.early, p.order[0])
			if err := p.copy(e); err != nil {
				return err
			}
		}
		p.order = p.order[1:]
	}
	if len(p.early) == 0 && p.end > 0 {
		p.end = 0
		return p.spool.Truncate(0)
	}
	return nil
}

func (p *Printer) copy(e extent) error {
	_, err := io.Copy(p.stdout, io.NewSectionReader(p.spool, e.at, e.stdout))
	if err != nil {
		return err
	}
	_, err = io.Copy(p.stderr, io.NewSectionReader(p.spool, e.at+e.stdout, e.stderr))
	return err
}

// Close prints what still waits for commands that have not ended, in order, and lets go of
// the spool.
func (p *Printer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.release(true)
	if p.spool != nil {
		err = errors.Join(err, discard(p.spool))
		p.spool = nil
	}
	return err
}
