package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	batch "github.com/bgq-dev/bgq/cmd/bgq/internal/run"
)

// completionPatience is how long the shell waits for what only the queue knows.
const completionPatience = 300 * time.Millisecond

// consult lets a function ask the queue of the command line that is being completed, and returns what it found: nothing, without
// a word, if that takes too long or does not work. A file is opened for reading only.
func (a *app) consult(c *cobra.Command, find func(context.Context, *client.Client) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	// The flags of that line have been read, but nothing was made of them. What goes wrong must not be said.
	silent := *a
	silent.stderr, silent.verbose = io.Discard, false
	if silent.settle(c) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
	defer cancel()
	found := make(chan []string, 1)
	go func() {
		var words []string
		if api, err := silent.api(); err == nil {
			words, err = find(ctx, api)
			if err != nil {
				words = nil
			}
			_ = silent.hangUp()
		}
		found <- words
	}()
	select {
	case words := <-found:
		return slices.DeleteFunc(words, unfit), cobra.ShellCompDirectiveNoFileComp
	case <-ctx.Done():
		return nil, cobra.ShellCompDirectiveNoFileComp // opening a file that was not closed well can take longer than ctx
	}
}

// unfit tells whether a word cannot be typed, or would spoil the terminal.
func unfit(word string) bool {
	name, _, _ := strings.Cut(word, "\t")
	return name == "" || strings.Contains(word, "\n") || clean(name) != name
}

// described is a word with its description.
func described(word, format string, args ...any) string {
	return word + "\t" + clean(fmt.Sprintf(format, args...))
}

// kinds completes the kinds that the program handles, and those of the jobs there are.
func (a *app) kinds(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.consult(c, func(ctx context.Context, api *client.Client) ([]string, error) {
		kinds := map[string]string{}
		info, err := api.Info(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range info.Kinds {
			kinds[k] = described(k, "has a handler")
		}
		count, err := api.Count(ctx, "", "kind")
		if err != nil {
			return nil, err
		}
		for _, g := range count.Groups {
			kinds[g.Kind] = described(g.Kind, "%s", plural(g.Count, "job"))
		}
		maps.DeleteFunc(kinds, func(k, _ string) bool { return c.Name() == "enqueue" && (ownKinds[k] != "" || k == batch.ShellKind) })
		return slices.Sorted(maps.Values(kinds)), nil
	})
}

func (a *app) queueNames(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.consult(c, func(ctx context.Context, api *client.Client) ([]string, error) {
		all, err := api.Queues(ctx)
		var words []string
		if err == nil {
			for _, q := range all.Queues {
				state := ""
				if q.Paused {
					state = "paused, "
				}
				words = append(words, described(q.Name, "%s%s ready", state, number(q.Counts["available"])))
			}
		}
		return words, err
	})
}

func (a *app) batchNames(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.consult(c, func(ctx context.Context, api *client.Client) ([]string, error) {
		all, err := api.Batches(ctx)
		var words []string
		if err == nil {
			for _, b := range all.Batches {
				words = append(words, described(b.Name, "%s, %s of %s done", b.State, number(b.Done), number(b.Total)))
			}
		}
		return words, err
	})
}

func (a *app) operations(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.consult(c, func(ctx context.Context, api *client.Client) ([]string, error) {
		all, err := api.Operations(ctx)
		var words []string
		if err == nil {
			for _, o := range all.Operations {
				words = append(words, described(o.ID, "%s, %s", o.Action, o.State))
			}
		}
		return words, err
	})
}

// recentJobs is how many ids are offered.
const recentJobs = 30

// jobIDs completes the ids of the latest jobs that a filter selects, for up to so many arguments; negative: any number.
func (a *app) jobIDs(filter string, most int) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		words, _ := a.consult(c, func(ctx context.Context, api *client.Client) ([]string, error) {
			page, err := api.Jobs(ctx, client.JobsRequest{Filter: filter, Limit: recentJobs})
			var words []string
			if err == nil {
				for _, j := range page.Jobs {
					if !slices.Contains(args, j.ID.String()) {
						words = append(words, described(j.ID.String(), "%s %s, %s", j.State, j.Kind, a.when(jobTime(j))))
					}
				}
			}
			return words, err
		})
		return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}
