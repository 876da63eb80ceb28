package boltstore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// TestOldest compares the answer with a look at every job.
func TestOldest(t *testing.T) {
	s := open(t, Options{})
	now := s.Now()
	want := map[string]time.Time{}
	var jobs []store.Job
	for i := range 500 {
		j := store.Job{
			ID: store.NewID(), Queue: fmt.Sprintf("q%d", i%7), Kind: fmt.Sprintf("k%d", rand.IntN(5)), State: store.Available,
			Priority: int16(rand.IntN(5) - 2), CreatedAt: now, RunAt: now.Add(-time.Duration(rand.IntN(1e9))), MaxAttempts: 1,
		}
		if rand.IntN(3) == 0 {
			j.State = store.Pending
		} else if at, ok := want[j.Queue]; !ok || j.RunAt.Before(at) {
			want[j.Queue] = j.RunAt
		}
		jobs = append(jobs, j)
	}
	if _, err := s.Enqueue(t.Context(), jobs); err != nil {
		t.Fatal(err)
	}
	got, err := s.Oldest(t.Context(), []string{"q0", "q1", "q2", "q3", "q4", "q5", "q6", "q", "", "q00"})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
}
