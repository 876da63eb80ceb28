package integration_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bgq-dev/bgq"

// layers is the house, from the bottom up: what each package may import. A package
// has the rule of the longest path that begins its own. Tests may use more: what their package's
// users have at hand.
var layers = map[string]struct {
	ours   []string // packages of this module
	theirs []string // modules of others
}{
	"store":                 {theirs: []string{"github.com/oklog/ulid/v2"}},
	"store/storetest":       {ours: []string{"store"}, theirs: []string{"pgregory.net/rapid"}},
	"store/boltstore":       {ours: []string{"store", "migrations"}, theirs: []string{"go.etcd.io/bbolt", "github.com/vmihailenco/msgpack/v5"}},
	"migrations":            {theirs: []string{"go.etcd.io/bbolt"}},
	"queue":                 {ours: []string{"store"}},
	"executor":              {ours: []string{"store", "queue"}, theirs: []string{"go.uber.org/zap"}},
	"bgclient/admin/wire":   {ours: []string{"store"}, theirs: []string{"github.com/vmihailenco/msgpack/v5"}},
	"bgclient/admin/socket": {theirs: []string{"golang.org/x/sys"}},
	"bgclient/admin/client": {ours: []string{"store", "bgclient/admin/wire"}},
	"bgclient/admin": {
		ours:   []string{"store", "queue", "executor", "store/boltstore", "bgclient/admin/wire", "bgclient/admin/socket"},
		theirs: []string{"go.uber.org/zap"},
	},
	"bgclient": {
		ours: []string{"store", "queue", "executor", "store/boltstore",
			"bgclient/admin", "bgclient/admin/wire", "bgclient/admin/socket", "bgclient/admin/client"},
		theirs: []string{"go.uber.org/zap", "go.etcd.io/bbolt", "github.com/vmihailenco/msgpack/v5"},
	},
	"cmd/bgq": {
		ours: []string{"store", "queue", "executor", "store/boltstore", "bgclient", "migrations", "cmd/bgq/internal/bench",
			"bgclient/admin", "bgclient/admin/wire", "bgclient/admin/socket", "bgclient/admin/client"},
		theirs: []string{
			"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/jedib0t/go-pretty/v6", "github.com/vbauerster/mpb/v8",
			"github.com/dustin/go-humanize", "golang.org/x/term", "go.uber.org/zap", "github.com/vmihailenco/msgpack/v5",
			"github.com/goccy/go-yaml", "github.com/charmbracelet/bubbletea", "github.com/charmbracelet/lipgloss",
			"github.com/cpuguy83/go-md2man/v2",
		},
	},
	// It measures bgq beside what lies below it.
	"cmd/bgq/internal/bench": {
		ours:   []string{"store", "queue", "executor", "store/boltstore", "bgclient"},
		theirs: []string{"go.etcd.io/bbolt", "github.com/dustin/go-humanize"},
	},
	"integration_test": {},
}

// listed is a package as go list describes it.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Module     *struct{ Path string }
}

// inside tells whether a path is that of a package or module, or below it.
func inside(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// goList describes packages with all that they import.
func goList(t *testing.T, patterns ...string) map[string]*listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Standard,Imports,Module"}, patterns...)...)
	cmd.Dir = ".."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	all := map[string]*listed{}
	in := json.NewDecoder(strings.NewReader(string(out)))
	for {
		p := &listed{}
		if err := in.Decode(p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// layerOf returns the path in the table whose rule a package of ours has.
func layerOf(path string) string {
	path = strings.TrimPrefix(path, module+"/")
	best := ""
	for layer := range layers {
		if inside(path, layer) && len(layer) > len(best) {
			best = layer
		}
	}
	return best
}

// TestImportsGoDown holds every package to the table.
func TestImportsGoDown(t *testing.T) {
	all := goList(t, "./...")
	for _, p := range all {
		if p.Module == nil || p.Module.Path != module {
			continue
		}
		layer := layerOf(p.ImportPath)
		if layer == "" {
			t.Errorf("%s has no place in the house: put it where it belongs, or give it one in the table", p.ImportPath)
			continue
		}
		rule := layers[layer]
		for _, path := range p.Imports {
			switch to := all[path]; {
			case to == nil || to.Standard:
			case to.Module.Path != module:
				if !slices.Contains(rule.theirs, to.Module.Path) {
					t.Errorf("%s imports %s, and packages of %s must not", p.ImportPath, path, layer)
				}
			case layerOf(path) != layer && !slices.Contains(rule.ours, layerOf(path)):
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, path)
			}
		}
	}
	for layer := range layers {
		if all[module+"/"+layer] == nil && layer != "integration_test" {
			t.Errorf("the table has a place for %s, and there is no such package", layer)
		}
	}
}

// TestEmbeddingLinksLittle: an app that embeds the queue links the journal, msgpack, ulid and
// zap with what they need, and nothing of the command.
func TestEmbeddingLinksLittle(t *testing.T) {
	allowed := []string{
		module, "go.etcd.io/bbolt", "github.com/vmihailenco/msgpack/v5", "github.com/oklog/ulid/v2", "go.uber.org/zap",
		"github.com/vmihailenco/tagparser/v2", "go.uber.org/multierr", "golang.org/x/sys",
	}
	all := goList(t, "./bgclient")
	if len(all) < 50 {
		t.Fatalf("go list knows only %d packages", len(all))
	}
	for _, p := range all {
		if p.Module != nil && !slices.Contains(allowed, p.Module.Path) {
			t.Errorf("bgclient links %s", p.ImportPath)
		}
		if inside(p.ImportPath, module+"/cmd") || p.ImportPath == "testing" {
			t.Errorf("bgclient links %s", p.ImportPath)
		}
	}
}
