package storetest

import (
	"fmt"
	"math"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var statsCases = []scenario{
	{"count what happens", statsCount},
	{"count attempts without an end", statsNoEnd},
	{"tell how long jobs wait and run", statsDurations},
	{"are divided into minutes", statsMinutes},
	{"become hours after a day", statsHours},
	{"are deleted by age", statsDeleted},
	{"are summed up and deleted in bounded steps", statsBounded},
	{"count many kinds", statsManyKinds},
	{"lose nothing when many count at once", statsCrowd},
}

// statistics reads all that there are.
func (fx *fixture) statistics() []store.Stats {
	fx.Helper()
	return fx.statisticsOf(time.Time{}, time.Time{})
}

func (fx *fixture) statisticsOf(from, to time.Time) []store.Stats {
	fx.Helper()
	all, err := fx.Stats(fx.Context(), from, to)
	if err != nil {
		fx.Fatalf("Stats: %v", err)
	}
	for i := range all {
		s := &all[i]
		if s.Span != time.Minute && s.Span != time.Hour || !s.At.Truncate(s.Span).Equal(s.At) {
			fx.Errorf("a span of %v begins at %v", s.Span, s.At)
		}
		if i > 0 && s.At.Before(all[i-1].At) {
			fx.Errorf("statistics of %v come behind those of %v", s.At, all[i-1].At)
		}
	}
	return all
}

// sum adds up rows.
func sum(all []store.Stats) store.Stats {
	var total store.Stats
	for i := range all {
		total.Add(&all[i])
	}
	return total
}

// ofKind keeps the rows of a queue and kind.
func ofKind(all []store.Stats, queue, kind string) []store.Stats {
	var some []store.Stats
	for _, s := range all {
		if s.Queue == queue && s.Kind == kind {
			some = append(some, s)
		}
	}
	return some
}

// counts is what statistics count, without the durations.
func counts(s store.Stats) string {
	return fmt.Sprintf("%d enqueued, %d started, %d completed, %d failed, %d discarded, %d cancelled; %d waits, %d runs",
		s.Enqueued, s.Started, s.Completed, s.Failed, s.Discarded, s.Cancelled, s.Wait.Count(), s.Run.Count())
}

func (fx *fixture) wantCounts(what string, got store.Stats, want string) {
	fx.Helper()
	if c := counts(got); c != want {
		fx.Errorf("%s: %s\n\twant %s", what, c, want)
	}
}

func statsCount(fx *fixture) {
	if all := fx.statistics(); len(all) > 0 {
		fx.Errorf("an empty store has statistics: %+v", all)
	}
	other := fx.newJob()
	other.Kind, other.State = "l", store.Pending
	fx.enqueue(other)
	jobs := fx.newJobs(4)
	fx.enqueue(jobs...)
	fx.enqueueAs(jobs[0]) // it is there
	fx.Checkpoint()
	jobs = fx.claim(10)
	fx.Checkpoint()
	fx.end(jobs[0], completeIt)
	fx.end(jobs[1], retryAt(fx.Now().Add(-time.Second)))
	fx.finish(store.Outcome{Ref: jobs[0].Ref(), Move: completeIt}) // late
	fx.end(jobs[2], discardIt)
	fx.Checkpoint()
	fx.move(jobs[3].ID, cancelIt)
	fx.maintain(promote(5))
	fx.end(fx.claimJob(jobs[1].ID), completeIt)
	fx.move(jobs[0].ID, againIt)
	fx.move(other.ID, cancelIt)
	fx.change(store.Change{IDs: idsOf(jobs), Delete: store.EveryState})
	all := fx.statistics()
	fx.wantCounts("kind k", sum(ofKind(all, "q", "k")), "4 enqueued, 5 started, 2 completed, 1 failed, 1 discarded, 1 cancelled; 5 waits, 4 runs")
	fx.wantCounts("kind l", sum(ofKind(all, "q", "l")), "1 enqueued, 0 started, 0 completed, 0 failed, 0 discarded, 1 cancelled; 0 waits, 0 runs")
	fx.Checkpoint()
	fx.wantCounts("all", sum(fx.statistics()), "5 enqueued, 5 started, 2 completed, 1 failed, 1 discarded, 2 cancelled; 5 waits, 4 runs")
}

func statsNoEnd(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.end(j, releaseIt)
	j = fx.claimJob(j.ID)
	fx.end(j, snoozeTo(fx.Now().Add(-time.Second)))
	fx.Checkpoint()
	fx.maintain(promote(1))
	j = fx.claimJob(j.ID)
	fx.move(j.ID, recoverIt)
	fx.wantCounts("one job", sum(fx.statistics()), "1 enqueued, 3 started, 0 completed, 0 failed, 0 discarded, 0 cancelled; 3 waits, 0 runs")
	fx.move(j.ID, store.Move{From: store.SetOf(store.Available), To: store.Running})
	fx.move(j.ID, crashLoopIt) // nobody knows for how long it ran
	fx.wantCounts("crashed", sum(fx.statistics()), "1 enqueued, 4 started, 0 completed, 0 failed, 1 discarded, 0 cancelled; 4 waits, 0 runs")
}

func statsDurations(fx *fixture) {
	if fx.harness.Network {
		fx.Checkpoint()
		return // its clock cannot be moved
	}
	j := fx.newJob()
	j.RunAt = fx.Now().Add(-time.Hour) // counted from when it was created
	fx.enqueue(j)
	time.Sleep(10 * time.Second)
	j = fx.claimJob(j.ID)
	fx.Checkpoint()
	time.Sleep(100 * time.Millisecond)
	fx.end(j, retryAt(fx.Now().Add(20*time.Minute)))
	fx.Checkpoint()
	time.Sleep(30 * time.Minute)
	fx.maintain(promote(1))
	fx.end(fx.claimJob(j.ID), completeIt) // it has waited for 10 minutes since it was due
	total := sum(fx.statistics())
	fx.Checkpoint()
	for _, c := range []struct {
		what string
		got  time.Duration
		want time.Duration
	}{
		{"first wait", total.Wait.Quantile(0.1), 10 * time.Second},
		{"second wait", total.Wait.Quantile(0.9), 10 * time.Minute},
		{"first run", total.Run.Quantile(0.9), 100 * time.Millisecond},
		{"second run", total.Run.Quantile(0.1), 0},
	} {
		if math.Abs(float64(c.got-c.want)) > 0.2*float64(c.want)+float64(2*time.Microsecond) {
			fx.Errorf("the %s is %v, want %v", c.what, c.got, c.want)
		}
	}
}

func statsMinutes(fx *fixture) {
	if fx.harness.Network {
		fx.Checkpoint()
		return
	}
	time.Sleep(time.Until(fx.Now().Truncate(time.Hour).Add(time.Hour))) // to a full hour
	begin := fx.Now().UTC()
	for range 3 {
		fx.enqueue(fx.newJob())
		time.Sleep(20 * time.Second)
		fx.enqueue(fx.newJob())
		fx.Checkpoint()
		time.Sleep(40 * time.Second)
	}
	at := func(minutes int) time.Time { return begin.Add(time.Duration(minutes) * time.Minute) }
	all := fx.statistics()
	if len(all) != 3 || all[0].Queue != "q" || all[0].Kind != "k" {
		fx.Fatalf("got %+v", all)
	}
	for i, s := range all {
		if !s.At.Equal(at(i)) || s.At.Location() != time.UTC || s.Span != time.Minute || s.Enqueued != 2 {
			fx.Errorf("minute %d: %d enqueued in %v from %v", i, s.Enqueued, s.Span, s.At)
		}
	}
	for _, c := range []struct {
		from, to time.Time
		want     int
	}{
		{time.Time{}, time.Time{}, 3}, {at(0), time.Time{}, 3}, {at(1), time.Time{}, 2}, {at(1), at(2), 1},
		{at(1).Add(time.Second), at(2).Add(time.Second), 2}, {at(3), time.Time{}, 0}, {time.Time{}, at(0), 0},
		{at(2), at(1), 0}, {time.Date(1, 2, 3, 4, 5, 6, 7, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 3},
	} {
		if got := fx.statisticsOf(c.from, c.to); len(got) != c.want {
			fx.Errorf("from %v to %v: %d minutes, want %d", c.from, c.to, len(got), c.want)
		}
	}
}

// aDay makes one job in each of some minutes of an hour, then lets a day and more go by.
func (fx *fixture) aDay() (hour time.Time) {
	fx.Helper()
	time.Sleep(time.Until(fx.Now().Truncate(time.Hour).Add(time.Hour)))
	hour = fx.Now().UTC()
	for range 3 {
		fx.end(fx.run(fx.newJob()), completeIt)
		time.Sleep(time.Minute)
	}
	time.Sleep(25 * time.Hour)
	fx.end(fx.run(fx.newJob()), completeIt)
	time.Sleep(2 * time.Hour)
	return hour
}

func statsHours(fx *fixture) {
	if fx.harness.Network {
		fx.Checkpoint()
		return
	}
	hour := fx.aDay()
	fx.Checkpoint()
	want := counts(sum(fx.statistics()))
	fx.maintain(store.Budget{Limit: 100})
	all := fx.statistics()
	if len(all) != 2 || all[0].Span != time.Hour || !all[0].At.Equal(hour) || all[1].Span != time.Minute {
		fx.Errorf("after a day: %d spans, %+v", len(all), all)
	}
	fx.wantCounts("the hour", all[0], "3 enqueued, 3 started, 3 completed, 0 failed, 0 discarded, 0 cancelled; 3 waits, 3 runs")
	fx.Checkpoint()
	fx.wantCounts("summed up", sum(fx.statistics()), want)
	for _, from := range []time.Time{hour.Add(30 * time.Minute), hour.Add(time.Hour)} {
		want := 2
		if from.Equal(hour.Add(time.Hour)) {
			want = 1
		}
		if got := fx.statisticsOf(from, time.Time{}); len(got) != want {
			fx.Errorf("from %v after the hour: %d spans, want %d", from.Sub(hour), len(got), want)
		}
	}
}

func statsDeleted(fx *fixture) {
	if fx.harness.Network {
		fx.Checkpoint()
		return
	}
	hour := fx.aDay()
	fx.Checkpoint()
	fx.maintain(store.Budget{Limit: 100, StatsBefore: hour.Add(2 * time.Minute)})
	fx.wantCounts("two minutes deleted, one summed up", sum(fx.statistics()),
		"2 enqueued, 2 started, 2 completed, 0 failed, 0 discarded, 0 cancelled; 2 waits, 2 runs")
	fx.maintain(store.Budget{Limit: 100, StatsBefore: hour.Add(time.Hour - 1)})
	if n := len(fx.statistics()); n != 2 {
		fx.Errorf("%d spans, the hour has not ended before the time", n)
	}
	fx.maintain(store.Budget{Limit: 100, StatsBefore: hour.Add(time.Hour)})
	if all := fx.statistics(); len(all) != 1 || all[0].Span != time.Minute {
		fx.Errorf("the hour should be gone: %+v", all)
	}
	fx.maintain(store.Budget{Limit: 100})
	fx.Checkpoint()
	if n := len(fx.statistics()); n != 1 {
		fx.Errorf("%d spans after Maintain without a time", n)
	}
}

func statsBounded(fx *fixture) {
	if fx.harness.Network {
		fx.Checkpoint()
		return
	}
	fx.aDay()
	fx.Reopen()
	fx.Checkpoint()
	want := counts(sum(fx.statistics()))
	for calls := 1; ; calls++ {
		m := fx.maintain(store.Budget{Limit: 2})
		fx.wantCounts("while it is summed up", sum(fx.statistics()), want)
		if !m.More {
			if calls != 2 {
				fx.Errorf("3 minutes were summed up by %d calls of 2", calls)
			}
			break
		}
		if calls == 10 {
			fx.Fatal("summing up does not come to an end")
		}
	}
	time.Sleep(time.Hour)
	if m := fx.maintain(store.Budget{Limit: 1, StatsBefore: fx.Now()}); !m.More {
		fx.Error("an hour and a minute were deleted with a limit of 1")
	}
	if m := fx.maintain(store.Budget{Limit: 1, StatsBefore: fx.Now()}); m.More || len(fx.statistics()) > 0 {
		fx.Error("there are more")
	}
}

func statsManyKinds(fx *fixture) {
	const kinds = 1500
	for i := range kinds {
		j := fx.newJob()
		j.Queue, j.Kind = fmt.Sprint("q", i%3), fmt.Sprint("k", i)
		fx.enqueue(j)
	}
	fx.Checkpoint()
	all := fx.statistics()
	fx.wantCounts("all kinds", sum(all),
		fmt.Sprint(kinds, " enqueued, 0 started, 0 completed, 0 failed, 0 discarded, 0 cancelled; 0 waits, 0 runs"))
	for _, s := range all {
		if s.Enqueued > 1 && (s.Queue != store.OtherStats || s.Kind != store.OtherStats) {
			fx.Errorf("%d jobs of kind %q in queue %q", s.Enqueued, s.Kind, s.Queue)
		}
	}
}

func statsCrowd(fx *fixture) {
	const each = 20
	var jobs [workers][]store.Job
	for w := range jobs {
		jobs[w] = fx.newJobs(each)
	}
	together(func(w int) {
		for _, j := range jobs[w] {
			if _, err := fx.Enqueue(fx.Context(), []store.Job{j}); err != nil {
				fx.Errorf("Enqueue: %v", err)
			}
			c, err := fx.Claim(fx.Context(), request(1))
			if err != nil {
				fx.Errorf("Claim: %v", err)
			}
			if _, err := fx.Finish(fx.Context(), completed(c.Jobs)); err != nil {
				fx.Errorf("Finish: %v", err)
			}
		}
	})
	fx.Checkpoint()
	const n = workers * each
	fx.wantCounts("all", sum(fx.statistics()),
		fmt.Sprintf("%d enqueued, %d started, %d completed, 0 failed, 0 discarded, 0 cancelled; %d waits, %d runs", n, n, n, n, n))
}
