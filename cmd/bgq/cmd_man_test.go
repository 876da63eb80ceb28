package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// Every command that help shows has a page with examples, and every topic has one.
func TestManualIsComplete(t *testing.T) {
	dir := t.TempDir()
	root := newApp(strings.NewReader(""), io.Discard, io.Discard).manualTree()
	n, err := writeManual(dir, root, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		section := sectionOf(c)
		if section == "" {
			return
		}
		pages++
		b, err := os.ReadFile(filepath.Join(dir, manualName(c)+"."+section))
		if err != nil {
			t.Error(err)
			return
		}
		page := string(b)
		for _, head := range []string{".SH NAME", ".SH DESCRIPTION", ".SH SEE ALSO"} {
			if !strings.Contains(page, head) {
				t.Errorf("%s: the page has no %s", c.CommandPath(), head)
			}
		}
		if section == "1" && !strings.Contains(page, ".SH EXAMPLES\n.EX\n") {
			t.Errorf("%s: the page has no examples", c.CommandPath())
		}
		if own := c.Parent() != nil && c.Parent().Name() == "completion"; !own && section == "1" && c.Example == "" && strings.Contains(c.Use, " ") {
			t.Errorf("%s needs arguments: give it an example", c.CommandPath())
		}
		if c.Long != "" && len(page) < len(c.Long) {
			t.Errorf("%s: the page has not all of the text", c.CommandPath())
		}
	}
	visit(root)
	if pages != n || n < 30 {
		t.Errorf("%d pages for %d commands and topics", n, pages)
	}
}

func TestMarkdown(t *testing.T) {
	text := "Say *this*\nand _that_:\n  a  *b*\n\n  c\nThen 1. more.\n\n  end"
	want := "Say \\*this\\*\nand \\_that\\_:\n\n```\n  a  *b*\n\n  c\n```\nThen 1. more.\n\n```\n  end\n```\n"
	if got := markdown(text); got != want {
		t.Errorf("%q\nand not\n%q", got, want)
	}
}
