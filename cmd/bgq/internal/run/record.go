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
	Command []Text `msgpack:"command"`
	Shell   bool   `msgpack:"shell"`
	Dir     Text   `msgpack:"dir"`
}

// Args is the input of a job.
type Args struct {
	Input Text  `msgpack:"input"`
	Seq   int64 `msgpack:"seq"` // {#}, from 1
}

// Result is how a command ended that succeeded.
type Result struct {
	ExitCode int  `msgpack:"exit_code"`
	Stdout   Text `msgpack:"stdout"`
	Stderr   Text `msgpack:"stderr"`
	// The bytes left out of Stdout and Stderr.
	StdoutCut int64 `msgpack:"stdout_cut,omitempty"`
	StderrCut int64 `msgpack:"stderr_cut,omitempty"`
	RuntimeMS int64 `msgpack:"runtime_ms"`
}

// Stdout returns what the command of a completed job printed, from its result. Where
// that was longer than what is kept, a line in the middle says how much is left out.
func Stdout(result store.Value) ([]byte, error) {
	var r Result
	err := decode(result, &r)
	return []byte(r.Stdout), err
}

// Text is bytes that are mostly readable: a msgpack string if they are UTF-8,
// otherwise binary, so that nothing is lost and what can be read is.
type Text string

// EncodeMsgpack implements [msgpack.CustomEncoder].
func (t Text) EncodeMsgpack(e *msgpack.Encoder) error {
	if utf8.ValidString(string(t)) {
		return e.EncodeString(string(t))
	}
	return e.EncodeBytes([]byte(t))
}

// DecodeMsgpack implements [msgpack.CustomDecoder].
func (t *Text) DecodeMsgpack(d *msgpack.Decoder) error {
	s, err := d.DecodeString() // takes both
	*t = Text(s)
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

func textsOf(words []string) []Text {
	out := make([]Text, len(words))
	for i, w := range words {
		out[i] = Text(w)
	}
	return out
}
