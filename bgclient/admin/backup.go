package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

var backupRoutes = []route{
	{pattern: "GET /v1/backup", stream: true, handle: (*Server).backup},
}

const (
	backupMark  = ".bgq-backup-" // is part of the name of the folder that a copy is made in
	backupAge   = 24 * time.Hour // after which such a folder is what a crash has left
	backupPiece = 256 << 10      // bytes that are sent at once
	backupType  = "application/octet-stream"
)

// backup sends a consistent copy of the file. The copy is made first, beside the file: while it is sent,
// however slowly, nothing is held but its space on the disk.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	if s.cfg.File == nil {
		return wire.NewProblem(wire.CodeUnsupported, hintNoFile, "there is no file to copy")
	}
	if !s.ops.backup.TryLock() {
		return wire.NewProblem(wire.CodeBusy, "wait until it has ended", "another backup is under way")
	}
	release := sync.OnceFunc(s.ops.backup.Unlock)
	defer release()
	c, err := s.claimAndCopy(r.Context())
	if err != nil {
		return err
	}
	defer c.close()
	h := w.Header()
	h.Set("Content-Type", backupType)
	h.Set("Content-Length", strconv.FormatInt(c.size, 10))
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", c.name))
	w.WriteHeader(http.StatusOK)
	c.send(r.Context(), w, release)
	return nil
}

// claimAndCopy makes a copy, during which nothing else is done to the file as a whole.
func (s *Server) claimAndCopy(ctx context.Context) (*fileCopy, error) {
	s.ops.mu.Lock()
	err := s.ops.claim("a copy of the file is being made")
	s.ops.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer func() {
		s.ops.mu.Lock()
		defer s.ops.mu.Unlock()
		s.ops.onFile = ""
	}()
	return s.copyFile(ctx)
}

// fileCopy is a copy of the file that nobody else knows of.
type fileCopy struct {
	*os.File
	folder string
	size   int64
	name   string // that it should be kept under
}

// copyFile makes a copy of the file, in a folder beside it that only this user can read.
func (s *Server) copyFile(ctx context.Context) (*fileCopy, error) {
	info, err := s.cfg.File.Info()
	if err != nil {
		return nil, err
	}
	dir, base := filepath.Split(info.Path)
	sweepBackups(dir, base)
	folder, err := os.MkdirTemp(filepath.Clean(dir), "."+base+backupMark)
	if err != nil {
		return nil, explainCopy(err)
	}
	c := &fileCopy{folder: folder, name: fileName(base, time.Now())}
	path := filepath.Join(folder, "copy")
	if _, err = s.cfg.File.Backup(ctx, path); err == nil {
		c.File, err = os.Open(path)
	}
	if err != nil {
		c.close()
		return nil, explainCopy(err)
	}
	if runtime.GOOS != "windows" { // where an open file can be removed it is at once: then not even a crash leaves it
		_ = os.RemoveAll(folder)
	}
	stat, err := c.Stat()
	if err != nil {
		c.close()
		return nil, err
	}
	c.size = stat.Size()
	return c, nil
}

func (c *fileCopy) close() {
	if c.File != nil {
		c.File.Close()
	}
	_ = os.RemoveAll(c.folder) // what remains is swept one day
}

// fileName is the name for a copy: queue.db made at noon becomes queue-20261122T120000Z.db.
func fileName(base string, at time.Time) string {
	ext := filepath.Ext(base)
	return base[:len(base)-len(ext)] + at.UTC().Format("-20060102T150405Z") + ext
}

// sweepBackups removes what a crash has left of a copy, a day ago or earlier.
func sweepBackups(dir, base string) {
	entries, _ := os.ReadDir(filepath.Clean(dir)) // it is for tidiness only
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), "."+base+backupMark) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > backupAge {
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// send sends the copy piece by piece, and calls release before the last one: who has all of it may ask for
// another at once. A client that does not take a piece in time is given up, see answer; it learns from the length in
// the header that something is missing.
func (c *fileCopy) send(ctx context.Context, w http.ResponseWriter, release func()) {
	piece := make([]byte, min(backupPiece, c.size))
	for left := c.size; left > 0 && ctx.Err() == nil; {
		n, err := io.ReadFull(c.File, piece[:min(int64(len(piece)), left)])
		if err != nil {
			return
		}
		if left -= int64(n); left == 0 {
			c.close()
			release()
		}
		if _, err := w.Write(piece[:n]); err != nil {
			return
		}
	}
}

// explainCopy says what to do about a copy that could not be made.
func explainCopy(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return wire.NewProblem(wire.CodeNoSpace, "free some space: the copy is made beside the file before it is sent", "there is no room for a copy: %v", err)
	}
	return err
}
