package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
)

func newManCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages into a directory",
		Long: `Write a manual page for every command into a directory, which is made if there is none: section 1, and
section 7 for what bgq help explains besides commands. The same bgq writes the same pages: they carry
the time in SOURCE_DATE_EPOCH, or that of the commit it was built from.`,
		Example: `  bgq man ~/.local/share/man/man1
  bgq man /tmp/man && man /tmp/man/bgq-jobs-retry.1`,
		Args: arguments(1, 1, "a directory"),
		RunE: func(c *cobra.Command, args []string) error {
			date, err := manualDate()
			if err != nil {
				return err
			}
			n, err := writeManual(args[0], a.manualTree(), date)
			if err == nil {
				a.say("wrote %s", plural(int64(n), "page"))
			}
			return err
		},
	}
}

// manualTree returns the commands of the manual.
func (a *app) manualTree() *cobra.Command {
	root := newApp(a.stdin, a.stdout, a.stderr).root()
	root.InitDefaultCompletionCmd()
	root.PersistentFlags().Lookup("db").DefValue = "./bgq.db" // whatever BGQ_DB says here
	return root
}

// writeManual writes the page of a command and those below it, and returns how many there are.
func writeManual(dir string, c *cobra.Command, date time.Time) (int, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return 0, err
	}
	n := 0
	for _, sub := range c.Commands() {
		below, err := writeManual(dir, sub, date)
		n += below
		if err != nil {
			return n, err
		}
	}
	section := sectionOf(c)
	if section == "" {
		return n, nil
	}
	name := manualName(c) + "." + section
	page := md2man.Render([]byte(manualPage(c, section, date)))
	return n + 1, os.WriteFile(filepath.Join(dir, name), page, 0o666)
}

func manualName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// sectionOf is the section of the manual that a command stands in, or "".
func sectionOf(c *cobra.Command) string {
	switch {
	case !c.HasParent(), c.IsAvailableCommand() && !c.IsAdditionalHelpTopicCommand():
		return "1"
	case c.IsAdditionalHelpTopicCommand():
		return "7"
	}
	return ""
}

// manualDate is the date of the pages. It must not be that of their making, so that they can be reproduced.
func manualDate() (time.Time, error) {
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return time.Time{}, usage("it is a number of seconds since 1970", "SOURCE_DATE_EPOCH is %q", epoch)
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknownDate, nil
	}
	for _, s := range info.Settings {
		if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return t, nil
		}
	}
	return unknownDate, nil
}

// unknownDate is the date of a bgq that does not know from which commit it was built.
var unknownDate = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// manualPage is the page of a command as Markdown.
func manualPage(c *cobra.Command, section string, date time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%% %q %q %q %q %q\n", strings.ToUpper(manualName(c)), section, date.Format("January 2006"), "bgq "+currentBuild().Version, "bgq")
	head := func(title string) { fmt.Fprintf(&b, "\n# %s\n", title) }
	head("NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", manualName(c), escapeMarkdown(c.Short))
	if section == "1" {
		head("SYNOPSIS")
		rest := strings.TrimPrefix(c.UseLine(), c.CommandPath())
		if c.HasAvailableSubCommands() && c.Use == c.Name() {
			rest = " COMMAND"
		}
		fmt.Fprintf(&b, "**%s**%s\n", c.CommandPath(), escapeMarkdown(rest))
	}
	head("DESCRIPTION")
	if c.Long != "" {
		b.WriteString(markdown(c.Long))
	} else {
		b.WriteString(escapeMarkdown(c.Short) + ".\n")
	}
	if section == "1" {
		manualCommands(&b, c)
		manualOptions(&b, "OPTIONS", c.NonInheritedFlags())
		manualOptions(&b, "OPTIONS OF EVERY COMMAND", c.InheritedFlags())
		head("EXAMPLES")
		example := c.Example
		if example == "" {
			example = "  " + c.CommandPath()
		}
		fmt.Fprintf(&b, "```\n%s\n```\n", example)
	}
	head("SEE ALSO")
	b.WriteString(strings.Join(seeAlso(c), ", ") + "\n")
	return b.String()
}
