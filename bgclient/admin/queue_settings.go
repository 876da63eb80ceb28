package admin

import (
	"net/http"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// The largest settings of a queue.
const (
	maxWorkers = 10_000
	maxRate    = 1_000_000
)

// changeQueue changes settings.
func (s *Server) changeQueue(w http.ResponseWriter, r *http.Request) error {
	var c wire.QueueChange
	if err := queryOf(r).end(); err != nil {
		return err
	}
	if err := decode(r, &c); err != nil {
		return err
	}
	if err := checkQueueChange(&c); err != nil {
		return err
	}
	reason := ""
	if c.Reason != nil {
		reason = *c.Reason
	}
	return s.putQueue(w, r, "set", reason, func(q *store.QueueInfo) {
		if c.Paused != nil {
			q.Paused = *c.Paused
		}
		if c.Reason != nil {
			q.Reason = reason
		}
		if c.Workers != nil {
			q.Workers = *c.Workers
		}
		if c.Rate != nil {
			q.Rate = *c.Rate
		}
	})
}

func checkQueueChange(c *wire.QueueChange) error {
	switch {
	case *c == wire.QueueChange{}:
		return wire.NewProblem(wire.CodeBadRequest, "give paused, reason, workers or rate", "nothing is to be changed")
	case c.Workers != nil && (*c.Workers < 0 || *c.Workers > maxWorkers):
		return wire.NewProblem(wire.CodeBadRequest, "0 is as many as the program says", "there cannot be %d workers: give 0 to %d", *c.Workers, maxWorkers)
	case c.Rate != nil && !(*c.Rate >= 0 && *c.Rate <= maxRate):
		return wire.NewProblem(wire.CodeBadRequest, "0 is no limit", "the rate cannot be %v jobs a second: give 0 to %d", *c.Rate, maxRate)
	case c.Reason != nil && (c.Paused == nil || !*c.Paused):
		return wire.NewProblem(wire.CodeBadRequest, `send "paused":true with it`, "a reason is that of a pause")
	}
	return nil
}

// pauseQueue starts no further job of a queue.
func (s *Server) pauseQueue(w http.ResponseWriter, r *http.Request) error {
	reason, err := reasonOf(r)
	if err != nil {
		return err
	}
	return s.putQueue(w, r, "pause", reason, func(q *store.QueueInfo) { q.Paused, q.Reason = true, reason })
}

// resumeQueue ends a pause.
func (s *Server) resumeQueue(w http.ResponseWriter, r *http.Request) error {
	reason, err := reasonOf(r)
	if err != nil {
		return err
	}
	return s.putQueue(w, r, "resume", reason, func(q *store.QueueInfo) { q.Paused = false })
}

// reasonOf reads why an action is asked for, which may be left out.
func reasonOf(r *http.Request) (string, error) {
	if err := queryOf(r).end(); err != nil {
		return "", err
	}
	var body struct {
		Reason string `json:"reason"`
	}
	err := decodeOptional(r, &body)
	return body.Reason, err
}

// putQueue changes the settings of the queue in the path, and answers with it.
func (s *Server) putQueue(w http.ResponseWriter, r *http.Request, verb, reason string, change func(q *store.QueueInfo)) error {
	name := r.PathValue("name")
	if _, err := s.cfg.Queue.SetQueue(s.audit(r, verb, reason, ""), name, change); err != nil {
		return refused(err)
	}
	return s.answerQueue(w, r, name, true)
}
