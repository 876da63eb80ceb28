package boltstore

import (
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// BenchmarkJob is the whole life of a job, a hundred at a time: what the counting costs, and
// the events when somebody watches. Put TMPDIR on a file system in memory to see the CPU alone.
func BenchmarkJob(b *testing.B) {
	for _, watched := range []bool{false, true} {
		name := "unwatched"
		if watched {
			name = "watched"
		}
		b.Run(name, func(b *testing.B) {
			s := open(b, Options{})
			if watched {
				s.Position()
			}
			b.ReportAllocs()
			const together = 100
			for b.Loop() {
				mustEnqueue(b, s, newTestJobs(together)...)
				outcomes := make([]store.Outcome, 0, together)
				for _, j := range mustClaim(b, s, together) {
					outcomes = append(outcomes, store.Outcome{Ref: j.Ref(), Move: completeMove})
				}
				if _, err := s.Finish(b.Context(), outcomes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*together), "ns/job")
		})
	}
}
