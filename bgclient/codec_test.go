package bgclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// The types of the table below.
type (
	base struct {
		A int `json:"a"`
	}
	Shown  struct{ B string }
	tagged struct {
		base
		*Shown
		Msgpack int `msgpack:"m" json:"j"`
		JSON    int `json:"jj,omitempty"`
		Both    int `msgpack:",omitempty" json:"ee"`
		Out     int `json:"-"`
		OutToo  int `msgpack:"-" json:"x"`
		hidden  int
	}
	pair[A, B any] struct {
		First  A
		Second B
	}
	node struct {
		Name string
		Next *node
	}
	word    string
	numbers struct {
		I8  int8
		I64 int64
		U8  uint8
		U64 uint64
		F32 float32
		F64 float64
		D   time.Duration
	}
	// hexed encodes itself as text, with a pointer receiver.
	hexed struct{ n int }
	// packed encodes itself as msgpack.
	packed struct{ X, Y int }
	// halved reads only the beginning of what is there.
	halved struct{}
	// moved reads numbers of an older version as others.
	moved struct{ n int }
	// selfish embeds itself, which does no harm as it encodes itself.
	selfish struct {
		*selfish //lint:ignore U1000 that it is there is the point
		N        int
	}
	// noisy writes what is no msgpack.
	noisy struct{}
	// bomb panics either way.
	bomb struct{}
)

func (h *hexed) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", h.n), nil }
func (h *hexed) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%x", &h.n)
	return err
}

func (p packed) EncodeMsgpack(e *msgpack.Encoder) error  { return e.EncodeMulti([]int{p.X, p.Y}) }
func (p *packed) DecodeMsgpack(d *msgpack.Decoder) error { return d.Decode(&[]*int{&p.X, &p.Y}) }

func (*halved) DecodeMsgpack(d *msgpack.Decoder) error {
	_, err := d.DecodeArrayLen()
	return err
}

func (m moved) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeInt(int64(m.n)) }
func (m *moved) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	m.n, err = d.DecodeInt()
	m.n %= 100
	return err
}

func (s selfish) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeInt(int64(s.N)) }
func (s *selfish) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	s.N, err = d.DecodeInt()
	return err
}

func (noisy) MarshalMsgpack() ([]byte, error) { return []byte{0x92, 0x01}, nil }
func (noisy) UnmarshalMsgpack([]byte) error   { return nil }

func (bomb) EncodeMsgpack(*msgpack.Encoder) error  { panic("boom") }
func (*bomb) DecodeMsgpack(*msgpack.Decoder) error { panic("boom") }

