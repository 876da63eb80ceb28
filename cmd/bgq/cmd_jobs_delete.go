package main

import (
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newJobsDeleteCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionDelete, done: "deleted", final: true}
	return b.command("Delete jobs with their results, failures and logs",
		`Delete jobs with all that belongs to them: results, failures, logs. They cannot be
brought back; bgq history still tells who deleted them. A job that is running is not
deleted: cancel it first. A filter that names no state selects jobs that have ended.`,
		`  bgq jobs delete 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs delete -f 'state:discarded kind:resize finalised<30d' --dry-run`)
}
