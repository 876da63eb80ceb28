package main

import (
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newJobsReleaseCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionRelease, done: "released"}
	return b.command("Let jobs run that are held",
		`Let jobs run that are held: by bgq jobs hold, or since they were enqueued. A filter that
names no state selects pending jobs.`,
		`  bgq jobs release 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs release -f 'kind:mail tag:acme' --rate 10/s`)
}
