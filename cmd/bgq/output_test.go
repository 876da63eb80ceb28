package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// jsonValue draws any value that JSON has.
func jsonValue() *rapid.Generator[any] {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-a-z0-9:.,#&*!|>'"% \n\t{}\[\]~]{0,8}`),
		rapid.SampledFrom([]string{"yes", "No", "null", "~", "1e3", "0x1f", "0o7", "1_000", ".inf", "2026-11-22", "12:30:45", "-", "- a", "a: b", "=", "<<", "\x1b[2J\u202e\u009b\U000e0041"}))
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64Range(-1<<53, 1<<53).AsAny(), text.AsAny())
	value := leaf
	for range 3 {
		inner := value
		value = rapid.OneOf(leaf, rapid.SliceOfN(inner, 0, 4).AsAny(), rapid.MapOfN(text, inner, 0, 4).AsAny())
	}
	return value
}

// What is written as YAML is read back as the same value, and cannot hurt a terminal.
func TestYAMLIsTheSameValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, err := json.Marshal(jsonValue().Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		y, err := toYAML(b)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsFunc(y, func(r rune) bool { return dangerous(r) && r != '\n' }) {
			t.Fatalf("%q has control characters", y)
		}
		var back, got, want any
		if err := yaml.Unmarshal(y, &back); err != nil {
			t.Fatalf("%s\n%v", y, err)
		}
		again, err := json.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nis\n%s\nand read back %s", b, y, again)
		}
	})
}

func TestYAML(t *testing.T) {
	y, err := toYAML([]byte(`{"id":"01JD8Q","list":[{"a":1,"b":["x",[]]},2,[3,4]],"big":9223372036854775809,"none":{},"text":"two\nlines","yes":null}`))
	want := `id: "01JD8Q"
list:
  - a: 1
    b:
      - x
      - []
  - 2
  - - 3
    - 4
big: 9223372036854775809
none: {}
text: "two\nlines"
"yes": null
`
	if err != nil || string(y) != want {
		t.Errorf("%v:\n%s", err, y)
	}
}

func TestFields(t *testing.T) {
	known := fieldsOf([]*wire.Job{})
	for _, c := range []struct{ in, fields, want string }{
		{`{"id":"A","attempt":1,"args":{"n":9223372036854775809}}`, "args,id", `{"args":{"n":9223372036854775809},"id":"A"}`},
		{`[{"id":"A"},{"id":"B","reason":"x"}]`, "reason", `[{"reason":null},{"reason":"x"}]`},
	} {
		got, err := selectFields([]byte(c.in), strings.Split(c.fields, ","), known)
		if err != nil || string(got) != c.want {
			t.Errorf("%s of %s: %s, %v", c.fields, c.in, got, err)
		}
	}
	err := checkFields([]string{"atempt"}, known)
	if codeOf(err) != exitUsage || !strings.Contains(err.Error(), "did you mean attempt?") || !strings.Contains(hintOf(err), "id, state, kind") {
		t.Errorf("%v (%s)", err, hintOf(err))
	}
	embedded := fieldsOf(shownJob{})
	if want := append(known, "stack"); !reflect.DeepEqual(embedded, want) {
		t.Errorf("%v", embedded)
	}
}
