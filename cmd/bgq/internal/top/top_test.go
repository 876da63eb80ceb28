package top

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestLists(t *testing.T) {
	s := live(t)
	s.sees("app.db  …")
	s.send(tea.WindowSizeMsg{Width: 120, Height: 30})
	failed := s.put(queue.NewJob{Kind: "broken", MaxAttempts: 1}, queue.NewJob{Kind: "broken", MaxAttempts: 1})
	for _, id := range failed {
		s.await(id, store.Discarded)
	}
	s.put(queue.NewJob{Kind: "slow"}, queue.NewJob{Kind: "slow"})
	one, two := <-s.running, <-s.running
	s.put(queue.NewJob{Kind: "slow"}, queue.NewJob{Kind: "slow", Queue: "nobody"})
	if _, _, err := s.q.OpenBatch(t.Context(), queue.BatchSpec{Name: "nov", Kind: "slow", Total: 5}); err != nil {
		t.Fatal(err)
	}
	s.begin()
	s.sees("live (pid ", "QUEUE", "default  open", "2/2", "no workers", "RUNNING", one.String(), two.String(),
		"FAILED  LAST", "broken  write /thumbs/9.jpg: no space left on device", "BATCH", "nov", "0/5", "enter jobs  p pause")
	s.misses("OPERATION", "filter app")

	// The selection keeps to its row.
	s.press("tab", "down")
	if s.m.job().ID == one {
		one, two = two, one
	}
	s.sees("› "+two.String(), "enter look  r retry  c cancel")
	s.q.Cancel(context.Background(), "", one)
	s.await(one, store.Cancelled)
	s.look()
	s.sees("› " + two.String())
	s.misses(one.String())

	s.press("enter")
	s.sees("job "+two.String(), "state     running", "kind      slow", "esc back")
	s.press("s")
	s.sees("stack of job "+two.String(), "goroutine of the handler")
	s.press("esc", "tab", "enter")
	s.sees("state     discarded", "attempt 1 failed: error", "no space left on device")
	s.press("esc")

	s.press("?")
	s.sees("pause and resume the selected queue", "any key goes back")
	s.press("x")
	s.sees("QUEUE")
	s.press("q")
	if !s.quit {
		t.Error("q does not quit")
	}
}

// The log of a running job grows on the screen.
func TestFollowLog(t *testing.T) {
	s := live(t)
	id := s.put(queue.NewJob{Kind: "slow"})[0]
	<-s.running
	s.begin()
	s.press("tab", "enter")
	hints, stop := s.q.Store().Watch(store.Topic{What: store.OnLog, ID: id})
	defer stop()
	for {
		if lines, err := s.q.Store().Logs(t.Context(), id, 0, 10); err != nil || len(lines) > 0 {
			break
		}
		<-hints
	}
	s.look()
	s.look()
	s.sees("begun with it", "3/10 files")
	if n := strings.Count(s.m.View(), "begun with it"); n != 1 {
		t.Errorf("the line is there %d times", n)
	}
}

