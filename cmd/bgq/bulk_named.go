package main

import (
	"context"
	"slices"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// maxNamed is how many jobs the API acts on in one commit.
const maxNamed = 1000

// named changes the jobs with these ids. It does not ask: they were named one by one.
func (b *bulk) named(ctx context.Context, args []string) error {
	ids, err := parseIDs(args)
	if err != nil {
		return err
	}
	if err := b.check(ctx); err != nil {
		return err
	}
	switch {
	case b.dryRun:
		return b.preview(ctx, ids)
	case b.detach || b.rate > 0:
		return b.operate(ctx, wire.NewOperation{Action: b.action, IDs: ids, Rate: float64(b.rate), Reason: b.reason})
	}
	api, err := b.app.api()
	if err != nil {
		return err
	}
	sum := &changes{Action: b.action}
	for chunk := range slices.Chunk(ids, maxNamed) {
		acted, err := api.Act(ctx, wire.Act{Action: b.action, IDs: chunk, Reason: b.reason})
		if err != nil {
			if sum.Done > 0 {
				b.app.say("%s of %s were %s before it failed; the same command goes on", number(sum.Done), plural(int64(len(ids)), "job"), b.done)
			}
			return err
		}
		sum.add(acted)
	}
	return b.report(sum)
}

// preview shows what would be done to jobs that are named.
func (b *bulk) preview(ctx context.Context, ids []store.ID) error {
	api, err := b.app.api()
	if err != nil {
		return err
	}
	s := &wire.Selection{Action: b.action, Count: int64(len(ids)), IDs: ids, ByState: map[string]int64{}, ByKind: map[string]int64{}, ByQueue: map[string]int64{}}
	for _, id := range ids {
		j, err := api.Job(ctx, id, client.JSON)
		if err != nil {
			return err
		}
		s.ByState[j.State.String()]++
		s.ByKind[j.Kind]++
		s.ByQueue[j.Queue]++
		if len(s.Sample) < sampleSize {
			s.Sample = append(s.Sample, j)
		}
	}
	return b.app.print(plan{DryRun: true, Selection: s}, func() error {
		b.app.printf("%s\n", b.app.plan(s, b.done))
		return nil
	}, idsOf(s)...)
}

// sampleSize is how many jobs a plan shows.
const sampleSize = 5
