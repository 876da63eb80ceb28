package boltstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// Many goroutines use the store while it is compacted again and again: nothing that was
// acknowledged is lost, nothing is handed out twice.
func TestCompactWhileInUse(t *testing.T) {
	needsReplace(t)
	s := open(t, Options{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		stored   = map[store.ID]bool{}
		finished = map[store.ID]bool{}
		orders   uint64
	)
	loop := func(fn func()) {
		wg.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				fn()
			}
		})
	}
	for range 3 {
		loop(func() {
			jobs := newTestJobs(1 + rand.IntN(5))
			for i := range jobs {
				jobs[i].Args = make(store.Value, rand.IntN(2000))
			}
			mustEnqueue(t, s, jobs...)
			mu.Lock()
			defer mu.Unlock()
			for i := range jobs {
				stored[jobs[i].ID] = true
			}
		})
		loop(func() {
			jobs := mustClaim(t, s, 5)
			mu.Lock()
			for i := range jobs {
				if finished[jobs[i].ID] {
					t.Errorf("job %s was handed out twice", jobs[i].ID)
				}
				finished[jobs[i].ID] = true
			}
			mu.Unlock()
			outcomes := make([]store.Outcome, len(jobs))
			for i := range jobs {
				outcomes[i] = store.Outcome{Ref: jobs[i].Ref(), Move: completeMove, Result: store.Value{0xc0}}
			}
			held, err := s.Finish(context.Background(), outcomes)
			for i := range held {
				if !held[i] {
					t.Errorf("the claim of job %s did not hold", jobs[i].ID)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	loop(func() { // an application with data of its own
		err := s.Update(context.Background(), func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("orders"))
			if err != nil {
				return err
			}
			n, err := b.NextSequence()
			if err != nil {
				return err
			}
			if n != orders+1 {
				t.Errorf("order %d follows on %d", n, orders)
			}
			orders = n
			j := newTestJob()
			_, err = s.EnqueueTx(tx, []store.Job{j})
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				stored[j.ID] = true
			}
			return errors.Join(err, b.Put(j.ID[:], []byte("order")))
		})
		if err != nil {
			t.Error(err)
		}
	})
	loop(func() {
		if _, err := s.List(context.Background(), store.ListRequest{Limit: 100, Parts: store.AllParts}); err != nil {
			t.Error(err)
		}
	})
	for range 8 {
		mustCompact(t, s)
	}
	audit(t, s)
	stop()
	wg.Wait()
	audit(t, s)
	rows, err := s.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if want := map[store.State]int{store.Completed: len(finished), store.Available: len(stored) - len(finished)}[row.State]; int(row.N) != want {
			t.Errorf("%d jobs are %s, want %d", row.N, row.State, want)
		}
	}
}

