package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var logCases = []scenario{
	{"appends lines in the order in which they come", logAppends},
	{"takes lines only under a valid claim", logFenced},
	{"comes in pages", logPages},
	{"goes with its job", logDeleted},
	{"refuses long lines", logTooLong},
	{"keeps any bytes", logBytes},
	{"stamps a line that has no time", logStamps},
	{"hints at new lines", logHints},
}

// line makes a line of a log. Cases change what they are about.
func (fx *fixture) line(text string) store.LogLine {
	return store.LogLine{At: fx.Now(), Attempt: 1, Level: "info", Text: text}
}

func (fx *fixture) lines(texts ...string) []store.LogLine {
	var lines []store.LogLine
	for _, text := range texts {
		lines = append(lines, fx.line(text))
	}
	return lines
}

// logs reads lines of a log, whose numbers and times must be right.
func (fx *fixture) logs(id store.ID, after int64, limit int) []store.LogLine {
	fx.Helper()
	lines, err := fx.Logs(fx.Context(), id, after, limit)
	if err != nil {
		fx.Fatalf("Logs: %v", err)
	}
	for i, l := range lines {
		if want := max(0, after) + int64(i) + 1; l.Seq != want {
			fx.Errorf("line %q has the number %d, want %d", l.Text, l.Seq, want)
		}
		if l.At.Location() != time.UTC {
			fx.Errorf("the time of line %q is in %v, want UTC", l.Text, l.At.Location())
		}
	}
	return lines
}

func textsOf(lines []store.LogLine) []string {
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.Text)
	}
	return texts
}

// wantLog checks the whole log of a job.
func (fx *fixture) wantLog(id store.ID, want ...string) {
	fx.Helper()
	if got := textsOf(fx.logs(id, 0, 0)); !slices.Equal(got, want) {
		fx.Errorf("the log has %q, want %q", got, want)
	}
}

func logAppends(fx *fixture) {
	j, other := fx.run(fx.newJob()), fx.run(fx.newJob())
	fx.wantLog(j.ID)
	first := store.LogLine{At: fx.Now().Add(-time.Second), Attempt: 1, Level: "warn", Text: "a"}
	held, err := fx.Extend(fx.Context(), []store.Extension{
		{Ref: j.Ref(), Lines: []store.LogLine{first, fx.line("b")}},
		{Ref: other.Ref(), Lines: fx.lines("other")},
		{Ref: j.Ref(), Progress: &store.Progress{Done: 1}, Lines: fx.lines("c")},
	})
	if err != nil || slices.Contains(held, false) {
		fx.Fatalf("Extend: %v, %v", held, err)
	}
	fx.Checkpoint()
	fx.wantLog(j.ID, "a", "b", "c")
	if got := fx.logs(j.ID, 0, 1)[0]; !got.At.Equal(first.At) || got.Attempt != 1 || got.Level != "warn" {
		fx.Errorf("got %+v, want %+v", got, first)
	}
	fx.finish(store.Outcome{Ref: j.Ref(), Move: retryAt(fx.Now().Add(-time.Second)), Lines: fx.lines("d", "e")})
	fx.Checkpoint()
	fx.maintain(promote(1))
	again := fx.claimJob(j.ID)
	fx.extend(store.Extension{Ref: again.Ref(), Lines: fx.lines("f")})
	fx.Checkpoint()
	fx.finish(store.Outcome{Ref: again.Ref(), Move: completeIt, Lines: fx.lines("g")})
	fx.wantLog(j.ID, "a", "b", "c", "d", "e", "f", "g")
	fx.wantLog(other.ID, "other")
	fx.wantLog(fx.ids.next())
}

func logFenced(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.end(j, releaseIt)
	again := fx.claimJob(j.ID)
	fx.Checkpoint()
	if fx.extend(store.Extension{Ref: j.Ref(), Lines: fx.lines("late")}) {
		fx.Error("Extend under an older claim was taken")
	}
	if held := fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Lines: fx.lines("late")}); held[0] {
		fx.Error("Finish under an older claim was taken")
	}
	fx.wantLog(j.ID)
	fx.end(again, completeIt)
	if fx.extend(store.Extension{Ref: again.Ref(), Lines: fx.lines("too late")}) {
		fx.Error("Extend of a finished job was taken")
	}
	fx.wantLog(j.ID)
}

