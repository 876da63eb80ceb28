package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// enqueueFlags are the flags of bgq enqueue and bgq enqueue sh.
type enqueueFlags struct {
	queue    string
	priority int16
	in       span
	at       moment
	hold     bool
	unique   string
	until    string
	refuse   bool
	attempts int
	timeout  span
	tags     []string
	id       string
	key      string
	many     bool
	makeFile bool

	wait        bool
	raw         bool
	timeoutWait span
}

// add gives them to a command. attempts is what it takes for usual.
func (f *enqueueFlags) add(c *cobra.Command, attempts int) {
	flags := c.Flags()
	flags.StringVar(&f.queue, "queue", "default", "the `queue` it stands in")
	flags.Int16Var(&f.priority, "priority", 0, "of the jobs in a queue the one with the least `number` runs first")
	flags.Var(&f.in, "in", "run it no earlier than after this `duration`, like 5m or 2d")
	flags.Var(&f.at, "at", "run it no earlier than at this `time`: 15:04, 2026-11-22T15:04 or RFC 3339")
	flags.BoolVar(&f.hold, "hold", false, "do not run it until bgq jobs release")
	flags.StringVar(&f.unique, "unique", "", "store it only if no other job holds this `key`")
	f.until = "final"
	flags.Var(newChoice(&f.until, "final", "start", "deleted"), "unique-until", "how long the key is held: until the job has ended, begins or is deleted")
	flags.BoolVar(&f.refuse, "refuse-duplicate", false, "fail (exit code 12) if the unique key is held")
	flags.IntVar(&f.attempts, "attempts", attempts, "how often it is tried when it fails; crashes do not count")
	flags.Var(&f.timeout, "timeout", "an attempt that takes longer than this `duration` has failed")
	flags.StringArrayVar(&f.tags, "tag", nil, "a `word` to find it by; may be repeated")
	flags.StringVar(&f.id, "id", "", "the `id` of the job, to repeat the line safely")
	flags.StringVar(&f.key, "key", "", "an idempotency `key`: while the jobs of the first time are stored, nothing is stored again")
	flags.BoolVar(&f.makeFile, "create", false, "make the file if there is none")
	flags.BoolVar(&f.wait, "wait", false, "wait until it has ended, and print its result; exit code 3 if it failed")
	flags.Var(&f.timeoutWait, "timeout-wait", "wait no longer than this `duration`; exit code 124")
	flags.BoolVar(&f.raw, "raw", false, "print the result as bgq jobs result --raw does")
}

// job is what the flags say about a job.
func (f *enqueueFlags) job(c *cobra.Command, kind string) (wire.NewJob, error) {
	n := wire.NewJob{
		ID: store.NewID(), Kind: kind, Queue: f.queue, Priority: f.priority, Hold: f.hold,
		DelayMS: time.Duration(f.in).Milliseconds(), TimeoutMS: time.Duration(f.timeout).Milliseconds(),
		MaxAttempts: f.attempts, Unique: f.unique, Tags: f.tags, RunAt: wire.TimeOrNil(time.Time(f.at)),
	}
	changed := c.Flags().Changed
	if err := f.check(changed); err != nil {
		return n, err
	}
	if f.id != "" {
		var err error
		if n.ID, err = store.ParseID(f.id); err != nil {
			return n, usage("an id has 26 letters and digits, like 01JD8Q3Z5M9XKX2T4V6W8Y0ABC", "--id: %w", err)
		}
	}
	if changed("unique-until") {
		n.UniqueUntil = f.until
	}
	if f.refuse {
		n.OnConflict = "refuse"
	}
	if f.timeout > 0 && n.TimeoutMS == 0 {
		n.TimeoutMS = 1
	}
	return n, nil
}

