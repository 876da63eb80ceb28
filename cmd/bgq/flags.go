package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bgq-dev/bgq/queue/filter"
)

// likeness is how many letters may differ between what was typed and what is suggested.
const likeness = 2

// similar returns those of the words that may have been meant, by the measure of cobra.
func similar(typed string, words []string) []string {
	if typed == "" {
		return nil
	}
	var known cobra.Command
	known.SuggestionsMinimumDistance = likeness
	for _, w := range words {
		known.AddCommand(&cobra.Command{Use: w, Run: func(*cobra.Command, []string) {}})
	}
	return known.SuggestionsFor(typed)
}

func didYouMean(similar []string, otherwise string) string {
	if len(similar) == 0 {
		return otherwise
	}
	return "did you mean " + strings.Join(similar, " or ") + "?"
}

// strict makes commands that only hold others refuse what is none of them, and say
// what may have been meant; cobra by itself does so at the root only.
func strict(c *cobra.Command) {
	for _, sub := range c.Commands() {
		strict(sub)
	}
	if !c.HasSubCommands() || c.Runnable() {
		return
	}
	c.SuggestionsMinimumDistance = likeness
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		return unknownCommand(c, args[0])
	}
}

func unknownCommand(c *cobra.Command, name string) error {
	return usage(didYouMean(c.SuggestionsFor(name), c.CommandPath()+" --help lists the commands"),
		"%q is not a command of %s", name, c.CommandPath())
}

// flagError turns a complaint of the flag parser into a usage error with a suggestion.
func flagError(c *cobra.Command, err error) error {
	help := c.CommandPath() + " --help lists the flags"
	_, name, unknown := strings.Cut(err.Error(), "unknown flag: --")
	if !unknown {
		return usage(help, "%w", plainFlagError(err))
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	meant := similar(name, names)
	for i := range meant {
		meant[i] = "--" + meant[i]
	}
	return usage(didYouMean(meant, help), "--%s is not a flag of %s", name, c.CommandPath())
}

// plainFlagError says in words what the parser of Go says about a number that is none.
func plainFlagError(err error) error {
	bad, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	_, isNumber := errors.AsType[*strconv.NumError](err)
	switch kind := bad.GetFlag().Value.Type(); {
	case kind == "bool":
		return fmt.Errorf("--%s is %q: give true or false, or nothing", bad.GetFlag().Name, bad.GetValue())
	case kind == "duration" && !isNumber && strings.HasPrefix(errors.Unwrap(err).Error(), "time: "):
		return fmt.Errorf("--%s is %q: give a duration like 500ms, 90s or 1h30m", bad.GetFlag().Name, bad.GetValue())
	case isNumber:
		return fmt.Errorf("--%s is %q: give a whole number", bad.GetFlag().Name, bad.GetValue())
	}
	return err
}

// arguments is the cobra.PositionalArgs for min to max arguments; max < 0 means any number.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage("usage: "+c.UseLine(), "%s needs %s", c.CommandPath(), what)
		case most >= 0 && len(args) > most:
			return usage("usage: "+c.UseLine(), "%s takes %s: %q is too much", c.CommandPath(), what, args[most])
		}
		return nil
	}
}

// choice is a flag with a fixed set of values.
type choice[T ~string] struct {
	value  *T
	values []T
}

func newChoice[T ~string](value *T, values ...T) *choice[T] { return &choice[T]{value, values} }

// Set implements [pflag.Value].
func (c *choice[T]) Set(s string) error {
	if !slices.Contains(c.values, T(s)) {
		return fmt.Errorf("it may be %s%s", c.Type(), maybe(s, c.names()))
	}
	*c.value = T(s)
	return nil
}

// maybe is the end of a message: what may have been meant, or nothing.
func maybe(typed string, words []string) string {
	if hint := didYouMean(similar(typed, words), ""); hint != "" {
		return "; " + hint
	}
	return ""
}

// String implements [pflag.Value].
func (c *choice[T]) String() string { return string(*c.value) }

// Type implements [pflag.Value].
func (c *choice[T]) Type() string { return strings.Join(c.names(), "|") }

func (c *choice[T]) names() []string {
	names := make([]string, len(c.values))
	for i, v := range c.values {
		names[i] = string(v)
	}
	return names
}

// span is a flag for a duration that may have days and weeks, like 7d or 1d12h.
type span time.Duration

// Set implements [pflag.Value].
func (d *span) Set(s string) error {
	if v, err := time.ParseDuration(s); err == nil && v >= 0 {
		*d = span(v)
		return nil
	}
	// The language of filters has days and weeks.
	epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f, err := filter.Parse("created>="+s, epoch)
	if err != nil || strings.ContainsAny(s, "-+:") {
		return fmt.Errorf("give a duration, like 90s, 12h or 7d")
	}
	*d = span(epoch.Sub(f.CreatedAfter))
	return nil
}

// String implements [pflag.Value].
func (d *span) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

// Type implements [pflag.Value].
func (d *span) Type() string { return "duration" }
