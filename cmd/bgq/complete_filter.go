package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

// filterTerms completes the last term of a filter: the name of a field with its usual operator, and then a value, where
// the values are known.
func (a *app) filterTerms(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	before, term := cutLast(typed, " ")
	if negated, ok := strings.CutPrefix(term, "-"); ok {
		before, term = before+"-", negated
	}
	name, values, begun := strings.Cut(term, ":")
	if !begun {
		var words []string
		for _, f := range filter.Fields() {
			words = append(words, before+described(f.Name+f.Operators[0], "%s", f.Meaning))
		}
		return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	given, _ := cutLast(values, ",")
	var words []string
	for _, w := range a.valuesOfField(c, args, name) {
		value, about, _ := strings.Cut(w, "\t")
		if slices.Contains(strings.Split(given, ","), value) {
			continue
		}
		if about != "" {
			about = "\t" + about
		}
		words = append(words, before+name+":"+given+value+about)
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// valuesOfField are the values of a field of the filter language, as they are written there.
func (a *app) valuesOfField(c *cobra.Command, args []string, name string) []string {
	var words []string
	write := func(f store.Filter) string { return filter.Format(f) }
	switch name {
	case "queue":
		words, _ = a.queueNames(c, args, "")
		return written(words, func(v string) string { return write(store.Filter{Queues: []string{v}}) })
	case "kind":
		words, _ = a.kinds(c, args, "")
		return written(words, func(v string) string { return write(store.Filter{Kinds: []string{v}}) })
	case "batch":
		words, _ = a.batchNames(c, args, "")
		return written(words, func(v string) string { return write(store.Filter{Batches: []string{v}}) })
	}
	for _, f := range filter.Fields() {
		if f.Name == name {
			return f.Values
		}
	}
	return nil
}

// written quotes the words as the language of filters wants it: the term without its field.
func written(words []string, term func(string) string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		value, about, _ := strings.Cut(w, "\t")
		_, value, _ = strings.Cut(term(value), ":")
		out[i] = value + "\t" + about
	}
	return out
}