// check refuses what does not go together.
func (f *enqueueFlags) check(changed func(string) bool) error {
	switch {
	case f.queue == "":
		return usage("leave --queue out for the queue default", "--queue is empty")
	case changed("in") && changed("at"):
		return usage("--in counts from now, --at is a time", "give either --in or --at, not both")
	case f.hold && (changed("in") || changed("at")):
		return usage("bgq jobs release lets it run", "a job that is held has no time: give either --hold, or --in or --at")
	case changed("unique") && f.unique == "":
		return usage("it is the key that only one job may hold at a time", "--unique is empty")
	case f.unique == "" && (changed("unique-until") || f.refuse):
		return usage("for example --unique invoice-7", "--unique-until and --refuse-duplicate need --unique KEY")
	case f.attempts < 1:
		return usage("--attempts 1 tries it once", "--attempts %d: give 1 or more", f.attempts)
	case changed("key") && f.key == "":
		return usage("for example a random text", "--key is empty")
	case changed("key") && changed("id"):
		return usage("either makes the line safe to repeat", "give either --id or --key, not both")
	case f.raw && !f.waits():
		return usage("bgq enqueue … --wait --raw", "--raw is about the result: it needs --wait")
	}
	return nil
}

func (f *enqueueFlags) waits() bool { return f.wait || f.timeoutWait > 0 }

// waiting is how the end of the job is awaited.
func (f *enqueueFlags) waiting(a *app, api *client.Client) *waiting {
	w := &waiting{app: a, api: api}
	if f.timeoutWait > 0 {
		w.timeout, w.end = time.Duration(f.timeoutWait), time.Now().Add(time.Duration(f.timeoutWait))
	}
	return w
}

// create makes the file if that was asked for. Without that, a file that is not there is most likely misspelt.
func (f *enqueueFlags) create(a *app) error {
	if a.addr != "" {
		if f.makeFile {
			return usage("leave --create out", "--create is about a file: it does not go with --addr")
		}
		return nil
	}
	err := a.exists()
	if codeOf(err) != exitNoFile {
		return err
	}
	if !f.makeFile {
		return fail(exitNoFile, "check the name in --db; --create makes it, and so does bgq work", "%s: there is no such file", a.db)
	}
	file, err := a.openOrCreate()
	if errors.Is(err, store.ErrLocked) { // somebody else has made it at this moment
		return nil
	}
	if err != nil {
		return err
	}
	a.say("made %s", a.db)
	return file.close()
}

// unsure adds to an error after which it is not known whether the job is stored how to find out.
func (f *enqueueFlags) unsure(err error, id string) error {
	if codeOf(err) != exitError || isProblem(err, wire.CodeClosed, wire.CodeNoSpace, wire.CodeInternal) {
		return err
	}
	again := "--id " + id
	if f.key != "" {
		again = "--key " + shellQuote(f.key)
	}
	return fail(exitError, fmt.Sprintf("again with %s it is stored once, whatever became of it", again), "%w: it is not known whether job %s is stored", err, id)
}

// moment is a flag for a time.
type moment time.Time

// Set implements [pflag.Value].
func (m *moment) Set(s string) error {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		*m = moment(t)
		return nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			*m = moment(t)
			return nil
		}
	}
	if t, err := time.Parse("15:04", s); err == nil {
		*m = moment(next(time.Now(), t.Hour(), t.Minute()))
		return nil
	}
	return fmt.Errorf("give a time like 15:04, 2026-11-22T15:04 or 2026-11-22T15:04:05Z")
}

// next is when it is that time of the day for the next time.
func next(now time.Time, hour, minute int) time.Time {
	t := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, now.Location())
	if !t.After(now) {
		t = time.Date(now.Year(), now.Month(), now.Day()+1, hour, minute, 0, 0, now.Location())
	}
	return t
}

// String implements [pflag.Value].
func (m *moment) String() string {
	if time.Time(*m).IsZero() {
		return ""
	}
	return time.Time(*m).Format(time.RFC3339)
}

// Type implements [pflag.Value].
func (m *moment) Type() string { return "time" }