// roundTrip returns a check that v comes back as want.
func roundTrip[T any](v, want T) func(*testing.T) {
	return func(t *testing.T) {
		b, err := encode(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode[T](b, "it")
		if err != nil {
			t.Fatalf("%x: %v", []byte(b), err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%#v came back as %#v, want %#v", v, got, want)
		}
	}
}

func same[T any](v T) func(*testing.T) { return roundTrip(v, v) }

func TestRoundTrip(t *testing.T) {
	zone := time.FixedZone("far", 5*3600+1800)
	at := time.Date(2026, 11, 22, 16, 34, 5, 123456789, zone)
	page, _ := url.Parse("https://example.org/a?b=c")
	seven := 7
	for name, check := range map[string]func(*testing.T){
		"bool": same(true), "int": same(-7), "max uint64": same(uint64(math.MaxUint64)), "min int64": same(int64(math.MinInt64)),
		"string": same("grüße\x00\xff"), "empty string": same(""), "named": same(word("w")),
		"infinity": same(math.Inf(-1)), "float32": same(float32(0.1)), "duration": same(90 * time.Minute),
		"numbers":    same(numbers{-128, math.MinInt64, 255, math.MaxUint64, -1.5, 1e300, -1}),
		"bytes":      same([]byte{0, 255}),
		"nil bytes":  same([]byte(nil)),
		"nil slice":  same([]int(nil)),
		"no element": same([]int{}),
		"strings":    same([]string{"a", ""}), "nil strings": same([]string(nil)),
		"array": same([3]int{1, 2, 3}), "byte array": same([16]byte{1, 15: 9}),
		"nil map": same(map[string]int(nil)), "empty map": same(map[string]int{}),
		"map of ints": same(map[int]string{-1: "a", 300: "b"}), "map of structs": same(map[pair[int, string]]bool{{1, "a"}: true}),
		"map in map": same(map[string]map[string][]int{"a": {"b": {1}, "c": nil}}),
		"pointer":    same(&seven), "nil pointer": same((*int)(nil)), "pointer to pointer": same(new(&seven)),
		"generic": same(pair[*pair[int, string], []word]{&pair[int, string]{1, "x"}, []word{"y"}}),
		"list":    same(&node{"a", &node{"b", nil}}),
		"time":    roundTrip(at, at.UTC()), "zero time": same(time.Time{}), "old time": same(time.Date(1066, 10, 14, 0, 0, 0, 0, time.UTC)),
		"times":          roundTrip(map[string]*time.Time{"a": &at, "b": nil}, map[string]*time.Time{"a": new(at.UTC()), "b": nil}),
		"time keys":      roundTrip(map[time.Time]int{at: 1}, map[time.Time]int{at.UTC(): 1}),
		"big int":        same(*new(big.Int).Lsh(big.NewInt(3), 200)),
		"big int by ptr": same(big.NewInt(-5)), "url": same(page), "ip": same(netip.MustParseAddr("fe80::1%eth0")),
		"raw json": same(json.RawMessage(`{"a":1}`)), "raw msgpack": same(msgpack.RawMessage{0x93, 1, 2, 3}),
		"text by pointer receiver": same(hexed{255}), "text in a struct": same(pair[hexed, *hexed]{hexed{1}, &hexed{2}}),
		"text in a map": same(map[string]*hexed{"a": {3}}),
		"embeds itself": same([]*selfish{{N: 1}, nil}),
		"own msgpack":   same([]packed{{1, 2}, {3, 4}}),
		"id":            same(store.NewBatchID()),
		"none":          same(None{}), "none inside": same([]None{{}, {}}), "empty struct": same(struct{}{}),
		"error": roundTrip(pair[error, error]{errors.New("a"), nil}, pair[error, error]{errors.New("a"), nil}),
		"tags": roundTrip(
			tagged{base{1}, &Shown{"b"}, 2, 3, 4, 5, 6, 7},
			tagged{base{1}, &Shown{"b"}, 2, 3, 4, 0, 0, 0}),
		// The fields of an embedded pointer are written as nil, and read into a new struct.
		"nil embedded pointer": roundTrip(struct {
			*Shown
			C int
		}{nil, 1}, struct {
			*Shown
			C int
		}{&Shown{}, 1}),
		"any": roundTrip[any](
			[]any{nil, true, 5, 200, int8(-3), uint16(70), uint64(math.MaxUint64), float32(0.5), "s", []byte("b"), at,
				map[string]any{"n": uint8(1)}, map[string]int{"a": 1000}, map[int]string{1: "x", 300: "y"}, base{7}, &node{"a", nil}, []string{"z"}, time.Second},
			[]any{nil, true, int64(5), int64(200), int64(-3), int64(70), uint64(math.MaxUint64), 0.5, "s", []byte("b"), at.UTC(),
				map[string]any{"n": int64(1)}, map[string]any{"a": int64(1000)}, map[any]any{int64(1): "x", int64(300): "y"},
				map[string]any{"a": int64(7)}, map[string]any{"Name": "a", "Next": nil}, []any{"z"}, int64(time.Second)}),
		"any inside": roundTrip(
			pair[any, map[string][]any]{200, map[string][]any{"a": {at}}},
			pair[any, map[string][]any]{int64(200), map[string][]any{"a": {at.UTC()}}}),
		"any as key": roundTrip(map[any]int{200: 1, "a": 2}, map[any]int{int64(200): 1, "a": 2}),
		"mixed keys": roundTrip[any](map[any]any{"a": 1, 2: "b", nil: 3}, map[any]any{"a": int64(1), int64(2): "b", nil: int64(3)}),
		"nil any":    same[any](nil),
	} {
		t.Run(name, check)
	}
	b, err := encode([]float64{math.NaN()})
	if err != nil {
		t.Fatal(err)
	}
	if nan, err := decode[[]float64](b, "it"); err != nil || !math.IsNaN(nan[0]) {
		t.Errorf("NaN came back as %v, %v", nan, err)
	}
	if _, err := decode[map[float64]any](store.Value{0x81, 0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1, 0xc0}, "it"); err != nil {
		t.Errorf("a map with the key NaN: %v", err)
	}
}

func TestTagsAsStored(t *testing.T) {
	b, err := encode(tagged{base{1}, &Shown{"b"}, 2, 0, 0, 5, 6, 7})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode[map[string]any](b, "it")
	want := map[string]any{"a": int64(1), "B": "b", "m": int64(2)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("stored as %v (%v), want %v", got, err, want)
	}
}

func TestNilIsAValue(t *testing.T) {
	for _, v := range []any{None{}, (*int)(nil), nil} {
		var b store.Value
		var err error
		switch v := v.(type) {
		case None:
			b, err = encode(v)
		case *int:
			b, err = encode(v)
		default:
			b, err = encode(v)
		}
		if err != nil || !bytes.Equal(b, []byte{0xc0}) {
			t.Errorf("%#v is stored as %x, %v", v, []byte(b), err)
		}
	}
	if n, err := decode[int](store.Value{0xc0}, "it"); n != 0 || err != nil {
		t.Errorf("nil as int is %d, %v", n, err)
	}
}

func TestMapsAreSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "m")
		outer := map[string]any{"s": map[string]string{}, "b": map[string]bool{}, "a": map[string]any{}}
		for k, n := range m {
			outer["s"].(map[string]string)[k] = fmt.Sprint(n)
			outer["b"].(map[string]bool)[k] = n > 0
			outer["a"].(map[string]any)[k] = n
		}
		first, err := encode(outer)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if again, _ := encode(outer); !bytes.Equal(first, again) {
				t.Fatalf("equal maps are stored as %x and %x", []byte(first), []byte(again))
			}
		}
	})
}

