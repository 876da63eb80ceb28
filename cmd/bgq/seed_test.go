package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// seedID is the id of the n-th seeded job: $ID0, $ID1, … in the scripts.
func seedID(n int) store.ID {
	id, err := store.ParseID(fmt.Sprintf("01JD8Q3Z5M00000000000000%02d", n))
	if err != nil {
		panic(err)
	}
	return id
}

// seedMain is the test-only command seed: it makes a file with jobs.
//
//	seed FILE mixed    a job in every state
//	seed FILE empty    no jobs
//	seed FILE many N   N available jobs
//	seed FILE batch    a batch of five: three completed, one discarded, one that waits
//	seed FILE raw      jobs whose results are a text, bytes and nil
//	seed FILE hostile  a job whose every text attacks the terminal
//	seed FILE work     jobs for the handlers of testapp
//	seed FILE recover  nothing new: what is running is dealt with, as by an app that opens the file
func seedMain() {
	s, err := boltstore.Open(os.Args[1], boltstore.Options{})
	if err != nil {
		panic(err)
	}
	q, err := queue.New(s, queue.Config{Random: func() float64 { return 0.5 }})
	if err != nil {
		panic(err)
	}
	sd := &seeder{q}
	switch os.Args[2] {
	case "empty":
	case "mixed":
		sd.mixed()
	case "many":
		sd.many(os.Args[3])
	case "batch":
		sd.batch()
	case "raw":
		sd.raw()
	case "hostile":
		sd.hostile()
	case "work":
		sd.work()
	case "recover":
		must(q.Recover(context.Background()))
	default:
		panic("no such seed: " + os.Args[2])
	}
	if err := s.Close(); err != nil {
		panic(err)
	}
}

type seeder struct{ q *queue.Queue }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func value(v any) store.Value { return must(msgpack.Marshal(v)) }

func (s *seeder) put(n int, j queue.NewJob) {
	j.ID = seedID(n)
	must(s.q.Enqueue(context.Background(), j))
}

// claim starts the one available job of a queue.
func (s *seeder) claim(name string) *store.Job {
	c := must(s.q.Claim(context.Background(), queue.ClaimRequest{Want: []store.Want{{Queue: name, N: 1}}}))
	if len(c.Jobs) != 1 {
		panic(fmt.Sprintf("queue %s: claimed %d jobs", name, len(c.Jobs)))
	}
	return &c.Jobs[0]
}

// run claims the one available job of a queue and ends its attempt.
func (s *seeder) run(name string, a queue.Attempt) {
	a.Job = s.claim(name)
	must(s.q.Finish(context.Background(), a))
}

func failed(message string) *store.Failure {
	return &store.Failure{At: time.Now().UTC(), Attempt: 1, Kind: store.FailError, Message: message, Chain: []store.Cause{
		{Message: message, Type: "*fmt.wrapError"},
		{Message: "no space left on device", Type: "syscall.Errno", Code: "ENOSPC"},
	}}
}

func (s *seeder) mixed() {
	ctx := context.Background()
	args := value(struct {
		File  string `msgpack:"file"`
		Width int    `msgpack:"width"`
	}{"cat.jpg", 200})
	result := value(struct {
		Bytes uint64 `msgpack:"bytes"`
		Name  string `msgpack:"name"`
	}{1<<63 + 1, "thumb.jpg"})
	s.put(1, queue.NewJob{Kind: "resize", Queue: "img", Args: args, Tags: []string{"acme"}})
	s.run("img", queue.Attempt{Verdict: queue.Succeeded, Result: result})
	s.put(2, queue.NewJob{Kind: "resize", Queue: "img", Args: args, MaxAttempts: 1})
	s.run("img", queue.Attempt{Verdict: queue.Failed, Failure: failed("write /thumbs/9.jpg: no space left on device")})
	s.put(3, queue.NewJob{Kind: "resize", Queue: "img", Args: args})
	s.run("img", queue.Attempt{Verdict: queue.Failed, Wait: time.Hour, Failure: failed("read cat.jpg: timed out")})
	s.put(4, queue.NewJob{Kind: "mail", Args: value("ann@example.org")})
	must(s.q.Cancel(ctx, "wrong address", seedID(4)))
	s.put(5, queue.NewJob{Kind: "mail", Args: value("bob@example.org"), RunAt: time.Now().Add(2 * time.Hour)})
	s.put(6, queue.NewJob{Kind: "mail", Hold: true})
	s.put(7, queue.NewJob{Kind: "report", Queue: "slow"})
	s.put(8, queue.NewJob{Kind: "mail", Priority: -5, Timeout: time.Minute, Unique: queue.Unique{Key: "mail-8"}})
	s.claim("slow")
	if err := s.q.Pause(ctx, "img", "disk full"); err != nil {
		panic(err)
	}
	s.put(9, queue.NewJob{Kind: "resize", Queue: "img"})
}

