package main

import "github.com/spf13/cobra"

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of bgq and of the file format",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			b := currentBuild()
			return a.print(b, func() error {
				a.printf("bgq %s (file format %d, %s, %s)\n", b.Version, b.Format, b.Go, b.Platform)
				return nil
			}, b.Version)
		},
	}
}
