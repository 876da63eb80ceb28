package main

import (
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newJobsRunNowCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionRunNow, done: "made available"}
	return b.command("Let jobs run now that wait for their time",
		`Let jobs run now that wait for their time: scheduled ones, and those that wait for their
next attempt. Unlike bgq jobs retry it grants no further attempt. A filter that names
no state selects scheduled and retryable jobs.`,
		`  bgq jobs run-now 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs run-now -f 'queue:img state:retryable'`)
}
