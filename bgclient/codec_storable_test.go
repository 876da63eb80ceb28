package bgclient

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// The types of TestUnstorable.
type (
	self    []self
	knot    *knot
	turtle  struct{ *turtle }
	branchy struct{ Left, Right *branchy }
	mine    int
	embeds  struct {
		mine
		X int
	}
	stamp  time.Time
	silent struct{ Mu struct{ state int } }
)

func refusal[T any](v T, want ...string) func(*testing.T) {
	return func(t *testing.T) {
		b, err := encode(v)
		if err == nil {
			t.Fatalf("stored as %x", []byte(b))
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("the error does not say %q: %v", w, err)
			}
		}
		if len(err.Error()) > 400 {
			t.Errorf("the error is very long: %v", err)
		}
	}
}

func TestUnstorable(t *testing.T) {
	slice := self{nil}
	slice[0] = slice
	dict := map[string]any{}
	dict["x"] = dict
	var box any
	box = &box
	ring := &node{Name: "a"}
	ring.Next = &node{"b", ring}
	twice := &branchy{}
	twice.Left, twice.Right = twice, twice
	var tie knot
	tie = &tie
	// 2^60 ways lead to the end of this one, which holds a function.
	var dag any = func() {}
	for range 60 {
		dag = []any{dag, dag}
	}
	deep := any(0)
	for range 70 {
		deep = []any{deep}
	}
	type job struct{ Done chan int }
	type args struct{ Jobs []map[string]*job }
	for name, check := range map[string]func(*testing.T){
		"channel":            refusal(make(chan int), "chan int"),
		"nil channel":        refusal((chan int)(nil), "chan int"),
		"function inside":    refusal(pair[int, func()]{}, ".Second", "func()"),
		"complex":            refusal([]complex128{1}, "[0]", "complex128"),
		"deep inside":        refusal(args{[]map[string]*job{nil, {"k": {}}}}, `args.Jobs[1]["k"].Done: a chan int`),
		"inside any":         refusal[any](map[string]any{"a": []any{0, make(chan bool)}}, `["a"][1]`, "chan bool"),
		"key":                refusal(map[any]int{any(make(chan int)): 1}, "[key]", "chan int"),
		"other interface":    refusal(pair[fmt.Stringer, int]{time.Second, 1}, ".First", "fmt.Stringer"),
		"nothing exported":   refusal(stamp(time.Now()), "stamp", "no exported field"),
		"nothing seen in it": refusal(silent{}, ".Mu", "no exported field"),
		"error in any":       refusal[any](errors.New("x"), "no exported field"),
		"unsettable":         refusal(embeds{1, 2}, ".mine", "unexported"),
		"embeds itself":      refusal([]turtle{{}}, "turtle", "embeds itself"),
		"pointer to itself":  refusal(tie, "knot", "embeds itself"),
		"ring":               refusal(ring, "node", "contains itself"),
		"slice in itself":    refusal(slice, "contains itself"),
		"map in itself":      refusal(dict, "contains itself"),
		"any in itself":      refusal(box, "contains itself"),
		"twice in itself":    refusal(twice, "contains itself"),
		"many ways":          refusal(dag, "func()"),
		"too deep":           refusal(deep, "deep"),
		"value in a map":     refusal(map[string]hexed{"a": {1}}, "hexed"),
		"broken by itself":   refusal(noisy{}, "noisy", "larger than the value"),
		"panics":             refusal([]bomb{{}}, "bomb", "boom"),
	} {
		t.Run(name, check)
	}
	t.Run("afterwards", same(pair[string, any]{"all", "well"}))
}

// 2^60 ways lead through this value: it must be looked at in less than a lifetime.
func TestStorableLooksOnce(t *testing.T) {
	type box struct{ A, B any }
	var v any = 1
	for range 20 {
		v = []any{v, v}
		v = map[string]any{"a": v, "b": v}
		v = &box{v, v}
	}
	if err := storable(reflect.ValueOf(&v).Elem()); err != nil {
		t.Error(err)
	}
}

func TestEncodeIsBounded(t *testing.T) {
	w := &writer{limit: 2}
	if err := w.WriteByte(0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte{1, 2}); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
	if _, err := w.Write([]byte{1}); err != nil {
		t.Errorf("exactly full: %v", err)
	}
	if err := w.WriteByte(0); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("beyond full: %v", err)
	}
}
