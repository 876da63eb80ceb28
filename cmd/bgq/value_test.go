package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

func TestValueJSON(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 5, time.FixedZone("", 3600))
	for _, c := range []struct {
		name string
		v    store.Value
		want string
	}{
		{"no value", nil, `null`},
		{"nil", value(nil), `null`},
		{"true", value(true), `true`},
		{"small", value(7), `7`},
		{"negative", value(-7), `-7`},
		{"above 2^53", value(int64(1<<53 + 1)), `9007199254740993`},
		{"largest", value(uint64(math.MaxUint64)), `18446744073709551615`},
		{"least", value(int64(math.MinInt64)), `-9223372036854775808`},
		{"float", value(0.1), `0.1`},
		{"float32", value(float32(0.1)), `0.1`},
		{"huge float", value(1e300), `1e+300`},
		{"not a number", value(math.NaN()), `{"$float":"NaN"}`},
		{"infinite", value(math.Inf(-1)), `{"$float":"-Inf"}`},
		{"text", value("a\"b<c>\n"), `"a\"b<c>\n"`},
		{"text with controls", value("\x1b\x7f\u202e"), "\"\\u001b\\u007f\\u202e\""},
		{"text that is not UTF-8", value("\xff"), `{"$bin":"/w=="}`},
		{"bytes", value([]byte{0, 1}), `{"$bin":"AAE="}`},
		{"array", value([]any{1, "x", nil}), `[1,"x",null]`},
		{"empty", value([]any{}), `[]`},
		{"map", value(map[string]int{"a": 1}), `{"a":1}`},
		{"map with numbers as keys", value(map[int]int{-3: 1}), `{"-3":1}`},
		{"map with an array as key", store.Value{0x81, 0x91, 0x01, 0xc0}, `{"[1]":null}`},
		{"time", value(at), `"2026-11-22T11:00:00.000000005Z"`},
		{"extension", store.Value{0xd4, 0x05, 0xaa}, `{"$ext":5,"$bin":"qg=="}`},
		{"time that is none", store.Value{0xd4, 0xff, 0xaa}, `{"$ext":-1,"$bin":"qg=="}`},
		{"cut off", store.Value{0xa5, 'a'}, `{"$bin":"pWE=","$invalid":"msgpack: a length at byte 0 is larger than the value"}`},
		{"a length of gigabytes", store.Value{0xdd, 0xff, 0xff, 0xff, 0xff}, `{"$bin":"3f////8=","$invalid":"msgpack: a length at byte 0 is larger than the value"}`},
	} {
		if got := string(valueJSON(c.v)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Whatever is in the file, what is printed is JSON, and cannot hurt a terminal.
func TestValueJSONIsAlwaysJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := store.Value(rapid.SliceOf(rapid.Byte()).Draw(t, "value"))
		b, err := marshal(valueJSON(v), formatJSONL)
		if err != nil || !json.Valid(b) {
			t.Fatalf("%q: %v", b, err)
		}
		if bytes.ContainsFunc(bytes.TrimRight(b, "\n"), dangerous) {
			t.Fatalf("%q has control characters", b)
		}
	})
}

// What encoding/json can say, valueJSON says in the same way.
func TestValueJSONAgreesWithEncodingJSON(t *testing.T) {
	var any_ *rapid.Generator[any]
	leaf := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.String().AsAny(),
	)
	any_ = rapid.OneOf(leaf,
		rapid.SliceOfN(leaf, 0, 20).AsAny(),
		rapid.MapOfN(rapid.String(), rapid.SliceOfN(leaf, 0, 3), 0, 20).AsAny(),
	)
	rapid.Check(t, func(t *rapid.T) {
		v := any_.Draw(t, "value")
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := valueJSON(value(v)); !equalJSON(t, got, want) {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}

func equalJSON(t *rapid.T, a, b []byte) bool {
	normal := func(b []byte) string {
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		out, _ := json.Marshal(v)
		return string(out)
	}
	return normal(a) == normal(b)
}

func TestValueRaw(t *testing.T) {
	for _, v := range []any{"text\n", []byte("text\n")} {
		if got, err := valueRaw(value(v)); err != nil || string(got) != "text\n" {
			t.Errorf("%T: %q, %v", v, got, err)
		}
	}
	for _, v := range []store.Value{nil, value(nil), value(1), {0xc1}} {
		if _, err := valueRaw(v); err == nil {
			t.Errorf("%x: no error", []byte(v))
		}
	}
}

func TestShowValueIsBounded(t *testing.T) {
	long, err := msgpack.Marshal(strings.Split(strings.Repeat("0123456789 ", 10_000), " "))
	if err != nil {
		t.Fatal(err)
	}
	if got := showValue(long); len(got) > shownValue+200 || !strings.Contains(got, "-o json shows it whole") {
		t.Errorf("%d bytes: …%s", len(got), got[len(got)-80:])
	}
}
