package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

// The bounds of what [ValueFromJSON] reads. A value that is nested deeper than maxNesting is
// refused by [store.Value.Check] as well.
const (
	maxJSON    = 64 << 20 // bytes
	maxNesting = 64
)

// ValueFromJSON turns JSON into a msgpack value. It is the inverse of [ValueJSON]: what
// that has written comes back as the same JSON when it is written again.
//
//   - a number without a fraction and an exponent is an integer with all its digits, and is
//     refused if it does not fit into 64 bits; any other number is a float64
//   - a text stays a text, also one that looks like a time
//   - {"$bin": base64}, {"$float": "NaN"} and {"$ext": type, "$bin": base64} are what
//     ValueJSON means by them; beside other keys these are keys like any
//   - {"$invalid": why, "$bin": base64} is refused, and so is an object that has a key twice
//
// No JSON at all is the absence of a value. JSON of more than 64 MiB or nested deeper than 64 is refused.
func ValueFromJSON(j json.RawMessage) (store.Value, error) {
	if len(j) == 0 {
		return nil, nil
	}
	if len(j) > maxJSON {
		return nil, fmt.Errorf("%w: the JSON has %d bytes, at most %d are allowed", store.ErrTooLarge, len(j), maxJSON)
	}
	b := &builder{dec: json.NewDecoder(bytes.NewReader(j))}
	b.dec.UseNumber()
	b.enc = msgpack.NewEncoder(b)
	if _, err := b.value(0); err != nil {
		return nil, notJSON(err)
	}
	if _, err := b.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return b.out, nil
}

// notJSON explains an error of the decoder.
func notJSON(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it is not valid JSON: %w", err)
	}
	return err
}

// builder writes msgpack for the JSON it reads.
type builder struct {
	dec *json.Decoder
	enc *msgpack.Encoder // writes to out
	out store.Value
}

// Write implements [io.Writer], for enc.
func (b *builder) Write(p []byte) (int, error) {
	b.out = append(b.out, p...)
	return len(p), nil
}

// value reads one value at a depth, and writes it. It returns what it has read.
func (b *builder) value(depth int) (json.Token, error) {
	t, err := b.dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := t.(type) {
	case nil:
		err = b.enc.EncodeNil()
	case bool:
		err = b.enc.EncodeBool(v)
	case string:
		err = b.enc.EncodeString(v)
	case json.Number:
		err = b.number(string(v))
	case json.Delim:
		switch {
		case depth == maxNesting:
			err = fmt.Errorf("it is nested deeper than %d", maxNesting)
		case v == '[':
			err = b.array(depth + 1)
		default:
			err = b.object(depth + 1)
		}
	}
	return t, err
}

func (b *builder) number(s string) error {
	// There is no integer -0, and as one it would lose its sign.
	if !strings.ContainsAny(s, ".eE") && s != "-0" {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return b.enc.EncodeInt(i)
		}
		u, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return fmt.Errorf("the integer %.40s does not fit into 64 bits: write it as a text, or as a float like 1e30", s)
		}
		return b.enc.EncodeUint(u)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("the number %.40s is out of range", s)
	}
	return b.enc.EncodeFloat64(f)
}

// array writes the elements, and puts their number before them in the end.
func (b *builder) array(depth int) error {
	start, n := len(b.out), 0
	for ; b.dec.More(); n++ {
		if _, err := b.value(depth); err != nil {
			return err
		}
	}
	return b.close(start, func() error { return b.enc.EncodeArrayLen(n) })
}

// close reads the delimiter that ends an array or object, and puts the header before what
// was written since start.
func (b *builder) close(start int, header func() error) error {
	if _, err := b.dec.Token(); err != nil {
		return err
	}
	end := len(b.out)
	if err := header(); err != nil {
		return err
	}
	written := slices.Clone(b.out[end:])
	b.out = slices.Insert(b.out[:end], start, written...)
	return nil
}

// object writes a map, or what the object stands for.
func (b *builder) object(depth int) error {
	start := len(b.out)
	keys := map[string]json.Token{}
	for b.dec.More() {
		t, err := b.dec.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // an object has no other keys
		if _, twice := keys[key]; twice {
			return fmt.Errorf("the key %.40q is there twice in one object", key)
		}
		if err := b.enc.EncodeString(key); err != nil {
			return err
		}
		if keys[key], err = b.value(depth); err != nil {
			return err
		}
	}
	if err := b.close(start, func() error { return b.enc.EncodeMapLen(len(keys)) }); err != nil {
		return err
	}
	return b.special(start, keys)
}

// special replaces a map that was written at start, if its keys say that it stands for something else.
func (b *builder) special(start int, keys map[string]json.Token) error {
	bin, hasBin := keys["$bin"]
	float, hasFloat := keys["$float"]
	kind, hasKind := keys["$ext"]
	_, invalid := keys["$invalid"]
	switch {
	case invalid && hasBin && len(keys) == 2:
		return errors.New(`{"$invalid", "$bin"} shows a value that is damaged: there is no way to make one`)
	case hasBin && len(keys) == 1:
		raw, err := decodeBin(bin)
		if err != nil {
			return err
		}
		b.out = b.out[:start]
		return b.enc.EncodeBytes(raw)
	case hasFloat && len(keys) == 1:
		f, ok := floats[fmt.Sprint(float)]
		if !ok {
			return errors.New(`{"$float"} is one of "NaN", "+Inf" and "-Inf"`)
		}
		b.out = b.out[:start]
		return b.enc.EncodeFloat64(f)
	case hasKind && hasBin && len(keys) == 2:
		n, err := strconv.ParseInt(fmt.Sprint(kind), 10, 8)
		if err != nil {
			return errors.New(`the type of {"$ext", "$bin"} is an integer from -128 to 127`)
		}
		raw, err := decodeBin(bin)
		if err != nil {
			return err
		}
		b.out = b.out[:start]
		if err := b.enc.EncodeExtHeader(int8(n), len(raw)); err != nil {
			return err
		}
		b.out = append(b.out, raw...)
	}
	return nil
}

// floats are those that JSON has no numbers for.
var floats = map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1)}

// decodeBin returns the bytes of a "$bin". They are never nil, which would be written as no bytes at all.
func decodeBin(t json.Token) ([]byte, error) {
	s, ok := t.(string)
	raw, err := base64.StdEncoding.AppendDecode([]byte{}, []byte(s))
	if !ok || err != nil {
		return nil, errors.New(`the bytes of {"$bin"} are a text in base64, with padding`)
	}
	return raw, nil
}
