package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// seeded returns a command line over a file with n available jobs.
func seeded(t *testing.T, n int) *app {
	a := newApp(nil, nil, nil)
	a.db = filepath.Join(t.TempDir(), "test.db")
	t.Cleanup(func() {
		if err := a.hangUp(); err != nil {
			t.Error(err)
		}
	})
	s, err := boltstore.Open(a.db, boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	jobs := make([]queue.NewJob, n)
	for i := range jobs {
		jobs[i] = queue.NewJob{Kind: "noop"}
	}
	if _, err := q.Enqueue(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
	return a
}

func apiOf(t *testing.T, a *app) *client.Client {
	t.Helper()
	api, err := a.api()
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// lockable waits until the file can be opened as by an app.
func lockable(t *testing.T, path string) {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{LockTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// While nobody reads the output, an app can have the file, and afterwards the listing goes on.
func TestListingLetsGoOfTheFile(t *testing.T) {
	a := seeded(t, 250)
	n := 0
	for j, err := range apiOf(t, a).AllJobs(t.Context(), client.JobsRequest{Limit: 100}) {
		if err != nil {
			t.Fatal(err)
		}
		if j != nil && n%100 == 0 {
			lockable(t, a.db)
		}
		n++
	}
	if n != 250 {
		t.Errorf("%d jobs", n)
	}
}

// However fast the pages of a listing follow each other, an app need not wait for its end.
func TestLongListingTakesABreath(t *testing.T) {
	a := seeded(t, 1)
	api := apiOf(t, a)
	if _, err := api.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	locked := make(chan error)
	go func() {
		s, err := boltstore.Open(a.db, boltstore.Options{LockTimeout: time.Second})
		if err == nil {
			err = s.Close()
		}
		locked <- err
	}()
	for {
		select {
		case err := <-locked:
			if err != nil {
				t.Error(err)
			}
			return
		default:
			if _, err := api.Count(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Requests that follow each other find the file open, and a change after a read opens it anew.
func TestFileStaysOpenForTheNextRequest(t *testing.T) {
	a := seeded(t, 1)
	api := apiOf(t, a)
	if _, err := api.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.target.offline.idle.Stop() // as if the next request came at once
	opened := a.target.offline.file
	if _, err := api.Count(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if opened == nil || a.target.offline.file != opened {
		t.Error("the second request opened the file again")
	}
	release, err := a.hold(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if a.target.offline.readOnly {
		t.Error("the file is held for writing, and is open for reading")
	}
}

// Who holds the file has it until it is released, however long nothing is asked.
func TestHold(t *testing.T) {
	a := seeded(t, 1)
	release, err := a.hold(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	a.target.offline.timeout()
	if !a.target.offline.isOpen() {
		t.Fatal("the file was closed while it was held")
	}
	release()
	lockable(t, a.db)
}

// A request that waits for the end of a job does not hold the file meanwhile.
func TestWaitingDoesNotHoldTheFile(t *testing.T) {
	a := seeded(t, 1)
	api := apiOf(t, a)
	page, err := api.Jobs(t.Context(), client.JobsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := api.Wait(ctx, page.Jobs[0].ID, 30*time.Second, client.JSON); err != nil {
		t.Error(err)
	}
	if _, err := api.Logs(ctx, page.Jobs[0].ID, 0, 0, 30*time.Second); err != nil {
		t.Error(err)
	}
}
