package admin

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// hour is what happened within the last 60 minutes.
type hour struct {
	now    time.Time
	total  store.Stats
	queues map[string]*queueHour
}

// queueHour is the part of a queue.
type queueHour struct {
	ended     [recentMinutes]int64 // in each of the last minutes, oldest first
	completed int64                // within the last rateMinutes
}

const (
	recentMinutes = 30
	rateMinutes   = 5
)

// lastHour sums up the last 60 minutes.
func (s *Server) lastHour(ctx context.Context) (*hour, error) {
	h := &hour{now: s.cfg.Queue.Store().Now(), queues: map[string]*queueHour{}}
	return h, s.eachStats(ctx, h.now.Add(-time.Hour), h.now, func(row *store.Stats) error {
		h.add(row)
		return nil
	})
}

func (h *hour) add(row *store.Stats) {
	h.total.Add(row)
	ago := int(h.now.Truncate(time.Minute).Sub(row.At) / time.Minute)
	if ago < 0 || ago >= recentMinutes || row.Span > time.Minute {
		return
	}
	q := h.queues[row.Queue]
	if q == nil {
		q = &queueHour{}
		h.queues[row.Queue] = q
	}
	q.ended[recentMinutes-1-ago] += row.Completed + row.Discarded + row.Cancelled
	if ago < rateMinutes {
		q.completed += row.Completed
	}
}

// recent returns how many jobs of a queue ended in each minute, and completed in a minute.
func (h *hour) recent(queue string) (ended []int64, perMinute float64) {
	q := h.queues[queue]
	if q == nil {
		return make([]int64, recentMinutes), 0
	}
	since := h.now.Truncate(time.Minute).Add(-(rateMinutes - 1) * time.Minute)
	return q.ended[:], float64(q.completed) / h.now.Sub(since).Minutes()
}