func logPages(fx *fixture) {
	j := fx.run(fx.newJob())
	const all = 1050
	for lines := range slices.Chunk(make([]store.LogLine, all), 50) {
		for i := range lines {
			lines[i] = fx.line("x")
		}
		fx.extend(store.Extension{Ref: j.Ref(), Lines: lines})
	}
	fx.Checkpoint()
	for _, c := range []struct {
		after int64
		limit int
		want  int
	}{
		{0, 0, 1000}, {0, -1, 1000}, {-5, 3, 3}, {0, 7, 7}, {7, 7, 7}, {1000, 0, 50},
		{all - 1, 5, 1}, {all, 5, 0}, {all + 1, 5, 0}, {1 << 40, 5, 0}, {1<<63 - 1, 0, 0},
	} {
		if got := fx.logs(j.ID, c.after, c.limit); len(got) != c.want {
			fx.Errorf("%d lines after %d with the limit %d, want %d", len(got), c.after, c.limit, c.want)
		}
	}
	if got := fx.logs(j.ID, 0, 1<<30); len(got) != all {
		fx.Errorf("%d lines with a large limit, want %d", len(got), all)
	}
}

func logDeleted(fx *fixture) {
	jobs := fx.newJobs(3)
	b := fx.putBatch(newBatch("b"))
	jobs[2] = fx.member(b, 0)
	for i := range jobs {
		jobs[i].Queue = "q"
		fx.enqueue(jobs[i])
		j := fx.claimJob(jobs[i].ID)
		fx.extend(store.Extension{Ref: j.Ref(), Lines: fx.lines("a", "b")})
		fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Lines: fx.lines("c")})
	}
	fx.Checkpoint()
	fx.change(store.Change{IDs: []store.ID{jobs[0].ID}, Delete: store.EveryState})
	fx.wantLog(jobs[0].ID)
	fx.wantLog(jobs[1].ID, "a", "b", "c")
	fx.deleteBatch("b", 5)
	fx.wantLog(jobs[2].ID)
	fx.maintain(prune(fx.Now().Add(time.Hour), 5, store.Completed))
	fx.wantLog(jobs[1].ID)
	fx.Checkpoint()
	j := fx.run(jobs[0])
	fx.extend(store.Extension{Ref: j.Ref(), Lines: fx.lines("anew")})
	fx.wantLog(j.ID, "anew")
}

func logTooLong(fx *fixture) {
	j := fx.run(fx.newJob())
	fits := fx.line(strings.Repeat("x", store.MaxLogText))
	fits.Level = strings.Repeat("l", store.MaxLogLevel)
	fx.extend(store.Extension{Ref: j.Ref(), Lines: []store.LogLine{fits}})
	fx.Checkpoint()
	long, level := fits, fits
	long.Text += "x"
	level.Level += "l"
	for what, lines := range map[string][]store.LogLine{
		"a long line":      {fx.line("short"), long},
		"a long level":     {level},
		"too many of them": make([]store.LogLine, fx.Caps().MaxBatch+1),
	} {
		fx.wantError(what, fx.unchanged("Extend with "+what, func() error {
			_, err := fx.Extend(fx.Context(), []store.Extension{{Ref: j.Ref(), Progress: &store.Progress{Done: 1}, Lines: lines}})
			return err
		}), store.ErrTooLarge)
		fx.wantError(what, fx.unchanged("Finish with "+what, func() error {
			_, err := fx.Finish(fx.Context(), []store.Outcome{{Ref: j.Ref(), Move: completeIt, Lines: lines}})
			return err
		}), store.ErrTooLarge)
	}
	fx.wantLog(j.ID, fits.Text)
}

func logBytes(fx *fixture) {
	j := fx.run(fx.newJob())
	texts := []string{"", "\x00\xff\xfe", "two\nlines", "\x1b[31mred", "…"}
	fx.extend(store.Extension{Ref: j.Ref(), Lines: fx.lines(texts...)})
	fx.Checkpoint()
	fx.wantLog(j.ID, texts...)
}

func logStamps(fx *fixture) {
	j := fx.run(fx.newJob())
	before := fx.Now()
	fx.extend(store.Extension{Ref: j.Ref(), Lines: []store.LogLine{{Text: "a"}}})
	after := fx.Now()
	fx.Checkpoint()
	if at := fx.logs(j.ID, 0, 1)[0].At; at.Before(before) || at.After(after) {
		fx.Errorf("the line is of %v, want between %v and %v", at, before, after)
	}
}

func logHints(fx *fixture) {
	fx.Checkpoint()
	j, other := fx.run(fx.newJob()), fx.run(fx.newJob())
	onLog := func(id store.ID) store.Topic { return store.Topic{What: store.OnLog, ID: id} }
	fx.wantHint("Extend with a line", func() {
		fx.extend(store.Extension{Ref: j.Ref(), Lines: fx.lines("a")})
	}, onLog(j.ID))
	fx.wantHint("Finish with a line", func() {
		fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Lines: fx.lines("b")})
	}, onLog(j.ID))
	hints, stop := fx.Watch(onLog(j.ID))
	defer stop()
	fx.extend(store.Extension{Ref: other.Ref(), Lines: fx.lines("c")})
	fx.extend(store.Extension{Ref: other.Ref(), Progress: &store.Progress{Done: 1}})
	fx.settle()
	select {
	case <-hints:
		fx.Error("the log of another job made a hint")
	default:
	}
}
