package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// Mode is how progress is shown.
type Mode string

// The modes. Auto is Bar on a terminal and Plain elsewhere.
const (
	Auto  Mode = "auto"
	Bar   Mode = "bar"
	Plain Mode = "plain"
	JSON  Mode = "json"
	None  Mode = "none"
)

const (
	plainInterval = 10 * time.Second
	jsonInterval  = time.Second
)

// Reporter shows how far a run is while it runs.
type Reporter interface {
	// Stdout and Stderr take what is to be printed beside the progress, in any number
	// of pieces and from any goroutine. After Close they still work.
	Stdout() io.Writer
	Stderr() io.Writer
	// Close ends the showing. It does not write a summary.
	Close()
}

// NewReporter starts to show what m counts, on stderr, by a mode that is not Auto.
// bothTerminal tells that stdout is the same terminal as stderr.
func NewReporter(mode Mode, m *Meter, stdout, stderr io.Writer, bothTerminal bool) Reporter {
	if mode == Bar { // which must see the terminal itself, for its width
		return newBar(m, stdout, stderr, bothTerminal)
	}
	stderr = &locked{w: stderr}
	switch mode {
	case Plain:
		return newTicker(plainInterval, stdout, stderr, func() { fmt.Fprintf(stderr, "bgq run: %s\n", m.Status(time.Now()).Line()) })
	case JSON:
		return newTicker(jsonInterval, stdout, stderr, func() { WriteJSON(stderr, "status", m.Status(time.Now()), nil) })
	}
	return quiet{stdout, stderr}
}

// locked is a writer for several goroutines.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// quiet shows nothing.
type quiet struct{ stdout, stderr io.Writer }

func (q quiet) Stdout() io.Writer { return q.stdout }
func (q quiet) Stderr() io.Writer { return q.stderr }
func (q quiet) Close()            {}

// ticker writes a line now and then.
type ticker struct {
	quiet
	stop  chan struct{}
	ended sync.WaitGroup
}

func newTicker(every time.Duration, stdout, stderr io.Writer, line func()) *ticker {
	t := &ticker{quiet: quiet{stdout, stderr}, stop: make(chan struct{})}
	t.ended.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				line()
			case <-t.stop:
				return
			}
		}
	})
	return t
}

func (t *ticker) Close() {
	close(t.stop)
	t.ended.Wait()
}

// message is a line of JSON: of type status while a run goes on, summary at its end.
type message struct {
	Type           string   `json:"message_type"`
	Total          int64    `json:"total"`
	Reading        bool     `json:"reading"`
	Ended          int64    `json:"ended"`
	OK             int64    `json:"ok"`
	Failed         int64    `json:"failed"`
	DoneBefore     int64    `json:"done_before"`
	FailedBefore   int64    `json:"failed_before"`
	Retries        int64    `json:"retries"`
	ElapsedSeconds float64  `json:"elapsed_seconds"`
	PerSecond      float64  `json:"per_second"`
	ETASeconds     *float64 `json:"eta_seconds,omitempty"`
}

// WriteJSON writes a status as a line of JSON, with further fields.
func WriteJSON(w io.Writer, kind string, s Status, more any) error {
	m := message{
		Type: kind, Total: s.Total, Reading: s.Reading, Ended: s.Ended(), OK: s.OK, Failed: s.Failed,
		DoneBefore: s.Before, FailedBefore: s.Unmet, Retries: s.Retries,
		ElapsedSeconds: s.Elapsed.Seconds(), PerSecond: s.Rate,
	}
	if s.ETA >= 0 {
		eta := s.ETA.Seconds()
		m.ETASeconds = &eta
	}
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if more != nil {
		rest, err := json.Marshal(more)
		if err != nil {
			return err
		}
		if len(rest) > len("{}") {
			line = append(append(line[:len(line)-1], ','), rest[1:]...)
		}
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
