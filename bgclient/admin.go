package bgclient

import (
	"net/http"
	"runtime/debug"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient/admin"
	"github.com/bgq-dev/bgq/bgclient/admin/socket"
)

// AdminHandler returns the admin API of the queue, for the application's own mux:
//
//	mux.Handle("/ops/bgq/", http.StripPrefix("/ops/bgq", c.AdminHandler(bgclient.AdminAccess{Token: secret})))
//
// It lets in only who is on this machine, until the access says otherwise. It answers until
// Close.
func (c *Client) AdminHandler(access AdminAccess) http.Handler { return c.admin.Handler(access) }

// AdminAccess says who may use a mounted handler, see [Client.AdminHandler].
type AdminAccess = admin.Access

// openAdmin makes the admin API, and serves it on the socket beside the file unless that is
// not wanted. That it cannot listen there is no reason not to work.
func (c *Client) openAdmin() error {
	var err error
	c.admin, err = admin.New(admin.Config{
		Queue: c.q, File: c.store, Executor: c.exec, Version: version(), Logger: c.log,
	})
	if err != nil || c.cfg.noSocket {
		return err
	}
	l, err := socket.Listen(c.cfg.path)
	if err != nil {
		c.log.Warn("the bgq command cannot look into this queue while it is open", zap.Error(err))
		return nil
	}
	c.serving.Go(func() {
		if err := c.admin.Serve(l); err != nil {
			c.log.Warn("the admin socket has closed", zap.Error(err))
		}
	})
	return nil
}

// version is the version of this module in the program.
func version() string {
	const module = "github.com/bgq-dev/bgq"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module {
			return m.Version
		}
	}
	return ""
}
