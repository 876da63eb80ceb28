package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manualCommands lists the commands below c, if there are any.
func manualCommands(b *strings.Builder, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	b.WriteString("\n# COMMANDS\n")
	for _, sub := range c.Commands() {
		if sectionOf(sub) == "1" {
			fmt.Fprintf(b, "\n**%s**(1)\n: %s\n", manualName(sub), escapeMarkdown(sub.Short))
		}
	}
}

// manualOptions lists flags.
func manualOptions(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, "\n# %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "**--" + f.Name + "**"
		if f.Shorthand != "" {
			name = "**-" + f.Shorthand + "**, " + name
		}
		switch {
		case f.NoOptDefVal != "" && f.Value.Type() != "bool":
			name += "\\[=*" + escapeMarkdown(value) + "*\\]"
		case value != "":
			name += " *" + escapeMarkdown(value) + "*"
		}
		if meant := defaultOf(f); meant != "" {
			usage += " (default " + meant + ")"
		}
		fmt.Fprintf(b, "\n%s\n: %s\n", name, escapeMarkdown(usage))
	})
}

// defaultOf is what a flag is without being given, where that is worth saying.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	return f.DefValue
}

// seeAlso names the pages beside the one of a command: above and below it, and the topics.
func seeAlso(c *cobra.Command) []string {
	var pages []string
	add := func(c *cobra.Command) { pages = append(pages, "**"+manualName(c)+"**("+sectionOf(c)+")") }
	if c.HasParent() {
		add(c.Parent())
	}
	for _, topic := range c.Root().Commands() {
		if topic.IsAdditionalHelpTopicCommand() && topic != c {
			add(topic)
		}
	}
	return pages
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
			if indented && i > 0 && lines[i-1] != "" {
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
