package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// The bounds of --many: how many jobs one request stores, how many bytes of JSON it has, and those of one line. The
// boundaries depend on nothing but the lines, so that a repetition has the same.
const (
	manyJobs    = 1000
	manyBytes   = 4 << 20
	maxLineJSON = 4 << 20
)

// enqueueMany stores a job for each line of stdin.
func (a *app) enqueueMany(c *cobra.Command, f *enqueueFlags, args []string) error {
	changed := c.Flags().Changed
	switch {
	case len(args) > 1:
		return usage("usage: … | bgq enqueue KIND --many", "with --many the arguments come from stdin: %q is too much", args[1])
	case changed("id"):
		return usage("--key makes the line safe to repeat", "--id is of one job: it does not go with --many")
	case f.unique != "":
		return usage("leave one of them out", "only one job can hold a unique key: --unique does not go with --many")
	case f.waits():
		return usage("give them a --tag, and then: bgq jobs wait -f tag:…", "--wait does not go with --many")
	}
	job, err := f.job(c, args[0])
	if err != nil {
		return err
	}
	if err := f.create(a); err != nil {
		return err
	}
	api, err := a.api()
	if err != nil {
		return err
	}
	if terminal(a.stdin) {
		a.say("reading JSON from the terminal, a job a line; Ctrl-D ends it")
	}
	m := &many{app: a, api: api, key: f.key, job: job, list: newList(a, []column{{name: "ID"}}, nil, func(e wire.EnqueuedJob) string { return e.ID.String() })}
	if err := m.list.check(); err != nil {
		return err
	}
	return m.run(c.Context())
}

// many stores jobs in chunks.
type many struct {
	app  *app
	api  *client.Client
	key  string
	job  wire.NewJob // what they have in common
	list *list[wire.EnqueuedJob]

	chunk       []wire.NewJob
	size        int // bytes of its arguments
	chunks      int // that were sent
	first, line int // the first line of the chunk, and the line that was read last, from 1

	stored, existing int64
	last             int // the last line that is stored
}

func (m *many) run(ctx context.Context) error {
	in := bufio.NewScanner(m.app.stdin)
	in.Buffer(nil, maxLineJSON)
	for in.Scan() {
		if err := ctx.Err(); err != nil {
			return m.failed(err)
		}
		m.line++
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, new(any)); err != nil {
			return m.failed(usage("each line is the arguments of one job", "line %d is not valid JSON: %w", m.line, err))
		}
		if len(m.chunk) == manyJobs || m.size > 0 && m.size+len(text) > manyBytes {
			if err := m.send(ctx, m.line-1); err != nil {
				return err
			}
		}
		if len(m.chunk) == 0 {
			m.first = m.line
		}
		n := m.job
		n.ID, n.Args = store.NewID(), slices.Clone(text)
		m.chunk, m.size = append(m.chunk, n), m.size+len(text)
	}
	err := in.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = usage("store the data elsewhere, and give the job its place", "line %d has more than %s", m.line+1, size(maxLineJSON))
	}
	if err != nil {
		return m.failed(err)
	}
	if err := m.send(ctx, m.line); err != nil {
		return err
	}
	return m.end(ctx)
}

// send stores the chunk, which ends in the given line.
func (m *many) send(ctx context.Context, last int) error {
	if len(m.chunk) == 0 {
		return nil
	}
	m.chunks++
	key := ""
	if m.key != "" {
		key = m.key + "." + strconv.Itoa(m.chunks)
	}
	stored, err := m.api.Enqueue(ctx, key, m.chunk...)
	if err != nil {
		if codeOf(err) == exitError && !isProblem(err, wire.CodeClosed, wire.CodeNoSpace) {
			err = fmt.Errorf("%w: it is not known whether the lines %d to %d are stored", err, m.first, last)
		}
		return m.failed(err)
	}
	for _, e := range stored {
		if e.Existing {
			m.existing++
		} else {
			m.stored++
		}
	}
	m.chunk, m.size, m.last = m.chunk[:0], 0, last
	if m.app.format.structured() || m.app.format == formatName {
		return m.list.add(stored...)
	}
	for _, e := range stored {
		m.app.printf("%s\n", e.ID)
	}
	return m.app.printErr
}

// failed adds to an error how far it has come.
func (m *many) failed(err error) error {
	hint := hintOf(err)
	if m.key != "" {
		hint = "the same line again goes on there: what is stored is not stored again"
	}
	done := "nothing was stored"
	if m.last > 0 {
		done = "the lines up to " + number(int64(m.last)) + " are stored"
	}
	return fail(codeOf(err), hint, "%w; %s", err, done)
}

// end says how many there were.
func (m *many) end(ctx context.Context) error {
	if err := m.list.end(); err != nil {
		return err
	}
	if m.stored+m.existing == 0 {
		m.app.say("note: stdin had no line: nothing was stored")
		return nil
	}
	m.app.say("enqueued %s", plural(m.stored, "job"))
	if m.existing > 0 {
		m.app.say("note: %s there before: nothing was stored for them", plurals(m.existing, "job was", "jobs were"))
	}
	m.app.noteNobody(ctx, m.job.Kind)
	return nil
}
