package filter

import (
	"strings"

	"github.com/bgq-dev/bgq/store"
)

// Format returns the canonical text of a filter: fields in the order of [Fields],
// then what is excluded; times in UTC. The text does not depend on when it is read.
//
// If f came from [Parse], Parse reads an equal filter from the text. A filter made
// in another way may hold what the language cannot say, such as two conditions
// that are excluded only together. Its text shows that for reading, and Parse
// refuses it. In no case does Parse read a filter that selects other jobs.
func Format(f store.Filter) string { return strings.Join(terms(&f), " ") }

func terms(f *store.Filter) []string {
	var out []string
	for _, fd := range fields {
		for _, text := range fd.syntax.write(f) {
			out = append(out, fd.Name+text)
		}
	}
	for i := range f.Not {
		excluded := terms(&f.Not[i])
		if len(excluded) == 1 && len(f.Not[i].Not) == 0 {
			out = append(out, "-"+excluded[0])
		} else {
			out = append(out, "-("+strings.Join(excluded, " ")+")")
		}
	}
	return out
}
