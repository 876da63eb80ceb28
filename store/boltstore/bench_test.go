package boltstore

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// The benchmarks stand beside raw bbolt doing the least that the same work can cost:
// one put of as many bytes a job, in commits as large as the number of producers.
//
//	go test -run - -bench . -benchtime 2s ./store/boltstore

var producers = []int{1, 16, 256}

func BenchmarkEnqueue(b *testing.B) {
	for _, n := range producers {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			s := open(b, Options{})
			args := store.Value(make([]byte, 100))
			before := commits(b, s)
			b.ResetTimer()
			share(b.N, n, func() {
				j := newTestJob()
				j.Args = args
				if _, err := s.Enqueue(context.Background(), []store.Job{j}); err != nil {
					b.Error(err)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			b.StopTimer()
			b.ReportMetric(float64(b.N)/float64(commits(b, s)-before), "jobs/commit")
		})
	}
}

// BenchmarkRawEnqueue commits groups of n puts, each of the bytes of a job.
func BenchmarkRawEnqueue(b *testing.B) {
	j := newTestJob()
	value := append(encodeJob(j), make([]byte, 100+64)...)
	for _, n := range producers {
		b.Run(fmt.Sprintf("group=%d", n), func(b *testing.B) {
			db := rawDB(b)
			b.ResetTimer()
			for done := 0; done < b.N; done += n {
				err := db.Update(func(tx *bbolt.Tx) error {
					bucket := tx.Bucket([]byte("raw"))
					bucket.FillPercent = 0.9
					for range min(n, b.N-done) {
						id := store.NewID()
						if err := bucket.Put(id[:], value); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			b.StopTimer()
		})
	}
}

// BenchmarkWork claims and finishes jobs that do nothing, in groups.
func BenchmarkWork(b *testing.B) {
	for _, n := range producers {
		b.Run(fmt.Sprintf("group=%d", n), func(b *testing.B) {
			ctx := context.Background()
			s := open(b, Options{})
			for left := b.N; left > 0; left -= 10_000 {
				mustEnqueue(b, s, newTestJobs(min(left, 10_000))...)
			}
			b.ResetTimer()
			for done := 0; done < b.N; {
				jobs := mustClaim(b, s, n)
				outcomes := make([]store.Outcome, len(jobs))
				for i := range jobs {
					outcomes[i] = store.Outcome{Ref: jobs[i].Ref(), Move: completeMove, Result: store.Value{0xc0}}
				}
				if _, err := s.Finish(ctx, outcomes); err != nil {
					b.Fatal(err)
				}
				done += len(jobs)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			b.StopTimer()
		})
	}
}

// BenchmarkRawWork rewrites a record twice, in two commits a group.
func BenchmarkRawWork(b *testing.B) {
	j := newTestJob()
	value := encodeJob(j)
	for _, n := range producers {
		b.Run(fmt.Sprintf("group=%d", n), func(b *testing.B) {
			db := rawDB(b)
			ids := make([]store.ID, b.N)
			for i := range ids {
				ids[i] = store.NewID()
			}
			put := func(ids []store.ID) {
				err := db.Update(func(tx *bbolt.Tx) error {
					bucket := tx.Bucket([]byte("raw"))
					bucket.FillPercent = 0.9
					for _, id := range ids {
						if err := bucket.Put(id[:], value); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			for i := 0; i < len(ids); i += 10_000 {
				put(ids[i:min(i+10_000, len(ids))])
			}
			b.ResetTimer()
			for i := 0; i < len(ids); i += n {
				group := ids[i:min(i+n, len(ids))]
				put(group)
				put(group)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			b.StopTimer()
		})
	}
}

// share runs fn n times in all, on as many goroutines as asked for.
func share(n, goroutines int, fn func()) {
	var left sync.Mutex
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for {
				left.Lock()
				n--
				over := n < 0
				left.Unlock()
				if over {
					return
				}
				fn()
			}
		})
	}
	wg.Wait()
}

func rawDB(b *testing.B) *bbolt.DB {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, &bbolt.Options{
		Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("raw"))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return db
}
