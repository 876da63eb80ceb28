package storetest

import (
	"github.com/bgq-dev/bgq/store"
)

var getCases = []scenario{
	{"keeps the order, leaves out what is missing", getKeepsOrder},
	{"brings the parts that were asked for", getBringsParts},
}

func getKeepsOrder(fx *fixture) {
	jobs := fx.newJobs(4)
	fx.enqueue(jobs...)
	fx.Checkpoint()
	never := fx.ids.next()
	fx.wantIDs("got", fx.present(jobs[2].ID, never, jobs[0].ID, jobs[3].ID, store.ID{}),
		[]store.ID{jobs[2].ID, jobs[0].ID, jobs[3].ID})
	fx.wantIDs("none asked for", fx.present(), nil)
}

// partsOf takes from a whole job what a read with these parts must bring.
func partsOf(j store.Job, parts store.Parts) store.Job {
	if parts&store.PartArgs == 0 {
		j.Args = nil
	}
	if parts&store.PartResult == 0 {
		j.Result = nil
	}
	if parts&store.PartFailures == 0 {
		j.Failures = nil
	}
	if parts&store.PartCheckpoints == 0 {
		j.Checkpoints = nil
	}
	return j
}

func getBringsParts(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.extend(store.Extension{Ref: j.Ref(), Checkpoints: []store.Checkpoint{{Name: "c", Value: text("saved")}}})
	fx.finish(store.Outcome{
		Ref: j.Ref(), Move: completeIt, Result: text("result"),
		Failure: &store.Failure{At: fx.Now(), Kind: store.FailError, Message: "nearly"},
	})
	fx.Checkpoint()
	whole := fx.job(j.ID)
	if whole.Args == nil || whole.Result == nil || len(whole.Failures) != 1 || len(whole.Checkpoints) != 1 {
		fx.Fatalf("parts are missing: %+v", whole)
	}
	if whole.ArgsSize != len(whole.Args) || whole.ResultSize != len(whole.Result) || whole.FailureCount != 1 {
		fx.Errorf("sizes %d and %d, %d failures", whole.ArgsSize, whole.ResultSize, whole.FailureCount)
	}
	for parts := range store.AllParts + 1 {
		got, err := fx.Get(fx.Context(), []store.ID{j.ID}, parts)
		if err != nil || len(got) != 1 {
			fx.Fatalf("Get: %v, %v", got, err)
		}
		if d := diff(partsOf(whole, parts), got[0]); d != "" {
			fx.Errorf("Get with parts %04b:%s", parts, d)
		}
		if d := diff(partsOf(whole, parts), fx.list(store.ListRequest{Parts: parts})[0]); d != "" {
			fx.Errorf("List with parts %04b:%s", parts, d)
		}
	}
}
