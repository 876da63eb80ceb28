// Package input reads the inputs of a run: from the command line, or from a
// stream with one input a line, or separated by NUL.
//
// Inputs are bytes. Only the separator is taken away: a carriage return, blanks,
// and bytes that are no UTF-8 stay. An empty line is an empty input, and a last line
// needs no line feed. The two things that can never become an argument of a command
// are refused with the place where they stand: a NUL byte, and an input above
// the limit.
package input

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// chunkItems and chunkBytes bound what [Source.Next] returns at once.
	chunkItems = 1000
	chunkBytes = 1 << 20
	// bufferSize is how much is read ahead of the lines.
	bufferSize = 64 << 10
)

// Source yields inputs in their order. It is used by one goroutine at a time.
type Source struct {
	args  []string // what is left of a list
	limit int

	in   *bufio.Reader // nil: a list
	name string
	sep  byte
	line int64
	err  error // what Next returns when it has nothing more
}

// Error says which input cannot be used, and what to do.
type Error struct {
	Place string // "stdin, line 7"
	What  string // a phrase
	Hint  string // what to do, a sentence, or ""
}

// Error names the place, what is wrong, and what to do.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Place + ": " + e.What
	}
	return e.Place + ": " + e.What + ": " + e.Hint
}

// List returns a source of the given inputs, of at most limit bytes each.
func List(inputs []string, limit int) *Source {
	return &Source{args: inputs, limit: limit, err: io.EOF}
}

// Stream returns a source that reads inputs of at most limit bytes from r, each
// ended by sep. name is what r is called in errors.
func Stream(r io.Reader, name string, sep byte, limit int) *Source {
	return &Source{in: bufio.NewReaderSize(r, bufferSize), name: name, sep: sep, limit: limit}
}

// Next returns the next inputs: at least one, and as many more, up to a bound, as
// can be had without waiting. At the end it returns io.EOF; after an error it
// returns that error again.
func (s *Source) Next() ([]string, error) {
	next := s.nextArg
	if s.in != nil {
		next = s.nextLine
	}
	var chunk []string
	size := 0
	for len(chunk) < chunkItems && size < chunkBytes && (len(chunk) == 0 || s.ready()) {
		item, ok := next()
		if !ok {
			break
		}
		chunk = append(chunk, item)
		size += len(item)
	}
	if len(chunk) == 0 {
		return nil, s.err
	}
	return chunk, nil
}

// ready tells whether a whole input can be had without waiting.
func (s *Source) ready() bool {
	if s.in == nil {
		return true
	}
	buffered, _ := s.in.Peek(s.in.Buffered())
	return bytes.IndexByte(buffered, s.sep) >= 0
}

func (s *Source) nextArg() (string, bool) {
	if len(s.args) == 0 || s.err != io.EOF {
		return "", false
	}
	arg := s.args[0]
	s.args = s.args[1:]
	s.line++
	if len(arg) > s.limit {
		s.err = s.tooLong(fmt.Sprintf("input %d", s.line))
		return "", false
	}
	return arg, true
}

func (s *Source) nextLine() (string, bool) {
	if s.err != nil {
		return "", false
	}
	s.line++
	line, err := s.readLine()
	switch {
	case err == nil:
	case err != io.EOF:
		s.err = err
		return "", false
	case len(line) == 0:
		s.err = io.EOF
		return "", false
	default: // the last line, without a separator
		s.err = io.EOF
	}
	if i := bytes.IndexByte(line, 0); i >= 0 {
		s.err = &Error{s.place(), "it holds a NUL byte, which no command can be given as an argument",
			"use -0 if it is NUL that separates the inputs, as after find -print0"}
		return "", false
	}
	return string(line), true
}

// readLine returns a line without its separator. io.EOF comes with what there was
// before the end. The line is valid until the next read.
func (s *Source) readLine() ([]byte, error) {
	var whole []byte
	for {
		part, err := s.in.ReadSlice(s.sep)
		if len(whole)+len(part) > s.limit+1 {
			return nil, s.tooLong(s.place())
		}
		switch {
		case err == nil:
			part = part[:len(part)-1]
		case errors.Is(err, bufio.ErrBufferFull), err == io.EOF:
		default:
			return nil, fmt.Errorf("reading the inputs: %w", err)
		}
		if len(whole) == 0 && !errors.Is(err, bufio.ErrBufferFull) {
			whole = part
		} else {
			whole = append(whole, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(whole) > s.limit {
			return nil, s.tooLong(s.place())
		}
		return whole, err
	}
}

func (s *Source) place() string {
	if s.sep == 0 {
		return fmt.Sprintf("%s, input %d", s.name, s.line)
	}
	return fmt.Sprintf("%s, line %d", s.name, s.line)
}

func (s *Source) tooLong(place string) error {
	return &Error{place, fmt.Sprintf("the input is longer than %d bytes, the most that is stored", s.limit),
		"put the data into a file and give its name as the input"}
}
