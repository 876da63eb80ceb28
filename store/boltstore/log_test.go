package boltstore

import (
	"errors"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

func logLines(n int, text string) []store.LogLine {
	lines := make([]store.LogLine, n)
	for i := range lines {
		lines[i] = store.LogLine{Level: "info", Text: text}
	}
	return lines
}

func mustExtend(t testing.TB, s *Store, e store.Extension) {
	t.Helper()
	if held, err := s.Extend(t.Context(), []store.Extension{e}); err != nil || !held[0] {
		t.Fatalf("Extend: %v, %v", held, err)
	}
}

// The number of the next line is found from behind. On pages that the same transaction has
// emptied, bbolt's cursor stands still, or goes in circles.
func TestLastLineBesidePagesThatWereEmptied(t *testing.T) {
	const many = 400 // some pages
	for _, c := range []struct {
		name       string
		lines      []int // of jobs with ascending ids
		removed    []int
		of, number int
	}{
		{"behind it", []int{5, many, many}, []int{1, 2}, 0, 5},
		{"before it", []int{many, many, 5}, []int{0, 1}, 2, 5},
		{"around it", []int{many, 5, many}, []int{0, 2}, 1, 5},
		{"around many", []int{many, many, many}, []int{0, 2}, 1, many},
		{"all", []int{many, many, many}, []int{0, 1, 2}, 1, 0},
		{"nothing", []int{many, 0, many}, nil, 1, 0},
		{"the last", []int{many, many, 3}, nil, 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, Options{})
			mustEnqueue(t, s, newTestJobs(len(c.lines))...)
			jobs := mustClaim(t, s, len(c.lines))
			for i, n := range c.lines {
				mustExtend(t, s, store.Extension{Ref: jobs[i].Ref(), Lines: logLines(n, strings.Repeat("x", 100))})
			}
			err := s.do(t.Context(), &op{run: func(tx *txn) error {
				for _, i := range c.removed {
					j, err := tx.load(jobs[i].ID)
					if err != nil {
						return err
					}
					tx.remove(j)
				}
				if n := tx.lastLine(jobs[c.of].ID); n != uint32(c.number) {
					t.Errorf("the last line has the number %d, want %d", n, c.number)
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What one call returns is bounded in bytes too.
func TestLogsAreBounded(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJob())
	ref := mustClaim(t, s, 1)[0].Ref()
	const all = 1200
	mustExtend(t, s, store.Extension{Ref: ref, Lines: logLines(all, strings.Repeat("x", store.MaxLogText))})
	n := int64(0)
	for pages := 0; ; pages++ {
		lines, err := s.Logs(t.Context(), ref.ID, n, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 {
			if pages < 2 || n != all {
				t.Errorf("%d lines on %d pages, want %d on some", n, pages, all)
			}
			return
		}
		if size := len(lines) * store.MaxLogText; size > maxPageBytes+store.MaxLogText {
			t.Errorf("a page has %d bytes", size)
		}
		n = lines[len(lines)-1].Seq
	}
}

// A line that is damaged is told of with its job, and does not keep others from being added.
func TestDamagedLine(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJob())
	ref := mustClaim(t, s, 1)[0].Ref()
	mustExtend(t, s, store.Extension{Ref: ref, Lines: logLines(3, "fine")})
	err := s.do(t.Context(), &op{run: func(tx *txn) error {
		tx.put(tableLog, lineKey(ref.ID, 2), []byte("damaged"))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Logs(t.Context(), ref.ID, 0, 0); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), ref.ID.String()) {
		t.Errorf("Logs: %v", err)
	}
	mustExtend(t, s, store.Extension{Ref: ref, Lines: logLines(1, "fine")})
	if lines, err := s.Logs(t.Context(), ref.ID, 2, 0); err != nil || len(lines) != 2 || lines[1].Seq != 4 {
		t.Errorf("behind the damage: %+v, %v", lines, err)
	}
	if report, err := s.Verify(t.Context()); err != nil || report.Total != 1 {
		t.Errorf("Verify: %q, %v", report.Problems, err)
	}
	if _, err := s.Change(t.Context(), store.Change{IDs: []store.ID{ref.ID}, Delete: store.EveryState}); err != nil {
		t.Fatal(err)
	}
}

// The reserve of the disk is for outcomes. Logs must not use it up: those of running jobs have to wait, and
// of one that ends a line is left.
func TestReserveIsNotForLogs(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJobs(2)...)
	s.Close()
	s = openAt(t, s.abs, Options{MinFree: 1 << 60})
	if _, ok := freeSpace(s.abs); !ok {
		t.Skip("the free space is not known on this system")
	}
	jobs := mustClaim(t, s, 2)
	ref := jobs[0].Ref()
	_, err := s.Extend(t.Context(), []store.Extension{{Ref: ref, Lines: logLines(1, "a")}})
	wantFileError(t, err, store.ErrNoSpace)
	mustExtend(t, s, store.Extension{Ref: ref, Progress: &store.Progress{Done: 1}})

	held, err := s.Finish(t.Context(), []store.Outcome{{Ref: ref, Move: completeMove, Lines: logLines(500, "b")}})
	if err != nil || !held[0] {
		t.Fatalf("Finish: %v, %v", held, err)
	}
	err = s.Update(t.Context(), func(tx *bbolt.Tx) error {
		_, err := s.FinishTx(tx, store.Outcome{Ref: jobs[1].Ref(), Move: completeMove, Lines: logLines(500, "b")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		lines, err := s.Logs(t.Context(), j.ID, 0, 0)
		if err != nil || len(lines) != 1 || lines[0].Text != "… 500 lines left out: the disk is nearly full" || lines[0].At.IsZero() {
			t.Errorf("job %s: %+v, %v", j.ID, lines, err)
		}
	}
}
