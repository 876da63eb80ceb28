package admin

import (
	"context"
	"maps"
	"slices"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// counters are the numbers of jobs, with what they belong to, as they are at about one moment.
type counters struct {
	queues  map[string]*queueCounters
	batches []queue.BatchStatus // by name
}

// queueCounters are a queue with its settings.
type queueCounters struct {
	store.QueueInfo
	counts [store.Discarded + 1]int64
}

// counters reads them. Nothing is scanned for it.
func (s *Server) counters(ctx context.Context) (*counters, error) {
	st := s.cfg.Queue.Store()
	rows, err := st.Count(ctx)
	if err != nil {
		return nil, err
	}
	settings, err := st.Queues(ctx)
	if err != nil {
		return nil, err
	}
	batches, err := st.Batches(ctx)
	if err != nil {
		return nil, err
	}
	all := &counters{queues: map[string]*queueCounters{}}
	for _, q := range settings {
		all.at(q.Name).QueueInfo = q
	}
	for _, r := range rows {
		all.at(r.Queue).counts[r.State] += r.N
	}
	if s.live() {
		for _, l := range s.cfg.Executor.Lanes() {
			all.at(l.Queue)
		}
	}
	for _, b := range batches {
		status := queue.BatchStatus{Batch: b}
		if q := all.queues[b.Queue]; q != nil {
			status.Counts = q.counts
		}
		all.batches = append(all.batches, status)
	}
	return all, nil
}

// at returns a queue, which is there then.
func (c *counters) at(name string) *queueCounters {
	if c.queues[name] == nil {
		c.queues[name] = &queueCounters{QueueInfo: store.QueueInfo{Name: name}}
	}
	return c.queues[name]
}

// names are those of the queues, sorted.
func (c *counters) names() []string { return slices.Sorted(maps.Keys(c.queues)) }

func (c *counters) totals() map[string]int64 {
	var sum [store.Discarded + 1]int64
	for _, q := range c.queues {
		for state, n := range q.counts {
			sum[state] += n
		}
	}
	return byState(sum)
}

// byState names the states, all of them.
func byState(counts [store.Discarded + 1]int64) map[string]int64 {
	m := make(map[string]int64, len(counts)-1)
	for _, state := range store.AllStates() {
		m[state.String()] = counts[state]
	}
	return m
}
