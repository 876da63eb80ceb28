package admin

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// enqueue stores new jobs in one commit.
func (s *Server) enqueue(w http.ResponseWriter, r *http.Request) error {
	var body wire.Enqueue
	if err := queryOf(r).end(); err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	switch n := len(body.Jobs); {
	case n == 0:
		return wire.NewProblem(wire.CodeBadRequest, `send {"jobs":[{"kind":"resize","args":{"name":"cat.jpg"}}]}`, "there is no job to enqueue")
	case n > maxNamed:
		return wire.NewProblem(wire.CodeTooLarge, "send several requests", "there are %d jobs, and %d are the most", n, maxNamed)
	}
	b := newcomers{s: s, key: key}
	for i := range body.Jobs {
		if err := b.add(&body.Jobs[i]); err != nil {
			return wire.NewProblem(wire.CodeBadRequest, hintSpec, "%s%v", b.place(i, len(body.Jobs)), err)
		}
	}
	ctx := s.audit(r, "enqueue", "", "")
	stored, err := s.cfg.Queue.Store().Enqueue(ctx, b.records)
	if err != nil {
		return refused(err)
	}
	if err := b.check(r, stored); err != nil {
		return err
	}
	v := wire.Enqueued{Jobs: make([]wire.EnqueuedJob, len(stored))}
	for i, e := range stored {
		v.Jobs[i] = wire.EnqueuedJob(e)
	}
	return writeJSON(w, http.StatusCreated, v)
}

// maxKey is the most bytes of an idempotency key.
const maxKey = 200

// idempotencyKey reads the key that makes a request safe to repeat. There need not be one.
func idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return "", nil
	}
	if key := keys[0]; len(keys) == 1 && key != "" && len(key) <= maxKey && printable(key) {
		return key, nil
	}
	return "", wire.NewProblem(wire.CodeBadRequest, "for example a random id", "the Idempotency-Key must be one text of 1 to %d printable ASCII characters", maxKey)
}

// newcomers are jobs to be stored together.
type newcomers struct {
	s       *Server
	key     string
	records []store.Job
	refuse  []bool // an answer with another job than this one is a conflict
}

// add checks a job, and prepares its record.
func (b *newcomers) add(n *wire.NewJob) error {
	j := queue.NewJob{
		ID: n.ID, Kind: n.Kind, Queue: n.Queue, Priority: n.Priority, Hold: n.Hold,
		MaxAttempts: n.MaxAttempts, MaxRecoveries: n.MaxRecoveries,
		Unique: queue.Unique{Key: n.Unique}, Tags: n.Tags, Trace: n.Trace,
	}
	var err error
	if j.Args, err = argsOf(n); err != nil {
		return err
	}
	if j.Timeout, err = milliseconds("timeout_ms", n.TimeoutMS); err != nil {
		return err
	}
	if j.RunAt, err = b.runAt(n); err != nil {
		return err
	}
	untils := []string{store.UntilFinal: "final", store.UntilStart: "start", store.UntilDeleted: "deleted"}
	if n.UniqueUntil != "" {
		i := slices.Index(untils, n.UniqueUntil)
		if i < 0 {
			return fmt.Errorf("unique_until cannot be %.40q: it is final, start or deleted", n.UniqueUntil)
		}
		j.Unique.Until = store.Until(i)
	}
	if n.OnConflict != "" && n.OnConflict != "skip" && n.OnConflict != "refuse" {
		return fmt.Errorf("on_conflict cannot be %.40q: it is skip or refuse", n.OnConflict)
	}
	if n.Unique == "" && (n.UniqueUntil != "" || n.OnConflict != "") {
		return fmt.Errorf("unique_until and on_conflict need a unique key")
	}
	if b.key != "" {
		j.Token = tokenPrefix + b.key + "#" + strconv.Itoa(len(b.records))
	}
	record, err := b.s.cfg.Queue.Prepare(j)
	if err != nil {
		return err
	}
	b.records = append(b.records, record)
	b.refuse = append(b.refuse, n.OnConflict == "refuse")
	return nil
}

