package executor

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/bgq-dev/bgq/store"
)

const (
	// maxCauses bounds the causes of one failure that are stored.
	maxCauses = 64
	// maxMessage bounds the message of each, in bytes.
	maxMessage = 8 << 10
	// maxWalk bounds the errors that find looks at.
	maxWalk = 1000
)

// recorded is an error that knows its causes from a record, because the errors
// themselves lived in another process.
type recorded interface{ Causes() []store.Cause }

// describe writes down an error and all that it wraps: outermost first, depth
// first, through both forms of Unwrap. It is bounded, and survives error types that
// panic or wrap themselves. nil has no causes, every other error at least one.
func describe(err error) []store.Cause {
	if err == nil {
		return nil
	}
	var c chain
	c.add(err)
	if len(c.causes) == 0 { // nothing but directives, too many of them
		c.causes = []store.Cause{{Message: message(err), Type: fmt.Sprintf("%T", err)}}
	}
	if c.full {
		c.causes[maxCauses-1] = store.Cause{Message: fmt.Sprintf("… only the first %d causes were kept", maxCauses-1)}
	}
	return c.causes
}

// chain collects causes.
type chain struct {
	causes []store.Cause
	path   []error // from the outermost error to the one being added
	full   bool    // something was left out
}

func (c *chain) add(err error) {
	if slices.ContainsFunc(c.path, func(above error) bool { return same(above, err) }) {
		return
	}
	// A wrapper that only tells the executor what to do says nothing about what happened.
	if _, ok := err.(*directed); !ok && !c.put(store.Cause{Message: message(err), Type: fmt.Sprintf("%T", err), Code: codeOf(err)}) {
		return
	}
	if causes, ok := causesOf(err); ok {
		for _, cause := range causes {
			if !c.put(cause) {
				return
			}
		}
		return
	}
	c.path = append(c.path, err)
	for _, inner := range unwrap(err) {
		// The path bounds the recursion where nothing is put: a directed error puts none.
		if inner != nil && !c.full && len(c.path) <= 2*maxCauses {
			c.add(inner)
		}
	}
	c.path = c.path[:len(c.path)-1]
}

// put appends a cause, and tells whether there was room for it.
func (c *chain) put(cause store.Cause) bool {
	if len(c.causes) == maxCauses {
		c.full = true
		return false
	}
	c.causes = append(c.causes, cause)
	return true
}

// find returns the first error in what err wraps, outermost first, that match
// accepts, or nil. It does what [errors.As] does without calling methods that could
// panic or never end: the error comes from a handler.
func find(err error, match func(error) bool) error {
	path := make([]error, 0, 8)
	left := maxWalk
	var walk func(err error) error
	walk = func(err error) error {
		if err == nil || left == 0 || slices.ContainsFunc(path, func(above error) bool { return same(above, err) }) {
			return nil
		}
		left--
		if match(err) {
			return err
		}
		path = append(path, err)
		defer func() { path = path[:len(path)-1] }()
		for _, inner := range unwrap(err) {
			if found := walk(inner); found != nil {
				return found
			}
		}
		return nil
	}
	return walk(err)
}

func same(a, b error) bool { return isComparable(a) && isComparable(b) && a == b }

// causesOf returns what err has on record. The method is not ours: it may panic.
func causesOf(err error) (causes []store.Cause, ok bool) {
	r, ok := err.(recorded)
	if !ok {
		return nil, false
	}
	defer func() {
		if recover() != nil {
			causes, ok = nil, true
		}
	}()
	return r.Causes(), true
}

// unwrap returns what err wraps. The method is not ours: it may panic.
func unwrap(err error) (inner []error) {
	defer func() {
		if recover() != nil {
			inner = nil
		}
	}()
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}

// message returns the text of err, cut to what is stored. An Error method that
// panics gives a text which says so.
func message(err error) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("(no message: the Error method of %T panicked)", err)
		}
	}()
	return cut(err.Error(), maxMessage)
}

// cut shortens a text to limit bytes, and says so at its end.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	mark := fmt.Sprintf("… (cut, %d bytes in all)", len(text))
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark // a text of its own: a slice would keep the whole one in memory
}