// A read that is under way ends in the old file. Nobody waits for it but Compact.
func TestCompactDoesNotWaitForReaders(t *testing.T) {
	needsReplace(t)
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		j := newTestJob()
		mustEnqueue(t, s, j)
		reading, read := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			err := s.view(t.Context(), func(r *reader) error {
				close(reading)
				<-read
				if got, err := r.record(j.ID); err != nil || got == nil || got.State != store.Available {
					t.Errorf("the old file says %+v, %v", got, err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-reading
		current := func() *bbolt.DB {
			s.handle.RLock()
			defer s.handle.RUnlock()
			return s.db
		}
		old := current()
		compacted := make(chan struct{})
		wg.Go(func() {
			mustCompact(t, s)
			close(compacted)
		})
		synctest.Wait()
		if current() == old {
			t.Error("the file was not replaced")
		}
		select {
		case <-compacted:
			t.Error("the old file is in use, and was closed")
		default:
		}
		if jobs := mustClaim(t, s, 1); len(jobs) != 1 {
			t.Errorf("claimed %v", jobs)
		}
		close(read)
		wg.Wait()
		if old.Path() != "" {
			t.Error("the old file was not closed")
		}
	})
}

// When its context ends, everything is as before.
func TestCompactIsCancelled(t *testing.T) {
	needsReplace(t)
	s := open(t, Options{})
	furnish(t, s)
	want := dump(t, s)
	for _, at := range []int{0, 1, 20, 40, 60} {
		ctx, cancel := context.WithCancel(t.Context())
		c := begin(t, s)
		c.ctx = ctx
		n := 0
		c.between = func() {
			if n++; n > at {
				cancel()
			}
		}
		if _, err := c.run(); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at %d of %d chunks: %v", at, n, err)
		}
		c.discard()
		s.compacting.Unlock()
		alone(t, s.abs)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Compact(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	alone(t, s.abs)
	sameDump(t, dump(t, s), want)
	mustCompact(t, s)
	sameDump(t, dump(t, s), want)
}

// Close ends a compaction, and waits for its end.
func TestCloseWhileCompacting(t *testing.T) {
	s := open(t, Options{})
	furnish(t, s)
	c := begin(t, s)
	closing := make(chan error, 1)
	c.between = sync.OnceFunc(func() {
		go func() { closing <- s.Close() }()
		<-s.committer.done // by now it is known to be closed
	})
	_, err := c.run()
	if !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v", err)
	}
	c.discard()
	for range 10_000 {
		runtime.Gosched()
	}
	select {
	case err := <-closing:
		t.Fatalf("Close has not waited: %v", err)
	default:
	}
	s.compacting.Unlock()
	if err := <-closing; err != nil {
		t.Errorf("Close: %v", err)
	}
	alone(t, s.abs)
	_, err = s.Compact(t.Context())
	wantClosed(t, err)
}

func wantClosed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestCompactRefuses(t *testing.T) {
	needsReplace(t)
	t.Run("two at once", func(t *testing.T) {
		s := open(t, Options{})
		c := begin(t, s)
		_, err := s.Compact(t.Context())
		wantFileError(t, err, err)
		c.do(c.copy)
		c.end()
		mustCompact(t, s)
	})
	t.Run("read only", func(t *testing.T) {
		s := open(t, Options{})
		s.Close()
		s = openAt(t, s.abs, Options{ReadOnly: true})
		_, err := s.Compact(t.Context())
		wantFileError(t, err, store.ErrReadOnly)
	})
	t.Run("closed", func(t *testing.T) {
		s := open(t, Options{})
		s.Close()
		_, err := s.Compact(t.Context())
		wantClosed(t, err)
	})
	t.Run("no space", func(t *testing.T) {
		s := open(t, Options{})
		if _, ok := freeSpace(s.abs); !ok {
			t.Skip("the free space is not known on this system")
		}
		s.Close()
		s = openAt(t, s.abs, Options{MinFree: 1 << 60})
		_, err := s.Compact(t.Context())
		wantFileError(t, err, store.ErrNoSpace)
		alone(t, s.abs)
	})
	t.Run("a folder that cannot be written", func(t *testing.T) {
		s := open(t, Options{})
		dir := filepath.Dir(s.abs)
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o700)
		if os.Geteuid() == 0 {
			t.Skip("root may write anywhere")
		}
		_, err := s.Compact(t.Context())
		wantFileError(t, err, os.ErrPermission)
	})
	t.Run("something in the way", func(t *testing.T) {
		s := open(t, Options{})
		if err := os.Mkdir(tempName(s.abs), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := s.Compact(t.Context())
		wantFileError(t, err, err)
		if _, err := os.Stat(tempName(s.abs)); err != nil {
			t.Error(err)
		}
		mustEnqueue(t, s, newTestJob())
	})
	t.Run("a file with two names", func(t *testing.T) {
		s := open(t, Options{})
		if err := os.Link(s.abs, s.abs+".second"); err != nil {
			t.Skip(err)
		}
		_, err := s.Compact(t.Context())
		wantFileError(t, err, err)
		if err := os.Remove(s.abs + ".second"); err != nil {
			t.Fatal(err)
		}
		mustCompact(t, s)
		alone(t, s.abs)
	})
	t.Run("a file with a name from its creation", func(t *testing.T) {
		s := open(t, Options{})
		if err := os.Link(s.abs, filepath.Join(filepath.Dir(s.abs), ".jobs.db.new-123")); err != nil {
			t.Skip(err)
		}
		mustCompact(t, s)
		alone(t, s.abs)
	})
	t.Run("a file that was replaced", func(t *testing.T) {
		s := open(t, Options{})
		if err := os.Rename(copyFile(t, s.abs), s.abs); err != nil {
			t.Fatal(err)
		}
		_, err := s.Compact(t.Context())
		wantFileError(t, err, errReplaced)
		mustEnqueue(t, s, newTestJob())
	})
	t.Run("a file that is replaced meanwhile", func(t *testing.T) {
		s := open(t, Options{})
		c := begin(t, s)
		c.do(c.copy)
		if err := os.Rename(copyFile(t, s.abs), s.abs); err != nil {
			t.Fatal(err)
		}
		_, err := c.swap()
		wantFileError(t, err, errReplaced)
		c.discard()
		s.compacting.Unlock()
		mustEnqueue(t, s, newTestJob())
		alone(t, s.abs)
	})
}

// The name, the mode, and a link to the file stay as they were; the lock is never let go.
func TestCompactKeepsTheName(t *testing.T) {
	needsReplace(t)
	s := open(t, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(s.abs, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(s.abs, link); err != nil {
		t.Skip(err)
	}
	s = openAt(t, link, Options{})
	before, err := os.Stat(link)
	if err != nil {
		t.Fatal(err)
	}
	mustCompact(t, s)
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	after, err := os.Stat(link)
	if err != nil || os.SameFile(before, after) || after.Mode() != 0o640 {
		t.Errorf("the file is %v (the same: %v), %v", after.Mode(), os.SameFile(before, after), err)
	}
	target, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	alone(t, target)
	if s.db.Path() != s.abs {
		t.Errorf("the path is %s, want %s", s.db.Path(), s.abs)
	}
	_, err = Open(target, Options{LockTimeout: time.Millisecond})
	wantFileError(t, err, store.ErrLocked)
}

// Who waits for the lock of the old file gets the new one.
func TestCompactWhileSomebodyWaits(t *testing.T) {
	needsReplace(t)
	s := open(t, Options{})
	j := newTestJob()
	c := begin(t, s)
	opened := make(chan *Store, 1)
	go func() {
		other, err := Open(s.abs, Options{LockTimeout: time.Minute})
		if err != nil {
			t.Error(err)
		}
		opened <- other
	}()
	c.do(c.copy)
	c.end()
	mustEnqueue(t, s, j)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := <-opened
	if other == nil {
		return
	}
	if jobs := mustClaim(t, other, 10); len(jobs) != 1 || jobs[0].ID != j.ID {
		t.Errorf("claimed %v", jobs)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}

// What a killed compaction has left behind is removed by the next open, unless it is in use.
func TestLeftoverIsSwept(t *testing.T) {
	s := open(t, Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	temp := tempName(s.abs)
	if err := os.Rename(copyFile(t, s.abs), temp); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, s.abs, Options{ReadOnly: true})
	if _, err := os.Stat(temp); err != nil {
		t.Errorf("who only reads removes nothing: %v", err)
	}
	s.Close()
	other := openAt(t, temp, Options{}) // somebody has a queue of that name
	s = openAt(t, s.abs, Options{})
	if _, err := os.Stat(temp); err != nil {
		t.Errorf("a file in use was removed: %v", err)
	}
	s.Close()
	other.Close()
	s = openAt(t, s.abs, Options{})
	alone(t, s.abs)
}

// A commit that fails meanwhile gives up the handle, and the compaction goes on with the next.
func TestCompactAfterAFailedCommit(t *testing.T) {
	s := open(t, Options{})
	furnish(t, s)
	c := begin(t, s)
	c.do(c.copy)
	mustEnqueue(t, s, newTestJob())
	if err := resolveAs(s, commits(t, s)); err != nil {
		t.Fatal(err)
	}
	mustEnqueue(t, s, newTestJob())
	c.do(c.compare)
	want := dump(t, s)
	c.end()
	sameDump(t, dump(t, s), want)
	// And one in the new file.
	if err := resolveAs(s, commits(t, s)); err != nil {
		t.Fatal(err)
	}
	mustEnqueue(t, s, newTestJob())
}
