package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/user"
	"strings"
	"sync"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// offline answers requests from the file itself. It is open only while requests follow each
// other, and never while somebody reads, thinks or waits: an app that starts must not
// find it locked. Answers are made whole before anybody reads them.
type offline struct {
	path string
	say  func(format string, args ...any)
	// detail is say with --verbose.
	detail func(format string, args ...any)

	// mu is held for reading by requests, for writing to open and close.
	mu       sync.RWMutex
	file     openedFile
	server   *admin.Server
	readOnly bool
	opened   time.Time
	holds    int
	idle     *time.Timer
}

func newOffline(path string, say, detail func(format string, args ...any)) *offline {
	o := &offline{path: path, say: say, detail: detail}
	o.idle = time.AfterFunc(time.Hour, o.timeout)
	o.idle.Stop()
	return o
}

// lingering is how long the file stays open for the next request.
const lingering = 20 * time.Millisecond

func (o *offline) isOpen() bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.file != nil
}

// RoundTrip implements [http.RoundTripper].
func (o *offline) RoundTrip(req *http.Request) (*http.Response, error) {
	readOnly := req.Method == http.MethodGet || req.Method == http.MethodHead
	for {
		o.mu.RLock()
		if o.fits(readOnly) {
			defer o.mu.RUnlock()
			return o.serve(req), nil
		}
		o.mu.RUnlock()
		if err := o.open(req.Context(), readOnly, 0); err != nil {
			return nil, err
		}
	}
}

// fits tells whether a request can be answered. What is held was opened as its holder wants it.
func (o *offline) fits(readOnly bool) bool {
	return o.file != nil && (readOnly || !o.readOnly || o.holds > 0)
}

// serve answers a request. The file is open.
func (o *offline) serve(req *http.Request) *http.Response {
	defer o.idle.Reset(lingering)
	in := req.Clone(req.Context())
	in.RequestURI = in.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	hurry(in)
	var out recorder
	o.server.ServeHTTP(&out, in)
	return out.response(req)
}

// hurry takes the waiting out of a request about a job: while the file is held here nobody runs it. Who
// waits asks again.
func hurry(r *http.Request) {
	q := r.URL.Query()
	if !strings.HasPrefix(r.URL.Path, "/v1/jobs/") || !q.Has("wait") {
		return
	}
	q.Del("wait")
	u := *r.URL
	u.RawQuery = q.Encode()
	r.URL = &u
}

// hold opens the file, and keeps it open until release is called.
func (o *offline) hold(ctx context.Context, readOnly bool) (release func(), err error) {
	if err := o.open(ctx, readOnly, 1); err != nil {
		return nil, err
	}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.holds--
		o.idle.Reset(lingering)
	}, nil
}

// open opens the file, in another mode if it was open, and adds holds.
func (o *offline) open(ctx context.Context, readOnly bool, holds int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file != nil && o.readOnly && !readOnly {
		if err := o.shut(); err != nil {
			return err
		}
	}
	if o.file == nil {
		if err := o.openFile(ctx, readOnly); err != nil {
			return err
		}
	}
	o.holds += holds
	o.idle.Reset(lingering)
	return nil
}

func (o *offline) openFile(ctx context.Context, readOnly bool) error {
	open := o.openToWrite
	if readOnly {
		open = o.openToRead
	}
	in, q, err := open(ctx)
	if err != nil {
		return err
	}
	server, err := admin.New(admin.Config{
		Queue: q, File: in, Version: currentBuild().Version, Actor: whoAmI(),
	})
	if err != nil {
		return errors.Join(err, in.Close())
	}
	o.file, o.server, o.readOnly, o.opened = in, server, readOnly, time.Now()
	return nil
}

// openedFile is a file that requests can be answered from.
type openedFile interface {
	admin.File
	Close() error
}

func (o *offline) openToRead(context.Context) (openedFile, *queue.Queue, error) {
	patience := tryAgain // at first; who has begun to search is less easily put off
	in, err := newBreathing(func() (*boltstore.Store, error) {
		defer func() { patience = lockPatience }()
		return boltstore.Open(o.path, boltstore.Options{ReadOnly: true, LockTimeout: patience})
	})
	if err != nil {
		return nil, nil, err
	}
	q, err := queue.New(in, queue.Config{})
	if err != nil {
		return nil, nil, errors.Join(err, in.Close())
	}
	o.detail("no app has %s open: reading the file itself", o.path)
	return in, q, nil
}

func (o *offline) openToWrite(ctx context.Context) (openedFile, *queue.Queue, error) {
	f, err := openFile(o.path, false, tryAgain)
	if err != nil {
		return nil, nil, err
	}
	o.detail("no app has %s open: changing the file itself", o.path)
	if err := o.recover(ctx, f); err != nil {
		return nil, nil, errors.Join(err, f.close())
	}
	return f.store, f.queue, nil
}

// recover takes care of what a process that died left running. The lock proves that
// nobody runs it.
func (o *offline) recover(ctx context.Context, f *file) error {
	r, err := f.queue.Recover(ctx)
	if n := r.Again + r.Convicted + r.Abandoned; n > 0 {
		o.say("note: %s left running by a process that died: %d to run again, %d discarded",
			plural(int64(n), "job"), r.Again, r.Convicted+r.Abandoned)
	}
	return err
}

// rest closes the file for a breath if it has been open for long and nobody holds it.
func (o *offline) rest() error {
	if !o.mu.TryLock() { // another request is under way
		return nil
	}
	defer o.mu.Unlock()
	if o.file == nil || o.holds > 0 {
		return nil
	}
	pause := breathFor(o.opened, time.Now())
	if pause == 0 {
		return nil
	}
	err := o.shut()
	time.Sleep(pause)
	return err
}

// timeout closes the file when no request has come for a while.
func (o *offline) timeout() {
	if !o.mu.TryLock() { // somebody is using it
		o.idle.Reset(lingering)
		return
	}
	defer o.mu.Unlock()
	if o.holds == 0 {
		_ = o.shut() // what was changed is on disk already
	}
}

// shut closes the file. The caller holds mu.
func (o *offline) shut() error {
	if o.file == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = o.server.Close(ctx)
	err := o.file.Close()
	o.file, o.server = nil, nil
	return err
}

// close closes the file for good.
func (o *offline) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.idle.Stop()
	return o.shut()
}

// whoAmI is who asks for changes.
func whoAmI() store.Actor {
	who := store.Actor{UID: os.Getuid(), PID: os.Getpid(), Via: "file"}
	if u, err := user.Current(); err == nil {
		who.Name = u.Username
	}
	return who
}