func TestActions(t *testing.T) {
	s := live(t)
	ids := s.put(queue.NewJob{Kind: "broken", MaxAttempts: 1}, queue.NewJob{Kind: "broken", MaxAttempts: 1}, queue.NewJob{Kind: "slow"})
	s.await(ids[0], store.Discarded)
	s.await(ids[1], store.Discarded)
	<-s.running
	s.begin()

	s.press("p")
	s.sees("pause queue default?")
	s.press("'disc'", "backspace", "'k full'", "enter")
	s.sees("queue default is paused", "default  paused")
	if q, err := s.m.cfg.Client.Queue(t.Context(), "default"); err != nil || !q.Paused || q.Reason != "disk full" {
		t.Errorf("%+v %v", q, err)
	}
	s.press("u")
	s.sees("resume queue default? [y/N]")
	s.press("n")
	s.sees("nothing was changed", "default  paused")
	s.press("u", "y")
	s.sees("queue default goes on", "default  open")

	// Keys that are pressed quickly come in one message; what is pasted is no keys.
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("2r1pwhy")})
	s.sees("pause queue default?", "why: why")
	s.press("esc")
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q"), Paste: true})
	s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("qq"), Paste: true})
	if s.quit {
		t.Error("pasting a text quits")
	}

	s.press("tab", "c")
	s.sees("cancel job " + ids[2].String() + "?")
	s.press("esc")
	s.press("c", "y")
	s.sees("cancelled job " + ids[2].String())
	s.await(ids[2], store.Cancelled)

	s.look()
	s.press("r") // what was selected is gone: the focus has gone on to the failures
	s.sees("retry 2 failed jobs of kind broken? [y/N]")
	s.press("y")
	s.sees("retry is on its way: op_")
	for _, id := range ids[:2] {
		s.until(id, func(j *store.Job) bool { return j.State == store.Discarded && j.Attempt == 2 })
	}
	s.press("d")
	s.sees("delete 2 failed jobs of kind broken? Type the number:")
	s.press("'3'", "enter")
	s.sees("that is not the number")
	s.press("backspace", "'2'", "enter")
	s.sees("delete is on its way: op_")
	for _, o := range must(s.m.cfg.Client.Operations(t.Context())).Operations {
		if o, err := s.m.cfg.Client.Operation(t.Context(), o.ID, time.Minute); err != nil || o.State != "done" {
			t.Errorf("%+v %v", o, err)
		}
	}
	s.look()
	s.sees("OPERATION", "delete", "done")
	s.press("4", "c", "y")
	s.sees("is done")
	s.press("1", "r")
	s.sees("there is nothing selected to retry")
	s.press("tab", "p")
	s.sees("select a queue first")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A file that no program works on is changed at once: no operation could go on there.
func TestDeadFile(t *testing.T) {
	s := dead(t)
	ids := s.put(queue.NewJob{Kind: "resize", Queue: "img", MaxAttempts: 1}, queue.NewJob{Kind: "mail"})
	s.fail("img", "disk full")
	s.begin()
	s.sees("no program works on it", "disk full", "default  open", "img")
	s.press("'3'", "r", "y")
	s.sees("retried 1 of 1 job")
	s.await(ids[0], store.Available)
	s.look()
	s.misses("disk full")

	claimed := must(s.q.Claim(context.Background(), queue.ClaimRequest{Want: []store.Want{{Queue: "default", N: 1}}}))
	if len(claimed.Jobs) != 1 {
		t.Fatal("nothing to claim")
	}
	s.look()
	s.sees(ids[1].String(), "running when their process died")
	s.press("2", "s")
	s.sees("no program works on the queue")
	s.press("esc", "d", "y")
	s.sees("job " + ids[1].String() + " is running: it cannot be deleted")
}

// fail lets the one available job of a queue fail.
func (s *stage) fail(queueName, message string) {
	s.t.Helper()
	ctx := context.Background()
	c := must(s.q.Claim(ctx, queue.ClaimRequest{Want: []store.Want{{Queue: queueName, N: 1}}}))
	f := &store.Failure{At: time.Now().UTC(), Attempt: 1, Kind: store.FailError, Message: message, Chain: []store.Cause{{Message: message, Type: "t"}}}
	must(s.q.Finish(ctx, queue.Attempt{Job: &c.Jobs[0], Verdict: queue.Failed, Failure: f}))
}

func TestFilter(t *testing.T) {
	s := dead(t)
	ids := s.put(queue.NewJob{Kind: "resize", Queue: "img"}, queue.NewJob{Kind: "mail"}, queue.NewJob{Kind: "mail", Hold: true})
	s.begin()
	s.press("/", "'kynd:mail'", "enter")
	s.sees("kynd")
	s.press("ctrl+u", "'state:available kind:mail'", "enter")
	s.sees("filter state:available kind:mail", "JOB", ids[1].String())
	s.misses(ids[0].String(), ids[2].String())
	s.press("/", "ctrl+u", "'kind:none'", "enter")
	s.sees("no job runs that the filter selects")
	s.press("esc")
	s.misses("filter kind", "no job runs")

	s.press("'1'", "down", "enter") // the queue img
	s.sees("queue:img", ids[0].String(), "available")
	s.misses(ids[1].String())
	s.press("c", "y")
	s.sees("cancelled job "+ids[0].String(), "no job matches the filter")
}

