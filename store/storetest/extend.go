package storetest

import (
	"cmp"
	"slices"

	"github.com/bgq-dev/bgq/store"
)

var extendCases = []scenario{
	{"stores progress and checkpoints", extendStores},
	{"leaves what it does not name", extendLeaves},
	{"keeps checkpoints for the next attempt", checkpointsSurvive},
	{"answers for each", extendAnswersEach},
	{"refuses a large checkpoint", extendTooLarge},
}

func extendStores(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.Checkpoint()
	news := store.Extension{
		Ref:         j.Ref(),
		Progress:    &store.Progress{Done: 3, Total: 10, Note: "third"},
		Checkpoints: []store.Checkpoint{{Name: "b", Value: text("one")}, {Name: "a", Value: null}},
	}
	if !fx.extend(news) {
		fx.Fatal("Extend was refused")
	}
	fx.Checkpoint()
	want := j
	want.Progress, want.Checkpoints = *news.Progress, news.Checkpoints
	if d := diff(want, fx.job(j.ID)); d != "" {
		fx.Errorf("after Extend:%s", d)
	}
}

func extendLeaves(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.extend(store.Extension{
		Ref: j.Ref(), Progress: &store.Progress{Done: 1},
		Checkpoints: []store.Checkpoint{{Name: "a", Value: text("a1")}, {Name: "b", Value: text("b1")}},
	})
	fx.Checkpoint()
	fx.extend(store.Extension{Ref: j.Ref(), Checkpoints: []store.Checkpoint{{Name: "b", Value: text("b2")}}})
	fx.extend(store.Extension{Ref: j.Ref()})
	got := fx.job(j.ID)
	if got.Progress != (store.Progress{Done: 1}) {
		fx.Errorf("the progress is %+v, nobody had changed it", got.Progress)
	}
	wantCheckpoints(fx, got, "a", "a1", "b", "b2")
	fx.extend(store.Extension{Ref: j.Ref(), Progress: &store.Progress{}})
	fx.Checkpoint()
	got = fx.job(j.ID)
	if got.Progress != (store.Progress{}) {
		fx.Errorf("the progress is %+v, it was set to zero", got.Progress)
	}
	wantCheckpoints(fx, got, "a", "a1", "b", "b2")
}

func wantCheckpoints(fx *fixture, j store.Job, nameAndText ...string) {
	fx.Helper()
	var want []store.Checkpoint
	for pair := range slices.Chunk(nameAndText, 2) {
		want = append(want, store.Checkpoint{Name: pair[0], Value: text(pair[1])})
	}
	got := slices.SortedFunc(slices.Values(j.Checkpoints), func(a, b store.Checkpoint) int { return cmp.Compare(a.Name, b.Name) })
	if !slices.EqualFunc(got, want, func(a, b store.Checkpoint) bool {
		return a.Name == b.Name && slices.Equal(a.Value, b.Value)
	}) {
		fx.Errorf("the checkpoints are %v, want %v", got, want)
	}
}

func checkpointsSurvive(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.extend(store.Extension{
		Ref: j.Ref(), Progress: &store.Progress{Note: "half"},
		Checkpoints: []store.Checkpoint{{Name: "a", Value: text("a1")}},
	})
	fx.end(j, retryAt(fx.Now()))
	fx.Checkpoint()
	fx.maintain(store.Budget{Promote: promoteIt, Limit: 10})
	again := fx.claimJob(j.ID)
	fx.Checkpoint()
	wantCheckpoints(fx, fx.job(j.ID), "a", "a1")
	fx.end(again, completeIt)
	got := fx.job(j.ID)
	if got.Progress.Note != "half" {
		fx.Errorf("the progress of the finished job is %+v, it should have stayed", got.Progress)
	}
	wantCheckpoints(fx, got, "a", "a1")
}

func extendAnswersEach(fx *fixture) {
	a, b, lost := fx.run(fx.newJob()), fx.run(fx.newJob()), fx.run(fx.newJob())
	fx.end(lost, completeIt)
	fx.Checkpoint()
	var extensions []store.Extension
	for _, j := range []store.Job{a, lost, b, a} {
		extensions = append(extensions, store.Extension{
			Ref: j.Ref(), Progress: &store.Progress{Done: int64(len(extensions)) + 1},
			Checkpoints: []store.Checkpoint{{Name: "c", Value: null}},
		})
	}
	held, err := fx.Extend(fx.Context(), extensions)
	if err != nil || !slices.Equal(held, []bool{true, false, true, true}) {
		fx.Fatalf("Extend: %v, %v, want only the second lost", held, err)
	}
	fx.Checkpoint()
	for id, want := range map[store.ID]int64{a.ID: 4, b.ID: 3, lost.ID: 0} {
		if got := fx.job(id); got.Progress.Done != want || (want == 0) != (len(got.Checkpoints) == 0) {
			fx.Errorf("progress %+v and checkpoints %v, want progress %d", got.Progress, got.Checkpoints, want)
		}
	}
}

func extendTooLarge(fx *fixture) {
	a, b := fx.run(fx.newJob()), fx.run(fx.newJob())
	fx.Checkpoint()
	err := fx.unchanged("Extend with a large checkpoint", func() error {
		_, err := fx.Extend(fx.Context(), []store.Extension{
			{Ref: a.Ref(), Progress: &store.Progress{Done: 1}},
			{Ref: b.Ref(), Checkpoints: []store.Checkpoint{{Name: "c", Value: blob(fx.Caps().MaxValue + 1)}}},
		})
		return err
	})
	fx.wantError("Extend with a large checkpoint", err, store.ErrTooLarge)
}
