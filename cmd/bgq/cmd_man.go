package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
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
			n, err := a.writeManual(args[0])
			if err == nil {
				a.say("wrote %s", plural(int64(n), "page"))
			}
			return err
		},
	}
}

// writeManual writes the pages, and returns how many there are.
func (a *app) writeManual(dir string) (int, error) {
	date, err := manualDate()
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return 0, err
	}
	// A tree of its own: the texts of its commands are made into Markdown, from which the pages are made.
	root := newApp(a.stdin, a.stdout, a.stderr).root()
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd()
	root.PersistentFlags().Lookup("db").DefValue = "./bgq.db" // whatever BGQ_DB says here
	n := 0
	var write func(c *cobra.Command) error
	write = func(c *cobra.Command) error {
		for _, sub := range c.Commands() {
			if err := write(sub); err != nil {
				return err
			}
		}
		section := "1"
		switch {
		case c.IsAdditionalHelpTopicCommand():
			section = "7"
		case !c.IsAvailableCommand() && c != root:
			return nil
		}
		page, err := manualPage(c, section, date)
		if err != nil {
			return fmt.Errorf("the page of %s: %w", c.CommandPath(), err)
		}
		n++
		return os.WriteFile(filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+"."+section), page, 0o666)
	}
	return n, write(root)
}

// manualPage returns the page of a command, in the language of man.
func manualPage(c *cobra.Command, section string, date time.Time) ([]byte, error) {
	c.Long = markdown(c.Long)
	c.Short = escapeMarkdown(c.Short)
	c.DisableAutoGenTag = true
	if c.Example == "" && section == "1" {
		c.Example = "  " + c.CommandPath()
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { f.Usage = markdownUsage(f.Usage) })
	header := &doc.GenManHeader{
		Section: section, Date: &date, Source: "bgq " + currentBuild().Version, Manual: "bgq manual",
	}
	var b bytes.Buffer
	err := doc.GenMan(c, header, &b)
	return b.Bytes(), err
}

// markdown is a text of the help as Markdown: what is indented stays as it is, and nothing else in it is markup.
func markdown(text string) string {
	var b strings.Builder
	inside := false // a block that is indented
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		indented := strings.HasPrefix(line, "  ")
		if line == "" && inside && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			indented = true // an empty line in the middle of it
		}
		if indented != inside {
			if !inside && i > 0 && lines[i-1] != "" {
				b.WriteByte('\n')
			}
			b.WriteString("```\n")
			inside = indented
		}
		if !inside {
			line = escapeMarkdown(line)
		}
		b.WriteString(line + "\n")
	}
	if inside {
		b.WriteString("```\n")
	}
	return b.String()
}

// markdownUsage is the explanation of a flag as Markdown: the placeholder between backquotes keeps them.
func markdownUsage(usage string) string {
	parts := strings.Split(usage, "`")
	for i := range parts {
		if i%2 == 0 {
			parts[i] = escapeMarkdown(parts[i])
		}
	}
	return strings.Join(parts, "`")
}

// escapeMarkdown takes the meaning from everything that means something in Markdown.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]()#+-!|&<>~^", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
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
	return builtAt(), nil
}
// unknownDate is the date of a bgq that does not know from which commit it was built.
var unknownDate = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// builtAt is the time of the commit that this program was built from.
func builtAt() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknownDate
	}
	for _, s := range info.Settings {
		if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return t
		}
	}
	return unknownDate
}
