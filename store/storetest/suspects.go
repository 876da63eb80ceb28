package storetest

import "github.com/bgq-dev/bgq/store"

var suspectCases = []scenario{
	{"are skipped, and reported", suspectsAreReported},
	{"are claimed alone", suspectsAlone},
	{"are reported only where wanted", suspectsWhereWanted},
	{"are cleared by a move, and at the end", suspectsCleared},
}

// makeSuspect enqueues a job, and leaves it as the crash of a process would.
func (fx *fixture) makeSuspect(j store.Job) store.Job {
	fx.Helper()
	fx.enqueue(j)
	req := store.ClaimRequest{Move: claimMove, Want: []store.Want{want(j.Queue, 1)}}
	if got := fx.claimWith(req).Jobs; len(got) != 1 || got[0].ID != j.ID {
		fx.Fatalf("Claim gave %v, want %s", idsOf(got), j.ID)
	}
	fx.move(j.ID, recoverIt)
	got := fx.job(j.ID)
	if !got.Suspect || got.Recoveries != 1 || got.State != store.Available || got.Attempt != 1 {
		fx.Fatalf("after the recovery: %+v", got)
	}
	return got
}

// alone asks for a suspect of queue "q".
func alone() store.ClaimRequest {
	req := request(5)
	req.Alone = true
	return req
}

func suspectsAreReported(fx *fixture) {
	suspect := fx.makeSuspect(fx.newJob())
	innocent := fx.newJob()
	innocent.Priority = 9
	fx.enqueue(innocent)
	fx.Checkpoint()
	c := fx.claimWith(request(5))
	fx.wantIDs("claimed", idsOf(c.Jobs), []store.ID{innocent.ID})
	if !c.Suspects {
		fx.Error("the suspect was not reported beside a job")
	}
	if c = fx.claimWith(request(5)); len(c.Jobs) != 0 || !c.Suspects {
		fx.Errorf("got %v, suspects %v, want no job and a suspect reported", idsOf(c.Jobs), c.Suspects)
	}
	fx.wantState(suspect.ID, store.Available)
}

func suspectsAlone(fx *fixture) {
	first, second := fx.makeSuspect(fx.newJob()), fx.makeSuspect(fx.newJob())
	innocent := fx.newJob()
	innocent.Priority = -9
	fx.enqueue(innocent)
	fx.Checkpoint()
	for _, want := range []store.Job{first, second} {
		got := fx.claimWith(alone()).Jobs
		fx.wantIDs("alone", idsOf(got), []store.ID{want.ID})
		if len(got) == 1 && (got[0].Claim != want.Claim+1 || got[0].Attempt != 2 || !got[0].Suspect) {
			fx.Errorf("the suspect was claimed as %+v", got[0])
		}
		fx.Checkpoint()
	}
	fx.wantIDs("no suspect is left", idsOf(fx.claimWith(alone()).Jobs), nil)
	c := fx.claimWith(request(5))
	fx.wantIDs("claimed", idsOf(c.Jobs), []store.ID{innocent.ID})
	if c.Suspects {
		fx.Error("suspects that are running were reported")
	}
}

func suspectsWhereWanted(fx *fixture) {
	j := fx.newJob()
	j.Kind = "deadly"
	fx.makeSuspect(j)
	fx.Checkpoint()
	reported := func(change func(*store.ClaimRequest)) bool {
		fx.Helper()
		req := request(1)
		change(&req)
		c := fx.claimWith(req)
		fx.wantIDs("claimed", idsOf(c.Jobs), nil)
		return c.Suspects
	}
	if reported(func(r *store.ClaimRequest) { r.Kinds = []string{"k"} }) {
		fx.Error("reported for another kind")
	}
	if reported(func(r *store.ClaimRequest) { r.Want[0].Queue = "other" }) {
		fx.Error("reported for another queue")
	}
	if !reported(func(r *store.ClaimRequest) { r.Kinds = []string{"k", "deadly"} }) {
		fx.Error("not reported for its kind")
	}
	req := alone()
	req.Kinds = []string{"k"}
	fx.wantIDs("alone, of another kind", idsOf(fx.claimWith(req).Jobs), nil)

	fx.putQueue(store.QueueInfo{Name: "q", Paused: true})
	fx.Checkpoint()
	if reported(func(*store.ClaimRequest) {}) {
		fx.Error("reported although its queue is paused")
	}
	fx.wantIDs("alone, while paused", idsOf(fx.claimWith(alone()).Jobs), nil)
	fx.putQueue(store.QueueInfo{Name: "q"})
	fx.wantIDs("alone", idsOf(fx.claimWith(alone()).Jobs), []store.ID{j.ID})
}

func suspectsCleared(fx *fixture) {
	// Kept over an attempt, unless the move clears it.
	j := fx.makeSuspect(fx.newJob())
	got := fx.claimWith(alone()).Jobs
	fx.wantIDs("alone", idsOf(got), []store.ID{j.ID})
	fx.end(got[0], releaseIt)
	fx.Checkpoint()
	if !fx.job(j.ID).Suspect {
		fx.Error("a move that keeps the mark cleared it")
	}
	got = fx.claimWith(alone()).Jobs
	fx.wantIDs("alone, again", idsOf(got), []store.ID{j.ID})
	survived := releaseIt
	survived.Suspect = store.Clear
	fx.end(got[0], survived)
	fx.Checkpoint()
	if fx.job(j.ID).Suspect {
		fx.Error("the mark was not cleared")
	}
	fx.end(fx.claimJob(j.ID), completeIt)

	// Cleared when the job is final, by whatever move.
	for _, last := range []store.Move{cancelIt, discardIt} {
		j := fx.makeSuspect(fx.newJob())
		if last.To == store.Cancelled {
			fx.move(j.ID, last)
		} else {
			fx.end(fx.claimWith(alone()).Jobs[0], last)
		}
		fx.Checkpoint()
		if fx.job(j.ID).Suspect {
			fx.Errorf("the job is %s, and still suspect", last.To)
		}
		if fx.claimWith(request(1)).Suspects {
			fx.Errorf("a %s job is reported as a suspect", last.To)
		}
	}
}
