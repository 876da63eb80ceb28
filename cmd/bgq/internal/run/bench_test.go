//go:build unix

package run

import (
	"io"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/input"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// BenchmarkTrue is the cost of an input whose command does nothing, two at a time.
func BenchmarkTrue(b *testing.B) {
	s, err := boltstore.Open(filepath.Join(b.TempDir(), "bgq.db"), boltstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		b.Fatal(err)
	}
	inputs := make([]string, b.N)
	for i := range inputs {
		inputs[i] = strconv.Itoa(i)
	}
	b.ResetTimer()
	sum, err := Run(b.Context(), q, input.List(inputs, InputLimit), Options{
		Command: []string{"true"}, Slots: 2, Progress: progress.None, Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil || !sum.AllDone() {
		b.Fatalf("%+v, %v", sum, err)
	}
}
