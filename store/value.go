package store

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Value is one msgpack value as bytes. A nil Value is the absence of a value; a
// result that is nil is the one byte 0xc0.
//
// Bytes from a file or a socket must pass [Value.Check] before anything decodes
// them: five bytes of msgpack can ask a decoder for gigabytes.
type Value []byte

// maxDepth bounds the nesting of arrays and maps in a value.
const maxDepth = 64

// Check walks the value without allocating: exactly one value, every length
// within the bytes that are there, nesting of at most 64. It takes time linear in
// the length. A value that passes decodes into memory proportional to its size.
func (v Value) Check() error {
	if len(v) == 0 {
		return errors.New("msgpack: no value")
	}
	// left[d] is the number of values still expected at depth d.
	var left [maxDepth + 1]uint64
	depth := 0
	left[0] = 1
	pos := 0
	for {
		for left[depth] == 0 {
			if depth == 0 {
				if pos != len(v) {
					return fmt.Errorf("msgpack: %d bytes behind the value", len(v)-pos)
				}
				return nil
			}
			depth--
		}
		left[depth]--
		if pos >= len(v) {
			return fmt.Errorf("msgpack: the value ends early, at byte %d", pos)
		}
		size, children, err := v.element(pos)
		if err != nil {
			return err
		}
		rest := uint64(len(v) - pos)
		if size > rest || children > rest-size {
			return fmt.Errorf("msgpack: a length at byte %d is larger than the value", pos)
		}
		pos += int(size)
		if children > 0 {
			if depth == maxDepth {
				return fmt.Errorf("msgpack: nested deeper than %d at byte %d", maxDepth, pos)
			}
			depth++
			left[depth] = children
		}
	}
}

// element returns how many bytes the element at pos takes by itself, and how many
// values follow as its children. See the msgpack specification, "Formats".
func (v Value) element(pos int) (size, children uint64, err error) {
	c := v[pos]
	switch {
	case c <= 0x7f, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
		return 1, 0, nil
	case c <= 0x8f:
		return 1, 2 * uint64(c&0x0f), nil
	case c <= 0x9f:
		return 1, uint64(c & 0x0f), nil
	case c <= 0xbf:
		return 1 + uint64(c&0x1f), 0, nil
	}
	length := func(width int) (uint64, error) {
		if len(v)-pos-1 < width {
			return 0, fmt.Errorf("msgpack: the value ends early, at byte %d", len(v))
		}
		var b [8]byte
		copy(b[8-width:], v[pos+1:pos+1+width])
		return binary.BigEndian.Uint64(b[:]), nil
	}
	header := func(width int, extra uint64) (uint64, uint64, error) {
		n, err := length(width)
		return 1 + uint64(width) + extra + n, 0, err
	}
	switch c {
	case 0xc4, 0xd9: // bin 8, str 8
		return header(1, 0)
	case 0xc5, 0xda:
		return header(2, 0)
	case 0xc6, 0xdb:
		return header(4, 0)
	case 0xc7: // ext 8
		return header(1, 1)
	case 0xc8:
		return header(2, 1)
	case 0xc9:
		return header(4, 1)
	case 0xca, 0xce, 0xd2: // float 32, uint 32, int 32
		return 5, 0, nil
	case 0xcb, 0xcf, 0xd3:
		return 9, 0, nil
	case 0xcc, 0xd0:
		return 2, 0, nil
	case 0xcd, 0xd1:
		return 3, 0, nil
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8: // fixext 1 to 16
		return 2 + 1<<(c-0xd4), 0, nil
	case 0xdc:
		n, err := length(2)
		return 3, n, err
	case 0xdd:
		n, err := length(4)
		return 5, n, err
	case 0xde:
		n, err := length(2)
		return 3, 2 * n, err
	case 0xdf:
		n, err := length(4)
		return 5, 2 * n, err
	}
	return 0, 0, fmt.Errorf("msgpack: byte %#x at %d begins no value", c, pos)
}
