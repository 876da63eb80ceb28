package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLine(t *testing.T) {
	for _, c := range []struct {
		status Status
		want   string
	}{
		{Status{Counts: Counts{Reading: true}, ETA: -1}, "0/0+"},
		{Status{Counts: Counts{Total: 10, OK: 3, Reading: true}, Rate: 120, ETA: -1}, "3/10+, 120/s"},
		{Status{Counts: Counts{Total: 10, OK: 3, Failed: 1}, Rate: 34.56, ETA: 12 * time.Second}, "4/10 (40%), 34.6/s, 12s left, 1 failed"},
		{Status{Counts: Counts{Total: 3, OK: 1}, Rate: 0.05, ETA: 40 * time.Second}, "1/3 (33%), 3.0/min, 40s left"},
		{Status{Counts: Counts{Total: 3, OK: 1}, Rate: 0.001, ETA: 50 * time.Hour}, "1/3 (33%), 3.6/h, 2d02h left"},
		{Status{Counts: Counts{Total: 3, OK: 3}, Rate: 1}, "3/3 (100%), 1.0/s"},
		{Status{}, "0/0"},
	} {
		if got := c.status.Line(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", 1500 * time.Millisecond: "1.5s", 12400 * time.Millisecond: "12s", 75 * time.Second: "1m15s",
		3599500 * time.Millisecond: "1h00m", 61 * time.Minute: "1h01m", 49 * time.Hour: "2d01h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	s := Status{Counts: Counts{Total: 4, OK: 1, Failed: 1, Before: 2}, Elapsed: 1500 * time.Millisecond, Rate: 2, ETA: time.Second}
	if err := WriteJSON(&b, "summary", s, map[string]any{"batch": "x"}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || strings.Count(b.String(), "\n") != 1 {
		t.Fatalf("%q: %v", b.String(), err)
	}
	for key, want := range map[string]any{
		"message_type": "summary", "total": 4.0, "ended": 2.0, "ok": 1.0, "failed": 1.0, "done_before": 2.0,
		"elapsed_seconds": 1.5, "per_second": 2.0, "eta_seconds": 1.0, "batch": "x", "reading": false,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	b.Reset()
	if err := WriteJSON(&b, "status", Status{ETA: -1}, nil); err != nil || strings.Contains(b.String(), "eta") {
		t.Errorf("%s, %v", b.String(), err)
	}
}

// TestLinesNowAndThen: off a terminal there is a line every ten seconds, with JSON every second.
func TestLinesNowAndThen(t *testing.T) {
	for mode, want := range map[Mode]int{Plain: 3, JSON: 35, None: 0} {
		synctest.Test(t, func(t *testing.T) {
			var out, errs bytes.Buffer
			m := NewMeter(time.Now())
			r := NewReporter(mode, m, &out, &errs, false)
			time.Sleep(35*time.Second + time.Millisecond)
			r.Close()
			if n := strings.Count(errs.String(), "\n"); n != want || out.Len() > 0 {
				t.Errorf("%s: %d lines: %s", mode, n, errs.String())
			}
			io.WriteString(r.Stdout(), "out")
			io.WriteString(r.Stderr(), "err")
			if out.String() != "out" || !strings.HasSuffix(errs.String(), "err") {
				t.Errorf("%s: after the end: %q %q", mode, out.String(), errs.String())
			}
		})
	}
}

// TestBar: what is printed beside the bar arrives, whole and in order, also the end of a
// line that was begun, and nothing is left of the bar.
func TestBar(t *testing.T) {
	var out, errs bytes.Buffer
	m := NewMeter(time.Now())
	m.Update(func(c *Counts) { c.Total, c.Reading, c.OK = 10, false, 3 })
	r := NewReporter(Bar, m, &out, &errs, true)
	io.WriteString(r.Stdout(), "first li")
	io.WriteString(r.Stdout(), "ne\nsecond line\nthird ")
	r.Close()
	r.Close()
	io.WriteString(r.Stderr(), "line\n")
	got := errs.String()
	last := strings.LastIndex(got, "second line\n")
	if !strings.Contains(got, "first line\nsecond line\n") || !strings.HasSuffix(got, "third line\n") || out.Len() > 0 {
		t.Errorf("%q, %q", got, out.String())
	}
	if last < 0 || strings.Contains(got[last:], "3/10") && !strings.Contains(got[last:], "\x1b[") {
		t.Errorf("the bar is left behind: %q", got)
	}
}

func TestBarBesideOtherStdout(t *testing.T) {
	var out, errs bytes.Buffer
	r := NewReporter(Bar, NewMeter(time.Now()), &out, &errs, false)
	io.WriteString(r.Stdout(), "data")
	r.Close()
	if out.String() != "data" || strings.Contains(errs.String(), "data") {
		t.Errorf("%q, %q", out.String(), errs.String())
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestBarOnABrokenTerminal(t *testing.T) {
	r := NewReporter(Bar, NewMeter(time.Now()), io.Discard, broken{}, true)
	for range 100 {
		if _, err := io.WriteString(r.Stdout(), "line\n"); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Fatal(err)
		}
	}
	r.Close()
}
