package bgclient

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

func misfit[T any](stored any, want ...string) func(*testing.T) {
	return func(t *testing.T) {
		b, err := encode(stored)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode[T](b, "the result of job X")
		if err == nil {
			t.Fatalf("%#v was read as %#v", stored, got)
		}
		for _, w := range append(want, "the result of job X is ", fmt.Sprintf("Go type %v", reflect.TypeFor[T]())) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("the error does not say %q: %v", w, err)
			}
		}
		if !reflect.ValueOf(&got).Elem().IsZero() {
			t.Errorf("half of a value came with the error: %#v", got)
		}
	}
}

func TestMisfit(t *testing.T) {
	type thumb struct{ Width, Height int }
	type other struct{ Pages []string }
	type small struct {
		Width int8
		Notes map[string][]uint8
		M     map[string]uint16
	}
	for name, check := range map[string]func(*testing.T){
		"map as int":           misfit[int](thumb{1, 2}, `a map with the keys "Height", "Width"`),
		"many keys":            misfit[int](map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}, `"a", "b", "c", "d", "e" and 2 more`),
		"string as int":        misfit[int]("hello", "a string of 5 bytes"),
		"int as string":        misfit[string](42, "the integer 42"),
		"float as int":         misfit[int](1.5, "a float"),
		"bool as struct":       misfit[thumb](true, "a bool"),
		"array as map":         misfit[map[string]int]([]int{1, 2}, "an array of length 2"),
		"bytes as array":       misfit[[]int]([]byte("abc"), "a []byte of length 3"),
		"too long an array":    misfit[[2]int]([]int{1, 2, 3}, "an array of length 3"),
		"time as int":          misfit[int](time.Now(), "a time"),
		"one field":            misfit[thumb](map[string]any{"Width": 1, "Height": "x"}, "a map with"),
		"another struct":       misfit[other](thumb{1, 2}, "none of the keys"),
		"pointer to another":   misfit[*other](&thumb{0, 0}, "none of the keys"),
		"too large":            misfit[int8](300, "300", "too large"),
		"negative":             misfit[uint](-1, "-1", "negative"),
		"too large for int":    misfit[int](uint64(math.MaxUint64), "18446744073709551615"),
		"field too large":      misfit[small](thumb{Width: 128}, "128 at .Width"),
		"map value too large":  misfit[small](map[string]any{"M": map[string]int{"a": 1 << 16}}, "65536 at .M.a"),
		"array value":          misfit[[]int16]([]int{0, 1 << 15}, "32768 at [1]"),
		"key too large":        misfit[map[int8]string](map[int]string{1: "a", 257: "b"}, "key 257"),
		"unknown interface":    misfit[fmt.Stringer]("x", "fmt.Stringer"),
		"nothing can be read":  misfit[chan int](1, "chan int"),
		"panics":               misfit[bomb](1, "boom"),
		"bytes left":           misfit[halved]([]int{1, 2}, "2 bytes were not read"),
		"slice as key":         misfit[any](map[[2]int]string{{1, 2}: "a"}, "only its own type can read"),
		"text that is refused": misfit[netip.Addr]("nowhere", "unexpected slice size"),
	} {
		t.Run(name, check)
	}
}

// Structs may gain and lose fields between two versions of a program.
func TestStructsMayChange(t *testing.T) {
	type before struct{ A, B int }
	type after struct {
		B int16
		C string `json:"c,omitempty"`
	}
	b, err := encode(before{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode[after](b, "it"); err != nil || got != (after{B: 2}) {
		t.Errorf("got %+v, %v", got, err)
	}
	// What a type does in its own decoding is not taken for a loss.
	b, _ = encode(pair[uint8, int]{1, 307})
	if got, err := decode[pair[uint8, moved]](b, "it"); err != nil || got.Second.n != 7 {
		t.Errorf("got %+v, %v", got, err)
	}
	// A struct of zeros is not one of another kind, and neither is an empty map.
	b, _ = encode(before{})
	if got, err := decode[after](b, "it"); err != nil || got != (after{}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := decode[after](store.Value{0x80}, "it"); err != nil || got != (after{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDamagedValue(t *testing.T) {
	for name, v := range map[string]store.Value{
		"none":         nil,
		"bomb":         {0xdd, 0x08, 0, 0, 0},
		"trailing":     {0x01, 0x02},
		"cut":          {0xa5, 'h', 'e'},
		"no such code": {0xc1},
		"too deep":     append(bytes.Repeat([]byte{0x91}, 65), 0),
	} {
		_, err := decode[any](v, "the result of job X")
		if err == nil || !strings.HasPrefix(err.Error(), "the result of job X cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := decode[None](v, "it"); err == nil {
			t.Errorf("%s is read as None", name)
		}
	}
	if _, err := decode[turtle](store.Value{0x80}, "it"); err == nil || !strings.Contains(err.Error(), "embeds itself") {
		t.Errorf("a type that embeds itself: %v", err)
	}
	if _, err := decode[any](store.Value{0xd4, 99, 0}, "it"); err == nil {
		t.Error("an unknown extension was read")
	}
}

// No bytes may do worse than give an error.
func FuzzDecode(f *testing.F) {
	for _, v := range []any{nil, 5, "s", []any{1, "a"}, map[string]any{"First": 1, "Name": "x"}, time.Now(), map[int]int{1: 2}} {
		b, err := encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(b))
	}
	f.Add([]byte{0x81, 0x90, 0x01})
	f.Add([]byte{0xdd, 0x08, 0, 0, 0})
	f.Add([]byte{0xd4, 0xff, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		v := store.Value(data)
		if x, err := decode[any](v, "it"); err == nil {
			if _, err := encode(x); err != nil {
				t.Errorf("%x was read as %#v, which cannot be stored: %v", data, x, err)
			}
		}
		_, _ = decode[node](v, "it")
		_, _ = decode[numbers](v, "it")
		_, _ = decode[tagged](v, "it")
		_, _ = decode[pair[map[any]any, []time.Time]](v, "it")
		_, _ = decode[map[string]*packed](v, "it")
		_, _ = decode[[4]hexed](v, "it")
		_, _ = decode[embeds](v, "it")
		_, _ = decode[error](v, "it")
	})
}
