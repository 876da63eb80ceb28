package store

import (
	"bytes"
	"encoding/hex"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

func TestCheckAcceptsWhatIsEncoded(t *testing.T) {
	type inner struct{ A, B any }
	for _, v := range []any{
		nil, true, false, 0, 1, -1, 127, 128, -32, -33, math.MaxInt64, math.MinInt64, uint64(math.MaxUint64),
		float32(1.5), math.Pi, math.NaN(),
		"", "x", strings.Repeat("s", 31), strings.Repeat("s", 32), strings.Repeat("s", 255), strings.Repeat("s", 256), strings.Repeat("s", 1<<16),
		[]byte{}, []byte("x"), bytes.Repeat([]byte("b"), 256), bytes.Repeat([]byte("b"), 1<<16),
		[]int{}, make([]int, 15), make([]int, 16), make([]any, 1<<16),
		map[string]int{}, map[string]any{"a": []any{1, "x", nil, map[string]any{"b": 2.5}}}, manyKeys(16), manyKeys(1 << 16),
		time.Unix(1, 0), time.Unix(1<<33, 5), time.Unix(-1, 0),
		inner{A: inner{A: 1}, B: []string{"x"}},
	} {
		b, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatalf("Marshal %T: %v", v, err)
		}
		if err := Value(b).Check(); err != nil {
			t.Errorf("%T of %d bytes: %v", v, len(b), err)
		}
		if len(b) > 1 {
			if err := Value(b[:len(b)-1]).Check(); err == nil {
				t.Errorf("%T of %d bytes passes without its last", v, len(b))
			}
		}
		if err := Value(append(b, 0xc0)).Check(); err == nil {
			t.Errorf("%T of %d bytes passes with one more behind it", v, len(b))
		}
	}
}

func manyKeys(n int) map[int]bool {
	m := make(map[int]bool, n)
	for i := range n {
		m[i] = true
	}
	return m
}

// Each format of the specification, whole, and cut at every byte.
func TestCheckFormats(t *testing.T) {
	for _, s := range []string{
		"00", "7f", "e0", "ff", "c0", "c2", "c3",
		"cc ff", "cd ffff", "ce ffffffff", "cf ffffffffffffffff",
		"d0 ff", "d1 ffff", "d2 ffffffff", "d3 ffffffffffffffff",
		"ca 00000000", "cb 0000000000000000",
		"a0", "a3 616263", "d9 03 616263", "da 0003 616263", "db 00000003 616263",
		"c4 03 616263", "c5 0003 616263", "c6 00000003 616263", "c4 00", "d9 00",
		"d4 01 00", "d5 01 0000", "d6 01 00000000", "d7 01 0000000000000000", "d8 01 00000000000000000000000000000000",
		"c7 02 01 0000", "c8 0002 01 0000", "c9 00000002 01 0000", "c7 00 01",
		"90", "92 01 c0", "dc 0002 01 c0", "dd 00000002 01 c0", "dc 0000",
		"80", "81 a161 01", "de 0001 a161 01", "df 00000001 a161 01", "de 0000",
		"93 91 90 81 01 92 01 02 c4 01 00",
	} {
		v := unhex(t, s)
		if err := v.Check(); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		for n := range len(v) {
			if err := v[:n].Check(); err == nil {
				t.Errorf("%s passes when cut to %d bytes", s, n)
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"":                              "no value",
		"c1":                            "begins no value",
		"91 c1":                         "at 1",
		"c0 c0":                         "behind the value",
		"dd 08000000":                   "larger than the value", // 134 million elements
		"df 7fffffff 00":                "larger than the value",
		"df ffffffff 0000":              "larger than the value",
		"c6 ffffffff":                   "larger than the value", // 4 GiB
		"db ffffffff 61":                "larger than the value",
		"c9 ffffffff 01":                "larger than the value",
		"dc ffff 00":                    "larger than the value",
		"92 01":                         "larger than the value",
		"92 90":                         "larger than the value",
		"92 91 01":                      "ends early",
		"82 01 02 03":                   "larger than the value",
		"dd 00":                         "ends early",
		"92 dd ffffffff dd ffffffff 00": "larger than the value",
	} {
		err := unhex(t, s).Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error that says %q", s, err, want)
		}
	}
	if err := Value(nil).Check(); err == nil {
		t.Error("no value passes")
	}
}

func TestCheckBoundsDepth(t *testing.T) {
	nested := func(open string, depth int) Value {
		return append(bytes.Repeat(unhex(t, open), depth), 0xc0)
	}
	for _, open := range []string{"91", "dc 0001", "dd 00000001", "81 01", "df 00000001 01"} {
		if err := nested(open, 64).Check(); err != nil {
			t.Errorf("%s nested 64 deep: %v", open, err)
		}
		for _, depth := range []int{65, 66, 1 << 18} {
			if err := nested(open, depth).Check(); err == nil || !strings.Contains(err.Error(), "nested deeper than 64") {
				t.Errorf("%s nested %d deep: %v", open, depth, err)
			}
		}
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	b, err := msgpack.Marshal(map[string]any{"a": make([]any, 1000), "b": strings.Repeat("x", 5000)})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := Value(b).Check(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Check allocates %v times", n)
	}
}

// What passes is safe to decode: the worst that a value of 64 KiB can ask for stays
// far below what five unchecked bytes can.
func TestCheckedValuesDecodeSmall(t *testing.T) {
	const size = 1 << 16
	empties := func(head string, elem byte) Value {
		return append(unhex(t, head), bytes.Repeat([]byte{elem}, size)...)
	}
	for name, v := range map[string]Value{
		"nils":         empties("dd 00010000", 0xc0),
		"empty arrays": empties("dd 00010000", 0x90),
		"empty maps":   empties("dd 00010000", 0x80),
		"empty texts":  empties("dd 00010000", 0xa0),
	} {
		if err := v.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var out any
		if err := msgpack.Unmarshal(v, &out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 512*size {
			t.Errorf("%s: %d bytes were allocated for %d", name, used, len(v))
		}
	}
}

// FuzzCheck holds Check against the decoder of the library: what passes is exactly
// one value to it, and what is refused is none, unless it is only too deep.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		"c0", "93 01 a161 c4 01 00", "82 a161 90 a162 81 01 cb 0000000000000000", "d8 01 00000000000000000000000000000000",
		"c7 02 01 0000", "dd 08000000", "c6 ffffffff", "c1", "c0 c0", "91 91 91 91", "d6 ff 00000001", "de 0001 a161 01",
	} {
		f.Add([]byte(unhex(f, s)))
	}
	f.Add(bytes.Repeat([]byte{0x91}, 70))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			t.Skip("the decoder recurses on what may nest")
		}
		err := Value(b).Check()
		if err != nil && strings.Contains(err.Error(), "nested deeper") {
			return
		}
		r := bytes.NewReader(b)
		skipErr := msgpack.NewDecoder(r).Skip()
		if whole := skipErr == nil && r.Len() == 0; whole != (err == nil) {
			t.Fatalf("%x: Check says %v, the decoder says %v with %d bytes left", b, err, skipErr, r.Len())
		}
		if err == nil {
			var out any
			_ = msgpack.Unmarshal(b, &out) // may fail, for instance at an unknown extension, but must not panic
		}
	})
}

func unhex(t testing.TB, s string) Value {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
