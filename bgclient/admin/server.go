package admin

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient/admin/socket"
	"github.com/bgq-dev/bgq/store"
)

// Server answers the admin API. Make one with [New], serve the socket with [Server.Serve], mount
// it with [Server.Handler], and Close it before the store is closed. Its methods may be called from
// any goroutine.
type Server struct {
	cfg      Config
	log      *zap.Logger
	instance string
	started  time.Time

	inside http.Handler // for who calls ServeHTTP
	web    *http.Server // of the sockets

	// life ends when Close is called: with it streams, waits and operations.
	life context.Context
	end  context.CancelCauseFunc
	busy sync.WaitGroup // requests and operations under way

	mu        sync.Mutex // guards the fields below
	closing   bool       // nothing new is added to busy
	listeners map[net.Listener]struct{}

	large     chan struct{} // see reserve
	pageBytes int           // maxAnswer, but in tests
	scanTime  time.Duration // the same for scanTime, of a listing or a count
	ops       *operations
}

// errClosing is why a request or an operation is ended by Close.
var errClosing = errors.New("the program is shutting down")

// New returns a server that serves nothing yet.
func New(cfg Config) (*Server, error) {
	if cfg.Queue == nil {
		return nil, errors.New("admin: no queue")
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	s := &Server{
		cfg: cfg, log: cfg.Logger, instance: store.NewID().String(), started: time.Now(),
		listeners: map[net.Listener]struct{}{},
		large:     make(chan struct{}, maxLarge),
		pageBytes: maxAnswer,
		scanTime:  scanTime,
	}
	s.life, s.end = context.WithCancelCause(context.Background())
	s.ops = newOperations(s)
	s.inside = s.handler(s.insideDoor())
	s.web = &http.Server{
		Handler:                      s.handler(s.socketDoor()),
		ReadHeaderTimeout:            streamPatience,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               64 << 10,
		ConnContext:                  socket.ConnContext,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     s.connLog(),
	}
	return s, nil
}

// connLog receives what goes wrong with single connections: clients that leave, mostly.
func (s *Server) connLog() *log.Logger {
	l, err := zap.NewStdLogAt(s.log.Named("admin"), zap.DebugLevel)
	if err != nil { // the level is one that there is
		panic(err)
	}
	return l
}

// route is one entry of the API. A handler that returns an error has written nothing: the error is
// answered as a problem. The context of a request that changes nothing ends with [Server.Close].
type route struct {
	pattern string // as for http.ServeMux: "GET /v1/jobs/{id}"
	change  bool   // it wants to change something
	stream  bool   // it may take long: the answer is written little by little
	handle  func(s *Server, w http.ResponseWriter, r *http.Request) error
}

// routeTables are all routes, one table a file.
var routeTables = [][]route{
	fileRoutes, jobRoutes, jobDetailRoutes, jobInsightRoutes, actRoutes, operationRoutes, queueRoutes, batchRoutes,
	eventRoutes, statsRoutes, auditRoutes, backupRoutes,
}
