package main

import (
	"context"
	"slices"
	"time"
)

// queue is what every contestant can do. It is opened in an empty directory, by a
// process of its own, which it has to itself.
type queue interface {
	// Enqueue stores one no-op job that carries the payload. The job is durable when it
	// returns: synced to disk. done waits until the queue itself says that the job is recorded as
	// done, in the way that its users would wait.
	Enqueue(ctx context.Context, payload string) (done func(context.Context) error, err error)

	// EnqueueMany stores many jobs in whatever way the contestant does that best. All
	// are durable when it returns.
	EnqueueMany(ctx context.Context, payloads []string) error

	// Start begins to work, with workers workers. Each run of a handler calls handler,
	// from any goroutine. It is called once.
	Start(ctx context.Context) error

	// Unfinished reads from the store how many jobs are not recorded as done.
	Unfinished(ctx context.Context) (int, error)
	// Completed reads from the store how many jobs are recorded as done, and succeeded.
	Completed(ctx context.Context) (int, error)

	Close() error
}

// workers is how many jobs each contestant runs at once.
const workers = 16

// site is where a contestant builds.
type site struct {
	dir     string // its own, empty
	server  string // the address of its server, if it has one
	handler func() // what a job does; nil where jobs are only enqueued, and Start is not called
}

// contestant is a program or a library that is measured.
type contestant struct {
	name string
	open func(context.Context, site) (queue, error)
	// serve starts the server that the contestant needs, fresh for each trial, in a
	// directory that it makes; nil if it needs none.
	serve func(ctx context.Context, dir string) (*server, error)
	// find returns why the programs that the contestant needs cannot be run; it is left out then.
	find func() error
	// most is how many jobs it works off at the most, 0 for no limit, so that a slow one does not take
	// an hour. Rates are compared.
	most int
}

// The order is that of the tables.
var contestants = []contestant{
	{name: "bgq", open: openBgq},
	{name: "raw-bbolt", open: openRaw},
	{name: "river-sqlite", open: openRiverSQLite, most: 25_000},
	{name: "river-postgres", open: openRiverPostgres, serve: servePostgres, find: findPostgres},
	{name: "backlite", open: openBacklite, most: 2_000},
	{name: "asynq", open: openAsynq(1), serve: serveRedis, find: findRedis, most: 10_000},
	{name: "asynq-8x2", open: openAsynq(8), serve: serveRedis, find: findRedis, most: 50_000},
	{name: "xargs", find: inPath("xargs")},
	{name: "parallel", find: inPath("parallel")},
	{name: "append-4k"},
	{name: "overwrite-4k"},
}

// queues are the contestants of the scenarios in which jobs are enqueued, working those of the
// scenarios in which they are worked off.
var (
	queues  = []string{"bgq", "raw-bbolt", "river-sqlite", "river-postgres", "backlite", "asynq"}
	working = append(slices.Clone(queues), "asynq-8x2")
)

func contestantNamed(name string) *contestant {
	for i := range contestants {
		if contestants[i].name == name {
			return &contestants[i]
		}
	}
	return nil
}

// size is how much is done in a trial.
type size struct {
	Span    time.Duration // of what is measured by time
	Jobs    int           // of what is measured by number
	Samples int           // of latency, at the least
	Scripts int           // processes started by the shell's contestants
}

// The sizes. tiny is for the test of this module: it proves that everything works, and measures nothing.
var sizes = map[string]size{
	"full":  {Span: 4 * time.Second, Jobs: 100_000, Samples: 50, Scripts: 2000},
	"short": {Span: time.Second, Jobs: 10_000, Samples: 20, Scripts: 300},
	"tiny":  {Span: 30 * time.Millisecond, Jobs: 200, Samples: 3, Scripts: 10},
}

// trial is one contestant in one scenario, once.
type trial struct {
	Scenario   string
	Contestant string
	Size       string
	Dir        string // empty, removed afterwards
	Server     string // its address, if the contestant has one
	Bgq        string // the path of the command bgq
}

func (t *trial) size() size { return sizes[t.Size] }

// jobs is how many jobs the contestant has to work off: the number of the size by part.
func (t *trial) jobs(part int) int {
	n := t.size().Jobs / part
	if most := contestantNamed(t.Contestant).most; most > 0 {
		n = min(n, most)
	}
	return max(n, 10)
}

// open opens the queue of the contestant, whose jobs call handler; nil to enqueue only.
func (t *trial) open(ctx context.Context, handler func()) (queue, error) {
	return contestantNamed(t.Contestant).open(ctx, site{dir: t.Dir, server: t.Server, handler: handler})
}

// figure is one thing that was measured.
type figure struct {
	Name     string  `json:"name"`
	Unit     string  `json:"unit"` // "…/s" is the more the better, "µs" the less
	Value    float64 `json:"value"`
	Compared bool    `json:"compared"` // bgq is compared with the others by it
}

// result is the outcome of a trial. Every trial of a scenario has the same figures.
type result struct {
	Jobs    int      `json:"jobs"` // how many jobs, samples or processes the figures are about
	Figures []figure `json:"figures"`
}

// scenario is one thing that is measured.
type scenario struct {
	name string
	doc  string
	who  []string
	run  func(context.Context, *trial) (result, error)
}

var scenarios = []scenario{
	{"limits", "what the machine can do: durable writes one after the other", []string{"append-4k", "overwrite-4k", "raw-bbolt"}, runLimits},
	{"enqueue1", "enqueue one at a time, 1 producer", queues, enqueueBy(1)},
	{"enqueue16", "enqueue one at a time, 16 producers", queues, enqueueBy(16)},
	{"enqueue256", "enqueue one at a time, 256 producers", queues, enqueueBy(256)},
	{"bulk", "enqueue many at once", queues, runBulk},
	{"work", "work through stored no-op jobs with 16 workers, until the last is recorded as done", working, runWork},
	{"batch", "a batch of no-op items, from nothing to the last recorded as done: Parallelise beside enqueue many and work", working, runBatch},
	{"idle", "from the call of enqueue to the start of the handler, and until the caller knows that the job is done, in an idle queue", working, runIdle},
	{"args1k", "arguments of 1 KB: enqueue by 16 producers, then work", working, withArgs(1_000, 10)},
	{"args64k", "arguments of 64 KB: enqueue by 16 producers, then work", working, withArgs(64_000, 100)},
	{"args1m", "arguments of 1 MB: enqueue by 16 producers, then work", working, withArgs(1_000_000, 1000)},
	{"run", "processes: bgq run of true beside xargs -P and GNU parallel with a joblog", []string{"bgq", "xargs", "parallel"}, runCommands},
	{"resume", "the same again when 90 % is done already", []string{"bgq", "parallel"}, resumeCommands},
}

func scenarioNamed(name string) *scenario {
	for i := range scenarios {
		if scenarios[i].name == name {
			return &scenarios[i]
		}
	}
	return nil
}
