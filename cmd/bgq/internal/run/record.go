package run

import (
	"fmt"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

// What is stored, as msgpack: Info with the batch, Args and Result with each job.

// Info describes the command of a batch.
type Info struct {
	Command []text `msgpack:"command"`
	Shell   bool   `msgpack:"shell"`
	Dir     text   `msgpack:"dir"`
}

// Args is the input of a job.
type Args struct {
	Input text  `msgpack:"input"`
	Seq   int64 `msgpack:"seq"` // {#}, from 1
}

// Result is how a command ended that succeeded.
type Result struct {
	ExitCode int  `msgpack:"exit_code"`
	Stdout   text `msgpack:"stdout"`
	Stderr   text `msgpack:"stderr"`
	// The bytes left out of Stdout and Stderr.
	StdoutCut int64 `msgpack:"stdout_cut,omitempty"`
	StderrCut int64 `msgpack:"stderr_cut,omitempty"`
	RuntimeMS int64 `msgpack:"runtime_ms"`
}

// text is bytes that are mostly readable: a msgpack string if they are UTF-8,
// otherwise binary, so that nothing is lost and what can be read is.
type text string

// EncodeMsgpack implements [msgpack.CustomEncoder].
func (t text) EncodeMsgpack(e *msgpack.Encoder) error {
	if utf8.ValidString(string(t)) {
		return e.EncodeString(string(t))
	}
	return e.EncodeBytes([]byte(t))
}

// DecodeMsgpack implements [msgpack.CustomDecoder].
func (t *text) DecodeMsgpack(d *msgpack.Decoder) error {
	s, err := d.DecodeString() // takes both
	*t = text(s)
	return err
}

func encode(v any) (store.Value, error) { return msgpack.Marshal(v) }

// decode reads a value that may come from a damaged or a foreign record.
func decode(v store.Value, into any) error {
	if err := v.Check(); err != nil {
		return err
	}
	if err := msgpack.Unmarshal(v, into); err != nil {
		return fmt.Errorf("it is not what bgq run stores: %w", err)
	}
	return nil
}

func texts(words []string) []text {
	out := make([]text, len(words))
	for i, w := range words {
		out[i] = text(w)
	}
	return out
}
