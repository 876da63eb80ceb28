package wire_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// value is v as msgpack.
func value(v any) store.Value {
	b, err := msgpack.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

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
		if got := string(wire.ValueJSON(c.v)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Whatever is in the file, what is shown is JSON.
func TestValueJSONIsAlwaysJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := store.Value(rapid.SliceOf(rapid.Byte()).Draw(t, "v"))
		if j := wire.ValueJSON(v); !json.Valid(j) {
			t.Fatalf("%x is shown as %s", []byte(v), j)
		}
	})
}

func TestValueFromJSON(t *testing.T) {
	for _, c := range []struct {
		json string
		want store.Value
	}{
		{``, nil},
		{`null`, value(nil)},
		{`true`, value(true)},
		{` [ 1 , -1 ] `, value([]any{1, -1})},
		{`9007199254740993`, value(uint64(1<<53 + 1))},
		{`18446744073709551615`, value(uint64(math.MaxUint64))},
		{`-9223372036854775808`, value(int64(math.MinInt64))},
		{`1.0`, value(1.0)},
		{`1e3`, value(1000.0)},
		{`-0`, value(math.Copysign(0, -1))},
		{`"2026-11-22T11:00:00Z"`, value("2026-11-22T11:00:00Z")},
		{`"é😀"`, value("é😀")},
		{`{}`, value(map[string]any{})},
		{`{"b":[],"a":{"c":1}}`, store.Value{0x82, 0xa1, 'b', 0x90, 0xa1, 'a', 0x81, 0xa1, 'c', 0x01}},
		{`{"$bin":"AAE="}`, value([]byte{0, 1})},
		{`{"$bin":""}`, value([]byte{})},
		{`[{"$bin":"AAE="},1]`, value([]any{[]byte{0, 1}, 1})},
		{`{"$float":"-Inf"}`, value(math.Inf(-1))},
		{`{"$ext":5,"$bin":"qg=="}`, store.Value{0xd4, 0x05, 0xaa}},
		{`{"$bin":"qg==","$ext":-7}`, store.Value{0xd4, 0xf9, 0xaa}},
		{`{"$bin":1,"x":2}`, store.Value{0x82, 0xa4, '$', 'b', 'i', 'n', 0x01, 0xa1, 'x', 0x02}},
		{`[` + strings.Repeat("0,", 69_999) + `0]`, value(make([]int, 70_000))},
	} {
		got, err := wire.ValueFromJSON(json.RawMessage(c.json))
		if err != nil || string(got) != string(c.want) {
			t.Errorf("%.60s: %.60x %v, want %.60x", c.json, []byte(got), err, []byte(c.want))
		}
	}
}

func TestValueFromJSONRefuses(t *testing.T) {
	for _, c := range []struct{ json, because string }{
		{`{`, "not valid JSON"},
		{`[1,]`, "not valid JSON"},
		{`[1}`, "not valid JSON"},
		{` `, "not valid JSON"},
		{`1 2`, "something follows"},
		{`18446744073709551616`, "64 bits"},
		{`-9223372036854775809`, "64 bits"},
		{`1e400`, "out of range"},
		{`{"a":1,"a":2}`, `"a" is there twice`},
		{`{"$bin":"?"}`, "base64"},
		{`{"$bin":5}`, "base64"},
		{`{"$float":"1"}`, "NaN"},
		{`{"$ext":128,"$bin":""}`, "-128 to 127"},
		{`{"$ext":1,"$bin":"A"}`, "base64"},
		{`{"$invalid":"x","$bin":""}`, "damaged"},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested deeper"},
		{strings.Repeat("[", 1e6), "nested deeper"},
		{`"` + strings.Repeat("x", 64<<20) + `"`, "too large"},
	} {
		v, err := wire.ValueFromJSON(json.RawMessage(c.json))
		if err == nil || !strings.Contains(err.Error(), c.because) {
			t.Errorf("%.60s: %.40x %v, want an error about %q", c.json, []byte(v), err, c.because)
		}
	}
}

// drawJSON draws what JSON can say, with all that ValueJSON has its own forms for.
func drawJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		most := 8
		if depth == 0 {
			most = 6
		}
		switch rapid.IntRange(0, most).Draw(t, "type") {
		case 0:
			return nil
		case 1:
			return rapid.Int64().Draw(t, "int")
		case 2:
			return rapid.Uint64().Draw(t, "uint")
		case 3:
			return rapid.Float64().Draw(t, "float")
		case 4:
			return rapid.Float32().Draw(t, "float32")
		case 5:
			return rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		case 6:
			return rapid.OneOf(rapid.String(), rapid.Just("\xfe"), rapid.Just("2026-11-22T11:00:00Z")).Draw(t, "text")
		case 7:
			return rapid.SliceOfN(drawJSON(depth-1), 0, 20).Draw(t, "array")
		default:
			// A lone $bin in a map of the owner looks like bytes: then it is none of its own.
			key := rapid.OneOf(rapid.StringMatching(`[^$]*`), rapid.Just("$other"))
			return rapid.MapOfN(key, drawJSON(depth-1), 0, 20).Draw(t, "map")
		}
	})
}

func TestValueRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shown := wire.ValueJSON(value(drawJSON(4).Draw(t, "value")))
		back, err := wire.ValueFromJSON(shown)
		if err != nil {
			t.Fatalf("%s: %v", shown, err)
		}
		if err := back.Check(); err != nil {
			t.Fatalf("%s became %x: %v", shown, []byte(back), err)
		}
		if again := wire.ValueJSON(back); string(again) != string(shown) {
			t.Fatalf("%s came back as %s", shown, again)
		}
	})
}

func FuzzValueFromJSON(f *testing.F) {
	for _, s := range []string{`null`, `[1,-1,0.5,"x"]`, `{"a":{"$bin":"AA=="}}`, `{"$float":"NaN"}`, `{"$ext":-1,"$bin":""}`, `-0`, `1e-7`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := wire.ValueFromJSON(b)
		if err != nil || v == nil {
			return
		}
		if !json.Valid(b) {
			t.Fatalf("%q was accepted", b)
		}
		if err := v.Check(); err != nil {
			t.Fatalf("%q became %x: %v", b, []byte(v), err)
		}
		shown := wire.ValueJSON(v)
		back, err := wire.ValueFromJSON(shown)
		if err != nil {
			t.Fatalf("%q is shown as %s, which is refused: %v", b, shown, err)
		}
		if again := wire.ValueJSON(back); string(again) != string(shown) {
			t.Fatalf("%q is shown as %s, and then as %s", b, shown, again)
		}
	})
}
