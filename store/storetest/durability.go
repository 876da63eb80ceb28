package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var durabilityCases = []scenario{
	{"keeps everything over a reopening", keepsEverything},
	{"keeps what was acknowledged before it closed", keepsAcknowledged},
	{"answers nothing once it is closed", closedAnswersNothing},
	{"tells its clock and its limits", tellsItself},
}

func keepsEverything(fx *fixture) {
	before := fx.corpus()
	queue := store.QueueInfo{Name: "q", Paused: true, Reason: "r", Since: fx.Now()}
	fx.putQueue(queue)
	schedule := store.Schedule{Name: "s", Spec: "@daily", Slot: fx.Now(), Info: text("i")}
	fx.putSchedule(schedule)
	batch := fx.batch("nov")
	count, err := fx.Count(fx.Context())
	if err != nil {
		fx.Fatalf("Count: %v", err)
	}
	for range 2 {
		fx.Checkpoint()
		if d := diffJobs(before, byID(fx.list(store.ListRequest{Parts: store.AllParts}))); d != "" {
			fx.Errorf("after reopening:%s", d)
		}
		fx.wantQueues(queue)
		fx.wantSchedules(schedule)
		if got := fx.batch("nov"); !sameBatch(got, batch) {
			fx.Errorf("the batch is %+v, want %+v", got, batch)
		}
		again, err := fx.Count(fx.Context())
		if err != nil || len(again) != len(count) || slices.ContainsFunc(count, func(r store.CountRow) bool { return !slices.Contains(again, r) }) {
			fx.Errorf("the counters are %v, %v, want %v", again, err, count)
		}
	}
}

// Close comes in the middle of a crowd of callers. Each call must tell the truth
// about what became of it.
func keepsAcknowledged(fx *fixture) {
	fx.Checkpoint()
	var mu sync.Mutex
	acknowledged, refused := map[store.ID]bool{}, map[store.ID]bool{}
	started := make(chan struct{})
	var once sync.Once
	s := fx.Store
	bases := make([]sequence, workers)
	for w := range bases {
		bases[w] = sequence{base: fx.ids.next()}
		bases[w].base[7] = byte(w)
	}
	template := fx.newJob()
	closed := make(chan error, 1)
	go func() {
		<-started
		closed <- s.Close()
	}()
	together(func(w int) {
		for {
			j := template
			j.ID = bases[w].next()
			_, err := s.Enqueue(fx.Context(), []store.Job{j})
			mu.Lock()
			if err == nil {
				acknowledged[j.ID] = true
			} else if !errors.Is(err, store.ErrUnknown) {
				refused[j.ID] = true
			}
			if len(acknowledged) == 50 {
				once.Do(func() { close(started) })
			}
			mu.Unlock()
			if err != nil {
				if !errors.Is(err, store.ErrClosed) {
					fx.Errorf("Enqueue on a closing store: %v", err)
				}
				return
			}
		}
	})
	if err := <-closed; err != nil {
		fx.Fatalf("Close: %v", err)
	}
	fx.Store = fx.harness.Open(fx.T, fx.path)
	there := map[store.ID]bool{}
	for _, j := range fx.list(store.ListRequest{}) {
		there[j.ID] = true
	}
	for id := range acknowledged {
		if !there[id] {
			fx.Errorf("job %s was acknowledged, and is gone", id)
		}
	}
	for id := range refused {
		if there[id] {
			fx.Errorf("job %s was refused, and is there", id)
		}
	}
}

func closedAnswersNothing(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.Checkpoint()
	fx.closed = true
	if err := fx.Close(); err != nil {
		fx.Fatalf("Close: %v", err)
	}
	ctx, now := fx.Context(), time.Now()
	for name, call := range map[string]func() error{
		"Enqueue": func() error {
			_, err := fx.Enqueue(ctx, []store.Job{{ID: fx.ids.next(), Queue: "q", Kind: "k", State: store.Available, RunAt: now}})
			return err
		},
		"Claim": func() error { _, err := fx.Claim(ctx, request(1)); return err },
		"Claim, waiting": func() error {
			req := request(1)
			req.Wait = true
			_, err := fx.Claim(ctx, req)
			return err
		},
		"Extend": func() error { _, err := fx.Extend(ctx, []store.Extension{{Ref: j.Ref()}}); return err },
		"Finish": func() error { _, err := fx.Finish(ctx, completed([]store.Job{j})); return err },
		"Change": func() error {
			_, err := fx.Change(ctx, store.Change{IDs: []store.ID{j.ID}, Cases: []store.Move{cancelIt}})
			return err
		},
		"Maintain":    func() error { _, err := fx.Maintain(ctx, promote(1)); return err },
		"PutQueue":    func() error { return fx.PutQueue(ctx, store.QueueInfo{Name: "q"}) },
		"PutBatch":    func() error { _, _, err := fx.PutBatch(ctx, newBatch("b")); return err },
		"DeleteBatch": func() error { _, err := fx.DeleteBatch(ctx, "b", 1); return err },
		"PutSchedule": func() error { return fx.PutSchedule(ctx, store.Schedule{Name: "s", Spec: "@daily"}) },
		"Fire":        func() error { _, err := fx.Fire(ctx, "s", now, now, nil); return err },
		"Get":         func() error { _, err := fx.Get(ctx, []store.ID{j.ID}, store.AllParts); return err },
		"List":        func() error { _, err := fx.List(ctx, store.ListRequest{}); return err },
		"Count":       func() error { _, err := fx.Count(ctx); return err },
		"Queues":      func() error { _, err := fx.Queues(ctx); return err },
		"Batches":     func() error { _, err := fx.Batches(ctx); return err },
		"Batch":       func() error { _, err := fx.Store.Batch(ctx, "b"); return err },
		"Schedules":   func() error { _, err := fx.Schedules(ctx); return err },
		"Logs":        func() error { _, err := fx.Logs(ctx, j.ID, 0, 0); return err },
		"Audit":       func() error { _, err := fx.Audit(ctx, store.AuditRequest{}); return err },
		"Stats":       func() error { _, err := fx.Stats(ctx, now, now); return err },
		"Close":       fx.Close,
	} {
		fx.wantError(name, call(), store.ErrClosed)
	}
	_, stop := fx.Watch(onJob(j.ID))
	stop()
}

func tellsItself(fx *fixture) {
	before := time.Now()
	now := fx.Now()
	fx.Checkpoint()
	if d := now.Sub(before).Abs(); d > time.Minute {
		fx.Errorf("the clock of the store is off by %v", d)
	}
	if later := fx.Now(); later.Before(now) {
		fx.Errorf("the clock went from %v to %v", now, later)
	}
	caps := fx.Caps()
	if caps.MaxBatch < 100 || caps.MaxValue < 64<<10 {
		fx.Errorf("the limits are too narrow to work with: %+v", caps)
	}
}
