package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	batch "github.com/bgq-dev/bgq/cmd/bgq/internal/run"
)

func newEnqueueShCommand(a *app) *cobra.Command {
	f := &enqueueFlags{}
	var dir string
	var env []string
	var shell bool
	c := &cobra.Command{
		Use:                   "sh [FLAGS] -- COMMAND [ARG...]",
		DisableFlagsInUseLine: true,
		Short:                 "Store a command line, for bgq work to run",
		Long:                  enqueueShHelp,
		Example: `  bgq enqueue sh -- ffmpeg -i talk.mov talk.mp4
  bgq enqueue sh --in 2h --attempts 5 -- rsync -a photos/ nas:photos/
  bgq enqueue sh --shell --wait --raw -- 'du -sh * | sort -h'
  bgq enqueue sh --queue io --dir /srv --env LC_ALL=C -- ./rebuild.sh`,
		Args: arguments(1, -1, "a command"),
		RunE: func(c *cobra.Command, args []string) error {
			job, err := f.job(c, batch.ShellKind)
			if err != nil {
				return err
			}
			if dir, err = filepath.Abs(dir); err != nil {
				return err
			}
			variables, err := parseEnv(env)
			if err != nil {
				return err
			}
			for _, word := range slices.Concat(args, []string{dir}) {
				if strings.Contains(word, "\x00") {
					return usage("", "%q has a NUL byte: no command can be given it", word)
				}
			}
			value, err := batch.NewShellArgs(args, shell, dir, variables).Encode()
			if err != nil {
				return err
			}
			job.ArgsMsgpack = value
			return a.enqueue(c.Context(), f, job)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.SetInterspersed(false) // what follows the command belongs to it
	flags.StringVar(&dir, "dir", ".", "the `directory` where it runs")
	flags.StringArrayVar(&env, "env", nil, "a `variable` of its environment, K=V, or K with its value here; may be repeated")
	flags.BoolVar(&shell, "shell", false, "let /bin/sh read the command")
	f.add(c, 1)
	return c
}

const enqueueShHelp = `Store a command line as a job of kind "sh". bgq work runs it: at once if it works, and otherwise
when it is started. It runs in the directory of this command unless --dir says another, with the
environment of bgq work and what --env adds; a name without a slash is looked for in its PATH.
No shell reads the command unless --shell is given.

A command succeeds with exit code 0. It is tried once; --attempts tries it again when it fails. It
finds BGQ_JOB_ID, BGQ_ATTEMPT and BGQ_QUEUE in its environment, and nothing on its standard
input. What it prints is in its result (the first and the last 64 KiB of each stream), and line by
line in its log:

  bgq jobs logs -f ID          while it runs
  bgq jobs result ID --raw     what it printed on its standard output
  bgq jobs cancel ID           ends it`

// parseEnv reads the variables of --env.
func parseEnv(args []string) (map[string]string, error) {
	env := map[string]string{}
	for _, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		if name == "" || strings.Contains(arg, "\x00") {
			return nil, usage("for example --env LC_ALL=C", "--env %q: give K=V, or K", arg)
		}
		if !given {
			var set bool
			if value, set = os.LookupEnv(name); !set {
				return nil, usage("give --env "+name+"=VALUE", "--env %s: it is not set here", name)
			}
		}
		env[name] = value
	}
	return env, nil
}
