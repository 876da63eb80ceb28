package main

import (
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newJobsHoldCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionHold, done: "held"}
	return b.command("Keep jobs from running until they are released",
		`Keep jobs that wait from running, until bgq jobs release. To stop a whole queue, pause
it: bgq queues pause. A filter that names no state selects available, scheduled and
retryable jobs.`,
		`  bgq jobs hold 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs hold -f 'kind:mail tag:acme' --reason "they asked us to wait"`)
}