// What comes back from an any is the same again when it is stored again.
func TestAnyIsStable(t *testing.T) {
	leaf := rapid.OneOf(
		rapid.Just(any(nil)), rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Uint64().AsAny(), rapid.Int8().AsAny(),
		rapid.Float64().AsAny(), rapid.Float32().AsAny(), rapid.String().AsAny(), rapid.SliceOf(rapid.Byte()).AsAny(),
		rapid.Custom(func(t *rapid.T) any {
			return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		}),
	)
	tree := leaf
	for range 3 {
		inner := tree
		tree = rapid.OneOf(leaf,
			rapid.SliceOfN(inner, 0, 4).AsAny(), rapid.MapOfN(rapid.String(), inner, 0, 4).AsAny(),
			rapid.MapOfN(rapid.Int16(), inner, 0, 4).AsAny())
	}
	rapid.Check(t, func(t *rapid.T) {
		b, err := encode(pair[any, []any]{tree.Draw(t, "v"), []any{1}})
		if err != nil {
			t.Fatal(err)
		}
		once, err := decode[pair[any, []any]](b, "it")
		if err != nil {
			t.Fatalf("%x: %v", []byte(b), err)
		}
		again, err := encode(once)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := decode[pair[any, []any]](again, "it")
		if err != nil || !reflect.DeepEqual(once, twice) {
			t.Fatalf("%#v became %#v (%v)", once, twice, err)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	type thumb struct {
		Name          string
		Width, Height int
		Took          time.Duration
		Tags          []string
	}
	v := thumb{"cat.jpg", 200, 300, time.Second, []string{"a", "b"}}
	bench(b, "struct", v)
	bench(b, "int", 42)
	bench(b, "any", map[string]any{"a": 1, "b": []any{1, 2, "x"}})
}

func bench[T any](b *testing.B, name string, v T) {
	stored, err := encode(v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = encode(v)
		}
	})
	b.Run(name+"/decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = decode[T](stored, "it")
		}
	})
}
