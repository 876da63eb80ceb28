package admin

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// Config says what a [Server] serves. Only Queue is required.
type Config struct {
	Queue *queue.Queue
	// File is the file below the queue.
	File File
	// Executor runs the jobs of the queue; nil: nothing is live.
	Executor *executor.Executor
	// Version is that of the program's bgq.
	Version string
	// ReadOnly refuses every change.
	ReadOnly bool
	// Logger is told about what goes wrong inside. Default: nobody.
	Logger *zap.Logger

	// Actor is who asks if nothing else is known: for who calls the handler in process.
	Actor store.Actor
}

// File is what the server asks of the file itself. *boltstore.Store is one.
type File interface {
	Info() (boltstore.Info, error)
	Compact(ctx context.Context) (boltstore.Compacted, error)
	Verify(ctx context.Context) (boltstore.Report, error)
	Backup(ctx context.Context, path string) (boltstore.Backup, error)
}

// Access says who may use a mounted handler. The zero value lets in whoever is on this machine. Behind a proxy on this
// machine set Token or Authorize: one that does not say for whom it asks (nginx says so only if it is told to) looks like
// somebody here.
type Access struct {
	// Token lets in, from anywhere, who sends "Authorization: Bearer <token>", and nobody else.
	Token string
	// Authorize decides about each request, from anywhere, and names who it is. change tells that the request
	// wants to change something. An error refuses it; its text is not shown. It replaces Token.
	Authorize func(r *http.Request, change bool) (user string, err error)
	// Hosts are names and addresses under which the handler is reached, without the port, besides localhost and
	// loopback addresses. "*" allows any, for handlers behind a proxy that checks it.
	Hosts []string
	// ReadOnly refuses every change.
	ReadOnly bool
}

// The bounds of what clients may ask for.
const (
	maxRequest     = 8 << 20          // bytes of a body
	maxPage        = 1000             // jobs of a page
	maxWait        = time.Minute      // of a long poll
	maxNamed       = 1000             // ids of one act, jobs of one enqueue
	maxSelected    = 10_000           // ids of one operation
	maxStreams     = 32               // event streams at one time
	maxOperations  = 4                // bulk operations at one time
	scanTime       = 5 * time.Second  // for one answer that has to scan; then it is partial
	streamPatience = 10 * time.Second // for a client that does not read
)
