package progress

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// refresh is how often the bar is drawn.
const refresh = 100 * time.Millisecond

// bar draws one line that stays below everything else on the terminal.
type bar struct {
	stdout    io.Writer
	stderr    *above
	container *mpb.Progress
	line      *mpb.Bar

	mu     sync.Mutex
	closed bool
}

func newBar(m *Meter, stdout, stderr io.Writer, bothTerminal bool) *bar {
	b := &bar{stdout: stdout}
	b.stderr = &above{bar: b, direct: stderr}
	if bothTerminal {
		b.stdout = b.stderr
	}
	b.container = mpb.New(mpb.WithOutput(stderr), mpb.WithAutoRefresh(), mpb.WithRefreshRate(refresh))

	// All decorators of a frame show the same moment.
	var status Status
	text := func(f func() string) decor.Decorator { return decor.Any(func(decor.Statistics) string { return f() }) }
	b.line = b.container.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.BarRemoveOnComplete(), mpb.BarFillerTrim(),
		mpb.PrependDecorators(text(func() string {
			status = m.Status(time.Now())
			return status.counters() + " "
		})),
		mpb.AppendDecorators(text(func() string { return " " + status.pace() })),
		mpb.BarFillerMiddleware(func(base mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
				s.Total, s.Current = status.Total, status.Ended()
				return base.Fill(w, s)
			})
		}))
	return b
}

func (b *bar) Stdout() io.Writer { return b.stdout }
func (b *bar) Stderr() io.Writer { return b.stderr }

func (b *bar) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	b.line.Abort(true)
	b.container.Wait()
	_, _ = b.stderr.direct.Write(b.stderr.begun)
}

// above writes lines above the bar.
type above struct {
	bar    *bar
	direct io.Writer
	begun  []byte // a line without its end
}

// Write hands whole lines to the terminal: the bar would be drawn behind half of one. A
// very long line is broken.
func (a *above) Write(p []byte) (int, error) {
	const longest = 64 << 10
	a.bar.mu.Lock()
	defer a.bar.mu.Unlock()
	if a.bar.closed {
		return a.direct.Write(p)
	}
	end := bytes.LastIndexByte(p, '\n') + 1
	whole := append(a.begun, p[:end]...)
	a.begun = append([]byte(nil), p[end:]...)
	if len(a.begun) > longest {
		whole, a.begun = append(append(whole, a.begun...), '\n'), nil
	}
	if len(whole) == 0 {
		return len(p), nil
	}
	// The ^C that a terminal echoes moves the cursor; what is printed must begin at the left.
	_, err := a.bar.container.Write(append([]byte{'\r'}, whole...))
	if errors.Is(err, mpb.ErrDone) { // the bar has given up, as when the terminal is gone
		_, err = a.direct.Write(whole)
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}
