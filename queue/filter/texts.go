package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// texts is a field whose values are alternatives.
type texts func(*store.Filter) *[]string

func (x texts) read(t *term, f *store.Filter, _ time.Time) error {
	list := x(f)
	if len(*list) > 0 {
		return t.twice(*list)
	}
	*list = t.texts()
	return nil
}

func (x texts) write(f *store.Filter) []string { return writeList(*x(f)) }

// texts returns the values.
func (t *term) texts() []string {
	out := make([]string, len(t.values))
	for i, v := range t.values {
		out[i] = v.text
	}
	return out
}

// twice refuses the second term of a field whose values are alternatives: the two
// would have to hold together.
func (t *term) twice(first []string) error {
	either := t.name + writeList(append(slices.Clone(first), t.texts()...))[0]
	if t.name == "tag" {
		return t.fail("tag stands here twice, and one filter cannot ask for two tags of a job", plain(either)+" selects jobs that have either")
	}
	return t.fail(fmt.Sprintf("%s stands here twice, and no job can match both", t.name), didYouMean(either))
}

func writeList(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	quoted := make([]string, len(list))
	for i, text := range list {
		quoted[i] = quote(text)
	}
	return []string{":" + strings.Join(quoted, ",")}
}

// ids is the field id.
type ids struct{}

func (ids) read(t *term, f *store.Filter, _ time.Time) error {
	if len(f.IDs) > 0 {
		return t.twice(idTexts(f.IDs))
	}
	for _, v := range t.values {
		id, err := store.ParseID(v.text)
		if err != nil {
			return t.fail(show(v.text)+" is not a job id", "an id has 26 letters and digits, like 01JD8Q3Z5M9XKX2T4V6W8Y0ABC")
		}
		f.IDs = append(f.IDs, id)
	}
	return nil
}

func (ids) write(f *store.Filter) []string { return writeList(idTexts(f.IDs)) }

func idTexts(list []store.ID) []string {
	out := make([]string, len(list))
	for i, id := range list {
		out[i] = id.String()
	}
	return out
}

// states is the field state.
type states struct{}

// stateSets holds the states and the names for several of them.
var stateSets = func() map[string]store.States {
	sets := map[string]store.States{
		"failed": store.FailedStates, "dead": store.SetOf(store.Discarded), "finalised": store.FinalStates,
	}
	for _, s := range store.AllStates() {
		sets[s.String()] = store.SetOf(s)
	}
	return sets
}()

// stateNames lists the names of stateSets: the states first, in their own order.
func stateNames() []string {
	var names []string
	for _, s := range store.AllStates() {
		names = append(names, s.String())
	}
	for _, name := range slices.Sorted(maps.Keys(stateSets)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (s states) read(t *term, f *store.Filter, _ time.Time) error {
	if f.States != 0 {
		return t.twice(strings.Split(s.write(f)[0][1:], ","))
	}
	for _, v := range t.values {
		set, ok := stateSets[strings.ToLower(v.text)]
		if !ok {
			hint := ""
			if near := nearest(strings.ToLower(v.text), stateNames()); near != "" {
				hint = didYouMean(near)
			}
			return t.fail(fmt.Sprintf("no state is called %s: there are %s", show(v.text), strings.Join(stateNames(), ", ")), hint)
		}
		f.States |= set
	}
	return nil
}

func (states) write(f *store.Filter) []string {
	switch f.States {
	case 0:
		return nil
	case store.FailedStates:
		return []string{":failed"}
	case store.FinalStates:
		return []string{":finalised"}
	}
	return []string{":" + f.States.String()}
}

// failure is the field error: texts that must all occur.
type failure struct{}

func (failure) read(t *term, f *store.Filter, _ time.Time) error {
	text, ok := t.single()
	if !ok {
		return t.fail("error takes one text", t.instead("error~"+quote(strings.Join(t.texts(), ","))))
	}
	f.Error = append(f.Error, text)
	return nil
}

func (failure) write(f *store.Filter) []string {
	var out []string
	for _, text := range f.Error {
		out = append(out, "~"+quote(text))
	}
	return out
}
