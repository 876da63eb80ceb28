package output

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

// Keep is the most of one stream, in bytes, that is held in memory: half of it head and
// half of it tail is what the journal gets of a longer one.
const Keep = 128 << 10

// Capture takes one stream of one command. It is an io.Writer for the one goroutine
// that reads the stream; the other methods may be used when that has ended.
type Capture struct {
	head  []byte // the first Keep bytes
	size  int64
	file  *os.File // everything, once there is more than head can hold
	keeps bool     // the file is the user's: it has everything from the first byte
	err   error
}

// heads holds buffers for Capture.head, since most commands print little and end soon.
var heads = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// NewCapture returns an empty capture. If file is not nil everything is also written
// to it, and Close closes it; otherwise a temporary file is used when one is needed.
func NewCapture(file *os.File) *Capture {
	return &Capture{head: *heads.Get().(*[]byte), file: file, keeps: file != nil}
}

// Write takes p. An error means that the output cannot be kept whole: it stays, and ends
// the stream.
func (c *Capture) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.file == nil && c.size+int64(len(p)) > Keep {
		if c.err = c.spill(); c.err != nil {
			return 0, c.err
		}
	}
	if c.file != nil {
		if _, err := c.file.Write(p); err != nil {
			c.err = fmt.Errorf("the output cannot be kept: %w", err)
			return 0, c.err
		}
	}
	if room := Keep - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(room, len(p))]...)
	}
	c.size += int64(len(p))
	return len(p), nil
}

// scratch holds the buffers of ReadFrom: io.Copy would make a new one for each stream
// of each command.
var scratch = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// ReadFrom takes everything that r has.
func (c *Capture) ReadFrom(r io.Reader) (int64, error) {
	buf := scratch.Get().(*[32 << 10]byte)
	defer scratch.Put(buf)
	before := c.size
	for {
		n, err := r.Read(buf[:])
		if n > 0 {
			if _, err := c.Write(buf[:n]); err != nil {
				return c.size - before, err
			}
		}
		if err == io.EOF {
			return c.size - before, nil
		}
		if err != nil {
			return c.size - before, err
		}
	}
}

// spill moves what there is to a temporary file.
func (c *Capture) spill() error {
	f, err := tempFile()
	if err == nil {
		_, err = f.Write(c.head)
	}
	if err != nil {
		return fmt.Errorf("the output is too large for memory, and cannot be put aside: %w", err)
	}
	c.file = f
	return nil
}

// Err returns why the output could not be kept, or nil.
func (c *Capture) Err() error { return c.err }

// Size returns the number of bytes that were printed.
func (c *Capture) Size() int64 { return c.size }

// Kept returns the stream if it is not longer than limit, and otherwise its head, a
// line that says how much is left out, and its tail. cut is the number of bytes left out. limit is at most
// [Keep]. The bytes are valid until Close.
func (c *Capture) Kept(limit int) (kept []byte, cut int64, err error) {
	if c.size <= int64(limit) {
		return c.head[:c.size], 0, nil
	}
	half := limit / 2
	tail := make([]byte, half)
	if c.size <= int64(len(c.head)) {
		copy(tail, c.head[c.size-int64(half):])
	} else if _, err := c.file.ReadAt(tail, c.size-int64(half)); err != nil {
		return nil, 0, fmt.Errorf("the output cannot be read back: %w", err)
	}
	cut = c.size - int64(2*half)
	kept = append(kept, c.head[:half]...)
	kept = fmt.Appendf(kept, "\n… %d bytes left out …\n", cut)
	return append(kept, tail...), cut, nil
}

// LastLine returns the last line that is not blank of what Kept would return.
func (c *Capture) LastLine() string {
	kept, _, err := c.Kept(Keep)
	if err != nil {
		return ""
	}
	kept = bytes.TrimSpace(kept)
	return string(bytes.TrimSpace(kept[bytes.LastIndexByte(kept, '\n')+1:]))
}

// WriteTo writes the whole stream to w.
func (c *Capture) WriteTo(w io.Writer) (int64, error) {
	if c.size == 0 {
		return 0, nil
	}
	if c.size <= int64(len(c.head)) {
		n, err := w.Write(c.head)
		return int64(n), err
	}
	return io.Copy(w, io.NewSectionReader(c.file, 0, c.size))
}

// Close lets go of memory and files.
func (c *Capture) Close() error {
	const reuse = 64 << 10
	if cap(c.head) <= reuse {
		b := c.head[:0]
		heads.Put(&b)
	}
	c.head = nil
	if c.file == nil {
		return nil
	}
	if c.keeps {
		return c.file.Close()
	}
	return discard(c.file)
}