// While nobody answers, what was known stays, and the first line says so.
func TestRestart(t *testing.T) {
	s := dead(t)
	s.put(queue.NewJob{Kind: "resize", Queue: "img"})
	ending := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"code":"closed","detail":"the program is shutting down","hint":"wait"}`)
	}))
	transport := &http.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); ending.Close() })
	s.begin()
	s.sees("img", "no program works on it")
	there := s.m.cfg.Client
	s.m.cfg.Client = client.New(transport, ending.URL)
	s.look()
	s.sees("no answer since ", "the program is shutting down: wait", "img")
	s.m.cfg.Client = there
	s.look()
	s.sees("no program works on it")
	s.misses("no answer")

	// An answer that takes long is missed, and another one is not asked for meanwhile.
	now := time.Now()
	s.m.cfg.Now = func() time.Time { return now }
	_, asking := s.m.Update(tickMsg{})
	now = now.Add(3 * time.Second)
	s.sees("no answer for 3.0s", "img")
	if _, again := s.m.Update(tickMsg{}); again != nil {
		t.Error("it is asked again before there was an answer")
	}
	s.run(asking)
	s.misses("no answer")
}

func TestFrame(t *testing.T) {
	s := dead(t)
	s.put(queue.NewJob{Kind: "resize", Queue: "img", MaxAttempts: 1})
	for i := range 40 {
		s.put(queue.NewJob{Kind: "k", Queue: fmt.Sprintf("q%02d", i)})
	}
	s.fail("img", "disk full")
	frame, err := Frame(t.Context(), s.m.cfg, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"app.db  no program works on it", "QUEUE", "q00", "q39", "FAILED  LAST", "disk full"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is not in\n%s", want, frame)
		}
	}
	if strings.ContainsAny(frame, "\x1b›") {
		t.Errorf("it is not plain:\n%q", frame)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Frame(canceled, s.m.cfg, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

const attack = "\x1b[2J\x1b]0;owned\x07 \u009b31m \u202egnp.exe \r\n second"

// Whatever is pressed, whatever stands in the queue and however small the terminal is: the screen has its size,
// and no sequence but those for colours.
func TestAnyKeys(t *testing.T) {
	s := dead(t)
	s.put(queue.NewJob{Kind: "k" + attack, Queue: "q" + attack, Tags: []string{attack}, MaxAttempts: 1})
	s.fail("q"+attack, attack+strings.Repeat("世", 100))
	for i := range 20 {
		s.put(queue.NewJob{Kind: fmt.Sprint("kind", i), Queue: strings.Repeat("名", i), Hold: i%2 == 0})
	}
	if _, _, err := s.q.OpenBatch(t.Context(), queue.BatchSpec{Name: "b" + attack, Kind: "k", Total: 5}); err != nil {
		t.Fatal(err)
	}
	colours := strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[36m", "", "\x1b[7m", "")
	names := []string{"enter", "esc", "tab", "shift+tab", "up", "down", "pgdown", "end", "?", "s", "/", "backspace", "'kind:kind3'", "'state:pending'", "p", "u", "G", "g", "2", "3", "5", "'x'"}
	rapid.Check(t, func(rt *rapid.T) {
		s.screen(s.m.cfg.Client)
		s.m.cfg.Colours, s.m.screen.colours = true, true
		s.begin()
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			if rapid.IntRange(0, 4).Draw(rt, "what") == 0 {
				s.send(tea.WindowSizeMsg{Width: rapid.IntRange(0, 140).Draw(rt, "width"), Height: rapid.IntRange(0, 60).Draw(rt, "height")})
			} else {
				s.press(rapid.SampledFrom(names).Draw(rt, "key"))
			}
			view := s.m.View()
			plain := colours.Replace(view)
			if got := strings.ReplaceAll(visible(plain), "?", ""); strings.ReplaceAll(strings.ReplaceAll(plain, "?", ""), "\n", "") != got {
				rt.Fatalf("something got through: %q", plain)
			}
			lines := strings.Split(plain, "\n")
			if len(lines) != s.m.height {
				rt.Fatalf("%d lines on a screen of %d:\n%s", len(lines), s.m.height, plain)
			}
			for _, l := range lines {
				if w := text.StringWidthWithoutEscSequences(l); w > s.m.width {
					rt.Fatalf("a line of %d on a screen of %d: %q", w, s.m.width, l)
				}
			}
		}
	})
}