// work are jobs for the handlers of testapp: $ID1 to $ID7 run at once, $ID8 is held.
func (s *seeder) work() {
	s.put(1, queue.NewJob{Kind: "ok", Args: value("fine")})
	s.put(2, queue.NewJob{Kind: "fail", Args: value("/thumbs/7.jpg"), MaxAttempts: 1})
	s.put(3, queue.NewJob{Kind: "fail", Args: value("/thumbs/8.jpg"), MaxAttempts: 1})
	s.put(4, queue.NewJob{Kind: "panic", Args: value("oh no"), MaxAttempts: 1})
	s.put(5, queue.NewJob{Kind: "log", Args: value("line")})
	s.put(6, queue.NewJob{Kind: "sleep", Args: value(nil)})
	s.put(7, queue.NewJob{Kind: "unknown"})
	s.put(8, queue.NewJob{Kind: "ok", Hold: true, Args: value(nil)})
}

func (s *seeder) many(n string) {
	var count int
	must(fmt.Sscan(n, &count))
	jobs := make([]queue.NewJob, count)
	for i := range jobs {
		jobs[i] = queue.NewJob{Kind: "noop", Args: value(i)}
	}
	for len(jobs) > 0 {
		part := jobs[:min(5000, len(jobs))]
		must(s.q.Enqueue(context.Background(), part...))
		jobs = jobs[len(part):]
	}
}

func (s *seeder) raw() {
	for i, result := range []any{"two\nlines\n", []byte("two\nlines\n"), nil} {
		s.put(i+1, queue.NewJob{Kind: "file"})
		s.run("default", queue.Attempt{Verdict: queue.Succeeded, Result: value(result)})
	}
}

func (s *seeder) batch() {
	ctx := context.Background()
	b, _, err := s.q.OpenBatch(ctx, queue.BatchSpec{Name: "nov", Kind: "square", Total: 5})
	if err != nil {
		panic(err)
	}
	for i := range int64(4) {
		must(s.q.Enqueue(ctx, queue.NewJob{
			ID: b.Base.Member(i), Queue: b.Queue, Kind: b.Kind, Batch: b.Name, Index: i, Kept: true, MaxAttempts: 1, Args: value(i),
		}))
		if i == 2 {
			s.run(b.Queue, queue.Attempt{Verdict: queue.Failed, Failure: failed("square 2: out of paper")})
			continue
		}
		s.run(b.Queue, queue.Attempt{Verdict: queue.Succeeded, Result: value(i * i)})
	}
}

// attack is text that would clear the screen, set the title, and turn the direction of writing.
const attack = "\x1b[2J\x1b]0;owned\x07 \u009b31m \u202egnp.exe\u202c \x7f \r\n second line"

func (s *seeder) hostile() {
	s.put(1, queue.NewJob{Kind: "k" + attack, Queue: "q" + attack, Args: value(attack), Tags: []string{attack}, MaxAttempts: 1})
	line := store.LogLine{At: time.Now().UTC(), Attempt: 1, Level: "\x1b[2J", Text: attack}
	s.run("q"+attack, queue.Attempt{Verdict: queue.Failed, Lines: []store.LogLine{line}, Failure: &store.Failure{
		At: time.Now().UTC(), Attempt: 1, Kind: store.FailPanic, Message: attack, Stack: attack, Output: attack + "\xff",
		Chain: []store.Cause{{Message: attack + strings.Repeat("x", 200), Type: attack}},
	}})
}
