package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	batch "github.com/bgq-dev/bgq/cmd/bgq/internal/run"
)

func newEnqueueCommand(a *app) *cobra.Command {
	f := &enqueueFlags{}
	c := &cobra.Command{
		Use:   "enqueue KIND [JSON|@FILE|-]",
		Short: "Store a job, for the app or for bgq work to run",
		Long:  enqueueHelp,
		Example: `  bgq enqueue resize '{"name":"cat.jpg","width":200}'
  id=$(bgq enqueue mail @letter.json --in 2h --tag acme)
  bgq enqueue report --unique report-2026-11 --wait
  jq -c '.[]' images.json | bgq enqueue resize --many --key import-7`,
		Args: arguments(1, 2, "a kind, and its arguments as JSON"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkKind(args[0]); err != nil {
				return err
			}
			if f.many {
				return a.enqueueMany(c, f, args)
			}
			job, err := f.job(c, args[0])
			if err != nil {
				return err
			}
			if job.Args, err = a.argsOf(args[1:]); err != nil {
				return err
			}
			return a.enqueue(c.Context(), f, job)
		},
	}
	c.Flags().SortFlags = false
	f.add(c, 25)
	c.Flags().BoolVar(&f.many, "many", false, "read stdin: each line is the JSON of the arguments of one job")
	c.AddCommand(newEnqueueShCommand(a))
	return c
}

const enqueueHelp = `Store a job in the queue. When this returns it is on disk, and will run as soon as the app that
has a handler for its kind works on it: at once if it runs, and otherwise when it is started.
bgq enqueue sh stores a command line instead, for bgq work.

The arguments are JSON: given as they are, read from @FILE, or from stdin with -. Without
them they are null. What msgpack has and JSON has not is written as bgq jobs show prints it:
{"$bin":"…"} is bytes in base64.

The id of the job is printed, and with --wait its result instead. What was there before is
said on stderr: a job with that --id, the holder of the --unique key, or the jobs of the first
time that a --key was used. So a line with one of these can be repeated safely.

With --many each line of stdin is the arguments of one job. They are stored a thousand at a
time, each thousand whole or not at all; with --key the same line again goes on where an
earlier one was ended.

A file that does not exist is an error, for its name may have been misspelt: give --create
to make it.`

// ownKinds are the kinds that bgq uses itself, whose jobs nobody else can make.
var ownKinds = map[string]string{
	batch.Kind: "bgq run makes such jobs", "func": "Go programs make such jobs", "parallelise": "Go programs make such jobs",
}

func checkKind(kind string) error {
	if kind == "" {
		return usage("for example bgq enqueue resize '{\"name\":\"cat.jpg\"}'", "the kind is empty")
	}
	if why, own := ownKinds[kind]; own {
		return usage(why, "the kind %q is bgq's own", kind)
	}
	return nil
}

// argsOf reads the arguments of a job: JSON, @FILE or -.
func (a *app) argsOf(args []string) (json.RawMessage, error) {
	if len(args) == 0 {
		return nil, nil
	}
	text, from := []byte(args[0]), "the arguments"
	switch name, isFile := strings.CutPrefix(args[0], "@"); {
	case args[0] == "-":
		b, err := io.ReadAll(io.LimitReader(a.stdin, maxLineJSON+1))
		if err != nil {
			return nil, err
		}
		text, from = b, "stdin"
	case isFile:
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fail(exitError, "@ is followed by the name of a file with JSON", "%w", err)
		}
		text, from = b, name
	}
	if len(text) > maxLineJSON {
		return nil, usage("store the data elsewhere, and give the job its place", "%s: more than %s of JSON", from, size(maxLineJSON))
	}
	return text, checkJSON(text, from)
}

// checkJSON explains what is no JSON, as far as a shell is the likely reason.
func checkJSON(text []byte, from string) error {
	err := json.Unmarshal(text, new(any))
	if err == nil {
		return nil
	}
	hint := `in a shell it stands between single quotes: '{"name":"cat.jpg"}'`
	if len(text) > 0 && !strings.ContainsAny(string(text[:1]), `{["`) && !strings.ContainsAny(string(text), "\n'\"") {
		hint = fmt.Sprintf(`a text has its own quotes: '"%s"'`, text)
	}
	if len(hint) > 200 {
		hint = ""
	}
	return usage(hint, "%s: it is not valid JSON: %w", from, err)
}

// enqueue stores one job, and prints its id, or its result.
func (a *app) enqueue(ctx context.Context, f *enqueueFlags, job wire.NewJob) error {
	if err := f.create(a); err != nil {
		return err
	}
	api, err := a.api()
	if err != nil {
		return err
	}
	stored, err := api.Enqueue(ctx, f.key, job)
	if err != nil {
		return f.unsure(err, job.ID.String())
	}
	if len(stored) != 1 {
		return fail(exitError, "", "the program answered with %d jobs to one", len(stored))
	}
	e := stored[0]
	if e.Existing {
		a.say("note: job %s was there before: nothing was stored", e.ID)
	}
	a.noteNobody(ctx, job.Kind)
	if !f.waits() {
		return a.print(e, func() error { a.printf("%s\n", e.ID); return nil }, e.ID.String())
	}
	if !e.Existing {
		a.say("job %s", e.ID)
	}
	w := f.waiting(a, api)
	if _, err := w.one(ctx, e.ID); err != nil {
		return err
	}
	return a.printResult(ctx, e.ID, f.raw)
}

// noteNobody says on stderr when a job will have to wait, because nobody handles its kind. It is only a note: the job is
// stored, whatever goes wrong here.
func (a *app) noteNobody(ctx context.Context, kind string) {
	api, err := a.api()
	if err != nil {
		return
	}
	info, err := api.Info(ctx)
	switch {
	case err != nil:
	case !info.Live && kind == batch.ShellKind:
		a.say("note: nobody runs it now: %s work does", a.self())
	case !info.Live:
		a.detail("no app works on %s: the job waits for one", a.db)
	case info.Kinds != nil && !slices.Contains(info.Kinds, kind):
		a.say("note: the program that works on the queue has no handler for kind %q: the job waits for one", kind)
	}
}
