package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/socket"
)

// A program that does not answer does not keep the shell waiting.
func TestCompletionDoesNotWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	file := must(openFile(path, false, time.Second))
	defer file.close()
	l := must(socket.Listen(path))
	defer l.Close()
	began := time.Now()
	var out, errs bytes.Buffer
	code := newApp(strings.NewReader(""), &out, &errs).execute(context.Background(), []string{"__complete", "--db", path, "queues", "pause", ""})
	if took := time.Since(began); took < completionPatience || took > 20*completionPatience {
		t.Errorf("it took %v", took)
	}
	if code != 0 || out.String() != ":4\n" || strings.Contains(errs.String(), "answer") {
		t.Errorf("%d %q %q", code, &out, &errs)
	}
}
