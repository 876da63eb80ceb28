package top

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
	"go.uber.org/goleak"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/bgclient/admin"
	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func TestMain(m *testing.M) {
	// msgpack keeps a goroutine for each type that it decodes by pointer, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/vmihailenco/msgpack/v5.cachedValue.func1"))
}

// stage is a queue whose admin API is served, and a screen that shows it.
type stage struct {
	t    *testing.T
	path string
	q    *queue.Queue
	m    *Model
	quit bool
	// release lets the jobs of kind "slow" end.
	release chan struct{}
	running chan store.ID // jobs of kind "slow" that have begun
}

// live puts a program on the stage that works on the queue "default" with two workers.
func live(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, path: filepath.Join(t.TempDir(), "app.db"), release: make(chan struct{}), running: make(chan store.ID, 10)}
	c, err := bgclient.Open(s.path, bgclient.WithoutSocket(), bgclient.WithWorkers(2))
	if err != nil {
		t.Fatal(err)
	}
	slow := func(ctx context.Context, j *store.Job) (store.Value, error) {
		executor.Progress(ctx, 3, 10, "files")
		executor.Logger(ctx).Info("begun with it")
		s.running <- j.ID
		select {
		case <-s.release:
			return store.Value{0xc0}, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	broken := func(context.Context, *store.Job) (store.Value, error) {
		return nil, errors.New("write /thumbs/9.jpg: no space left on device")
	}
	err = errors.Join(
		bgclient.RegisterRaw(c, "slow", slow, executor.HandlerOptions{Quiet: true}),
		bgclient.RegisterRaw(c, "broken", broken, executor.HandlerOptions{Quiet: true}),
		c.Start(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	s.q = c.Queue()
	s.serve(c.AdminHandler(bgclient.AdminAccess{}))
	t.Cleanup(func() {
		close(s.release)
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dead puts a file on the stage that no program works on.
func dead(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, path: filepath.Join(t.TempDir(), "app.db")}
	st, err := boltstore.Open(s.path, boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.q, err = queue.New(st, queue.Config{}); err != nil {
		t.Fatal(err)
	}
	api, err := admin.New(admin.Config{Queue: s.q, File: st, Actor: store.Actor{Name: "test", Via: "file"}})
	if err != nil {
		t.Fatal(err)
	}
	s.serve(api)
	t.Cleanup(func() {
		if err := errors.Join(api.Close(context.Background()), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stage) serve(h http.Handler) {
	srv := httptest.NewServer(h)
	transport := &http.Transport{}
	s.t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
	})
	s.screen(client.New(transport, srv.URL))
}

// screen makes a new screen, without a clock of its own.
func (s *stage) screen(c *client.Client) {
	s.m = New(Config{Client: c, File: "app.db", Interval: time.Hour, Clean: visible})
	s.m.tick = func(time.Duration) tea.Cmd { return nil }
}

// visible shows what could move the cursor as a question mark.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '?'
		}
		return r
	}, text)
}

// begin asks for the first time, and again for what depends on that.
func (s *stage) begin() { s.run(s.m.Init()); s.look() }

// look lets the time for the next look come.
func (s *stage) look() {
	s.m.groups.again = time.Time{}
	s.send(tickMsg{})
}

func (s *stage) send(msg tea.Msg) {
	_, cmd := s.m.Update(msg)
	s.run(cmd)
}

// run does what a model wants to be done, until there is nothing left.
func (s *stage) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			s.run(c)
		}
	case tea.QuitMsg:
		s.quit = true
	default:
		s.send(msg)
	}
}

// press presses keys: names of keys, or a text between quotes.
func (s *stage) press(keys ...string) {
	special := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "up": tea.KeyUp, "down": tea.KeyDown,
		"backspace": tea.KeyBackspace, "ctrl+u": tea.KeyCtrlU, "ctrl+c": tea.KeyCtrlC, "pgdown": tea.KeyPgDown, "end": tea.KeyEnd,
	}
	for _, k := range keys {
		if typ, ok := special[k]; ok {
			s.send(tea.KeyMsg{Type: typ})
			continue
		}
		for _, r := range strings.Trim(k, "'") {
			s.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
		}
	}
}

// sees demands texts on the screen, misses demands that they are not there.
func (s *stage) sees(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.m.View(), text) {
			s.t.Errorf("%q is not on the screen:\n%s", text, s.m.View())
		}
	}
}

func (s *stage) misses(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.m.View(), text) {
			s.t.Errorf("%q is on the screen:\n%s", text, s.m.View())
		}
	}
}

func (s *stage) put(jobs ...queue.NewJob) []store.ID {
	s.t.Helper()
	stored, err := s.q.Enqueue(context.Background(), jobs...)
	if err != nil {
		s.t.Fatal(err)
	}
	ids := make([]store.ID, len(stored))
	for i := range stored {
		ids[i] = stored[i].ID
	}
	return ids
}

// await waits until a job is in a state.
func (s *stage) await(id store.ID, state store.State) {
	s.t.Helper()
	s.until(id, func(j *store.Job) bool { return j.State == state })
}

// until waits until a job is as it should be.
func (s *stage) until(id store.ID, fits func(*store.Job) bool) {
	s.t.Helper()
	hints, stop := s.q.Store().Watch(store.Topic{What: store.OnJob, ID: id})
	defer stop()
	for {
		j, err := s.q.Get(context.Background(), id, store.HeadOnly)
		if err != nil {
			s.t.Fatal(err)
		}
		if fits(j) {
			return
		}
		<-hints
	}
}
