package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var scheduleCases = []scenario{
	{"come back as they were put, sorted", schedulesComeBack},
	{"are deleted by an empty spec", schedulesDeleted},
	{"fire once for each slot", fireOnce},
	{"fire with all of their jobs or not at all", fireAllOrNothing},
	{"fire for one of many", fireForOne},
}

func (fx *fixture) putSchedule(s store.Schedule) {
	fx.Helper()
	if err := fx.PutSchedule(fx.Context(), s); err != nil {
		fx.Fatalf("PutSchedule: %v", err)
	}
}

func (fx *fixture) wantSchedules(want ...store.Schedule) {
	fx.Helper()
	got, err := fx.Schedules(fx.Context())
	if err != nil || !slices.EqualFunc(got, want, func(a, b store.Schedule) bool {
		return a.Name == b.Name && a.Spec == b.Spec && a.Slot.Equal(b.Slot) && slices.Equal(a.Info, b.Info)
	}) {
		fx.Errorf("Schedules: %+v, %v, want %+v", got, err, want)
	}
}

func schedulesComeBack(fx *fixture) {
	b := store.Schedule{Name: "b", Spec: "@hourly", Slot: fx.Now().Add(time.Hour), Info: text("info")}
	a := store.Schedule{Name: "a", Spec: "@daily", Slot: fx.Now().Add(time.Nanosecond)}
	fx.putSchedule(b)
	fx.putSchedule(a)
	fx.Checkpoint()
	fx.wantSchedules(a, b)
	b.Spec, b.Info = "@weekly", nil
	fx.putSchedule(b)
	fx.Checkpoint()
	fx.wantSchedules(a, b)
	if err := fx.PutSchedule(fx.Context(), store.Schedule{Spec: "@daily"}); err == nil {
		fx.Error("a schedule without a name was put")
	}
}

func schedulesDeleted(fx *fixture) {
	s := store.Schedule{Name: "s", Spec: "@daily", Slot: fx.Now()}
	fx.putSchedule(s)
	fx.Checkpoint()
	fx.putSchedule(store.Schedule{Name: "s"})
	fx.putSchedule(store.Schedule{Name: "never there"})
	fx.Checkpoint()
	fx.wantSchedules()
	j := fx.newJob()
	if fired, err := fx.Fire(fx.Context(), "s", s.Slot, s.Slot.Add(time.Hour), []store.Job{j}); fired {
		fx.Errorf("a schedule that was deleted fired, %v", err)
	}
	fx.wantGone(j.ID)
}

func fireOnce(fx *fixture) {
	slot := fx.Now().Add(-time.Minute)
	s := store.Schedule{Name: "s", Spec: "@hourly", Slot: slot, Info: text("info")}
	fx.putSchedule(s)
	fx.Checkpoint()
	next := slot.Add(time.Hour)
	first, late, second := fx.newJobs(2), fx.newJob(), fx.newJob()
	fire := func(from, to time.Time, jobs ...store.Job) bool {
		fx.Helper()
		fired, err := fx.Fire(fx.Context(), "s", from, to, jobs)
		if err != nil {
			fx.Fatalf("Fire: %v", err)
		}
		return fired
	}
	if fire(next, next.Add(time.Hour), late) {
		fx.Error("fired for a slot that is not the current one")
	}
	// The same instant in another zone is the same slot.
	if !fire(slot.In(time.FixedZone("far away", 3600)), next, first...) {
		fx.Error("did not fire for its slot")
	}
	fx.Checkpoint()
	if fire(slot, next, late) {
		fx.Error("fired twice for one slot")
	}
	fx.wantGone(late.ID)
	s.Slot = next
	fx.wantSchedules(s)
	// A job that is there already is no obstacle, and neither is having none.
	if !fire(next, next.Add(time.Hour), first[0], second) || !fire(next.Add(time.Hour), next.Add(2*time.Hour)) {
		fx.Error("did not fire for the next slot")
	}
	fx.Checkpoint()
	fx.wantIDs("claimed", idsOf(fx.claim(10)), []store.ID{first[0].ID, first[1].ID, second.ID})
}

func fireAllOrNothing(fx *fixture) {
	s := store.Schedule{Name: "s", Spec: "@hourly", Slot: fx.Now()}
	fx.putSchedule(s)
	fx.Checkpoint()
	good, bad := fx.newJob(), fx.newJob()
	bad.Kind = ""
	fx.unchanged("Fire with a bad job", func() error {
		_, err := fx.Fire(fx.Context(), "s", s.Slot, s.Slot.Add(time.Hour), []store.Job{good, bad})
		return err
	})
	fx.Checkpoint()
	fx.wantSchedules(s)
}

func fireForOne(fx *fixture) {
	slot := fx.Now()
	fx.putSchedule(store.Schedule{Name: "s", Spec: "@hourly", Slot: slot})
	fx.Checkpoint()
	for range 10 {
		next := slot.Add(time.Hour)
		var fired atomic.Int32
		var wg sync.WaitGroup
		for _, j := range fx.newJobs(8) {
			wg.Go(func() {
				ok, err := fx.Fire(fx.Context(), "s", slot, next, []store.Job{j})
				if err != nil {
					fx.Errorf("Fire: %v", err)
				}
				if ok {
					fired.Add(1)
				}
			})
		}
		wg.Wait()
		if n := fired.Load(); n != 1 {
			fx.Fatalf("%d of 8 fired", n)
		}
		slot = next
	}
	if n := len(fx.claim(100)); n != 10 {
		fx.Errorf("%d jobs were enqueued for 10 slots", n)
	}
}
