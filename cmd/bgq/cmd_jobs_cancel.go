package main

import (
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newJobsCancelCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionCancel, done: "cancelled"}
	return b.command("Call jobs off",
		`Call jobs off that have not ended. It is final: a cancelled job runs again only after
bgq jobs retry. A job that is running is asked to end, by its context. --reason is kept
with the job. A filter that names no state selects all that have not ended.`,
		`  bgq jobs cancel 01JD8Q3Z5M9XKX2T4V6W8Y0ABC --reason "wrong picture"
  bgq jobs cancel -f 'queue:mail state:scheduled' --dry-run`)
}
