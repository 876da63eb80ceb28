package admin

import (
	_ "embed"
	"net/http"
	"os"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

var fileRoutes = []route{
	{pattern: "GET /v1/info", handle: (*Server).getInfo},
	{pattern: "GET /v1/status", handle: (*Server).getStatus},
	{pattern: "GET /v1/openapi.yaml", handle: (*Server).getOpenAPI},
}

//go:embed openapi.yaml
var openAPI []byte

// getOpenAPI answers with the description of the API.
func (s *Server) getOpenAPI(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openAPI)
	return nil
}

// getInfo answers who it is.
func (s *Server) getInfo(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	info, err := s.info(callerOf(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, info)
}

// live tells whether a program works on the queue.
func (s *Server) live() bool { return s.cfg.Executor != nil }

func (s *Server) info(c *caller) (*wire.Info, error) {
	v := &wire.Info{
		API: 1, Version: s.cfg.Version, Live: s.live(), PID: os.Getpid(),
		Instance: s.instance, StartedAt: wire.TimeOrNil(s.started.UTC()), Capabilities: []string{},
		ReadOnly: c.readOnly || s.cfg.ReadOnly,
	}
	if s.live() {
		v.Kinds = append([]string{}, s.cfg.Executor.Kinds()...)
		v.Capabilities = append(v.Capabilities, "stacks", "workers")
		if _, ok := s.cfg.Queue.Store().(store.Feed); ok {
			v.Capabilities = append(v.Capabilities, "events")
		}
	}
	if s.cfg.File == nil {
		return v, nil
	}
	if !v.ReadOnly {
		v.Capabilities = append(v.Capabilities, "compact")
	}
	file, err := s.cfg.File.Info()
	v.File = wire.FileInfo{Path: file.Path, Format: file.Format, SizeBytes: file.Size}
	if s.live() {
		v.File.FreeBytes = file.Free
	}
	return v, err
}
