package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/bgq-dev/bgq/store"
)

// ValueJSON shows a msgpack value as JSON. Nothing is lost or rounded:
//
//   - integers are numbers with all their digits, also above 2^53
//   - times are RFC 3339 texts
//   - keys that are not texts become the text of their JSON
//   - what JSON has no form for becomes an object: {"$bin": base64} for bytes and for
//     text that is not UTF-8, {"$float": "NaN"}, {"$ext": type, "$bin": base64}
//   - a value that is not valid msgpack is {"$invalid": why, "$bin": base64}
//
// The absence of a value is null.
func ValueJSON(v store.Value) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	err := v.Check()
	if err == nil {
		r := renderer{dec: msgpack.NewDecoder(bytes.NewReader(v))}
		if err = r.value(); err == nil {
			return r.out.Bytes()
		}
	}
	b, _ := json.Marshal(map[string]string{"$invalid": err.Error(), "$bin": base64.StdEncoding.EncodeToString(v)})
	return b
}

// renderer writes JSON for the msgpack it reads. Its input has passed
// [store.Value.Check], which bounds the lengths and the depth.
type renderer struct {
	dec *msgpack.Decoder
	out bytes.Buffer
}

func (r *renderer) value() error {
	c, err := r.dec.PeekCode()
	if err != nil {
		return err
	}
	switch {
	case c == msgpcode.Nil:
		r.out.WriteString("null")
		return r.dec.DecodeNil()
	case c == msgpcode.False, c == msgpcode.True:
		v, err := r.dec.DecodeBool()
		r.out.WriteString(strconv.FormatBool(v))
		return err
	case c >= msgpcode.Uint8 && c <= msgpcode.Uint64:
		v, err := r.dec.DecodeUint64()
		r.out.WriteString(strconv.FormatUint(v, 10))
		return err
	case msgpcode.IsFixedNum(c), c >= msgpcode.Int8 && c <= msgpcode.Int64:
		v, err := r.dec.DecodeInt64()
		r.out.WriteString(strconv.FormatInt(v, 10))
		return err
	case c == msgpcode.Float:
		v, err := r.dec.DecodeFloat32()
		r.float(float64(v), 32)
		return err
	case c == msgpcode.Double:
		v, err := r.dec.DecodeFloat64()
		r.float(v, 64)
		return err
	case msgpcode.IsString(c):
		v, err := r.dec.DecodeString()
		r.text(v)
		return err
	case msgpcode.IsBin(c):
		v, err := r.dec.DecodeBytes()
		r.bytes(v)
		return err
	case msgpcode.IsFixedArray(c), c == msgpcode.Array16, c == msgpcode.Array32:
		return r.array()
	case msgpcode.IsFixedMap(c), c == msgpcode.Map16, c == msgpcode.Map32:
		return r.object()
	}
	return r.extension()
}

func (r *renderer) float(v float64, bits int) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		fmt.Fprintf(&r.out, `{"$float":%q}`, strconv.FormatFloat(v, 'g', -1, bits))
		return
	}
	r.out.WriteString(strconv.FormatFloat(v, 'g', -1, bits))
}

func (r *renderer) text(s string) {
	if !utf8.ValidString(s) {
		r.bytes([]byte(s))
		return
	}
	e := json.NewEncoder(&r.out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text cannot fail
	r.out.Truncate(r.out.Len() - 1)
}

func (r *renderer) bytes(b []byte) {
	fmt.Fprintf(&r.out, `{"$bin":%q}`, base64.StdEncoding.EncodeToString(b))
}

func (r *renderer) array() error {
	n, err := r.dec.DecodeArrayLen()
	r.out.WriteByte('[')
	for i := 0; err == nil && i < n; i++ {
		if i > 0 {
			r.out.WriteByte(',')
		}
		err = r.value()
	}
	r.out.WriteByte(']')
	return err
}

func (r *renderer) object() error {
	n, err := r.dec.DecodeMapLen()
	r.out.WriteByte('{')
	for i := 0; err == nil && i < n; i++ {
		if i > 0 {
			r.out.WriteByte(',')
		}
		if err = r.key(); err == nil {
			r.out.WriteByte(':')
			err = r.value()
		}
	}
	r.out.WriteByte('}')
	return err
}

// key writes a value in the place of a key, where JSON allows only texts.
func (r *renderer) key() error {
	start := r.out.Len()
	if err := r.value(); err != nil {
		return err
	}
	if key := r.out.Bytes()[start:]; key[0] != '"' {
		s := string(key)
		r.out.Truncate(start)
		r.text(s)
	}
	return nil
}

// timeExtension is the type that the msgpack specification gives to times.
const timeExtension = -1

// extension writes an extension value.
func (r *renderer) extension() error {
	raw, err := r.dec.DecodeRaw()
	if err != nil {
		return err
	}
	kind, n, err := msgpack.NewDecoder(bytes.NewReader(raw)).DecodeExtHeader()
	if err != nil {
		return err
	}
	if kind == timeExtension {
		if t, err := msgpack.NewDecoder(bytes.NewReader(raw)).DecodeTime(); err == nil {
			if b, err := t.UTC().MarshalJSON(); err == nil {
				r.out.Write(b)
				return nil
			}
		}
	}
	fmt.Fprintf(&r.out, `{"$ext":%d,"$bin":%q}`, kind, base64.StdEncoding.EncodeToString(raw[len(raw)-n:]))
	return nil
}

// ValueRaw returns the bytes of a value that is a text or bytes.
func ValueRaw(v store.Value) ([]byte, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if c := v[0]; !msgpcode.IsString(c) && !msgpcode.IsBin(c) {
		return nil, fmt.Errorf("it is neither text nor bytes")
	}
	return msgpack.NewDecoder(bytes.NewReader(v)).DecodeBytes()
}