// tokenPrefix sets the idempotency keys of the API apart from others that a program may use.
const tokenPrefix = "api:"

// argsOf are the arguments of a job. Without any they are nil, which is a value too.
func argsOf(n *wire.NewJob) (store.Value, error) {
	switch {
	case len(n.Args) > 0 && n.ArgsMsgpack != nil:
		return nil, fmt.Errorf("give either args or args_msgpack")
	case n.ArgsMsgpack != nil:
		v := store.Value(n.ArgsMsgpack)
		if err := v.Check(); err != nil {
			return nil, fmt.Errorf("args_msgpack: %w", err)
		}
		return v, nil
	case len(n.Args) > 0:
		v, err := wire.ValueFromJSON(n.Args)
		if err != nil {
			return nil, fmt.Errorf("args: %w", err)
		}
		return v, nil
	}
	return wire.ValueFromJSON([]byte("null"))
}

// runAt is the earliest time at which a job may run; zero: now.
func (b *newcomers) runAt(n *wire.NewJob) (time.Time, error) {
	delay, err := milliseconds("delay_ms", n.DelayMS)
	switch {
	case err != nil:
		return time.Time{}, err
	case n.RunAt != nil && delay != 0:
		return time.Time{}, fmt.Errorf("give either run_at or delay_ms")
	case n.RunAt != nil:
		return *n.RunAt, nil
	case delay != 0:
		return b.s.cfg.Queue.Store().Now().Add(delay), nil
	}
	return time.Time{}, nil
}

// milliseconds reads a duration.
func milliseconds(name string, n int64) (time.Duration, error) {
	const most = math.MaxInt64 / int64(time.Millisecond) / 10 // 29 years
	if n < 0 || n > most {
		return 0, fmt.Errorf("%s cannot be %d: give 0 to %d", name, n, most)
	}
	return time.Duration(n) * time.Millisecond, nil
}

// check finds out about each job that was there before whether it is what the request says.
func (b *newcomers) check(r *http.Request, stored []store.Enqueued) error {
	var ids []store.ID
	for _, e := range stored {
		if e.Existing {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	parts := store.HeadOnly
	if b.key != "" {
		parts = store.PartArgs
	}
	jobs, err := b.s.cfg.Queue.Store().Get(r.Context(), ids, parts)
	if err != nil {
		return err
	}
	there := make(map[store.ID]*store.Job, len(jobs))
	for i := range jobs {
		there[jobs[i].ID] = &jobs[i]
	}
	for i, e := range stored {
		mine, other := &b.records[i], there[e.ID]
		repeated := other != nil && mine.Token != "" && other.Token == mine.Token
		switch {
		case !e.Existing || e.ID == mine.ID && !repeated:
		case repeated && (other.Kind != mine.Kind || other.Queue != mine.Queue || string(other.Args) != string(mine.Args)):
			p := wire.NewProblem(wire.CodeKeyReused, "use a new key for a new request", "%sthe Idempotency-Key was used for another job: %s", b.place(i, len(stored)), e.ID)
			return b.among(p)
		case !repeated && b.refuse[i]:
			p := wire.NewProblem(wire.CodeDuplicate, "wait for that job, cancel it, or use another key", "%sthe unique key %q is held by job %s", b.place(i, len(stored)), mine.Unique, e.ID)
			p.Holder = e.ID.String()
			return b.among(p)
		}
	}
	return nil
}

// among adds to the problem of one job what became of the others.
func (b *newcomers) among(p *wire.Problem) *wire.Problem {
	if len(b.records) > 1 {
		p.Detail += "; the others are stored"
	}
	return p
}

// place names one of several jobs.
func (b *newcomers) place(i, of int) string {
	if of == 1 {
		return ""
	}
	return fmt.Sprintf("jobs[%d]: ", i)
}
