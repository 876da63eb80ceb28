package main

import (
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newJobsRetryCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionRetry, done: "retried"}
	return b.command("Make jobs available again",
		`Make jobs available at once, whatever became of them, unless they are running. Their
history is kept, and one more attempt is granted if none was left. A filter that
names no state selects failed jobs: retryable and discarded.`,
		`  bgq jobs retry 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs retry -f 'kind:resize error~"no space"' --rate 50/s
  bgq jobs retry -f state:discarded --expect 1284 -y --reason "disk replaced"`)
}
