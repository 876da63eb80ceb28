package integration_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository.
const root = ".."

// sources yields the Go files of the repository, by their path from the root with slashes.
func sources(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case path.Ext(name) == ".go":
			files[name], err = os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	return files
}

// TestTopLevel: the top of the repository holds the house and what a well-kept
// project has beside it. What git ignores may lie about.
func TestTopLevel(t *testing.T) {
	folders := []string{"bgclient", "cmd", "executor", "integration_test", "migrations", "queue", "store"}
	files := []string{"BENCHMARKS.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "go.mod", "go.sum"}
	ignored := ignoredNames(t)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		allowed := files
		if e.IsDir() {
			allowed = folders
		}
		if !strings.HasPrefix(name, ".") && !slices.Contains(allowed, name) && !matchesAny(ignored, name) {
			t.Errorf("%s does not belong at the top of the repository", name)
		}
	}
}

// ignoredNames returns the patterns of .gitignore, as far as they are plain.
func ignoredNames(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var patterns []string
	for _, line := range strings.Fields(string(b)) {
		patterns = append(patterns, strings.Trim(line, "/"))
	}
	return patterns
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// TestFilesAreShort: a file can be read in one sitting.
func TestFilesAreShort(t *testing.T) {
	const most = 600
	for name, text := range sources(t) {
		if n := bytes.Count(text, []byte("\n")); n > most {
			t.Errorf("%s has %d lines, and %d are the most: split it by verb", name, n, most)
		}
	}
}

// TestStatesComeFromTheTable: outside of tests a state is given to a job only by
// the transition table, and by the store which applies what the table says and reads what is on disk.
func TestStatesComeFromTheTable(t *testing.T) {
	assigns := map[string]bool{ // may set the state of a job
		"queue/transition.go":       true,
		"store/boltstore/move.go":   true,
		"store/boltstore/record.go": true,
		"queue/inspect.go":          true, // makes a counter look like a job, for a filter

		// What could be saved only in part is held, so that nothing runs by accident.
		"store/boltstore/salvage_batches.go": true,
		"store/boltstore/salvage_job.go":     true,
		"store/boltstore/salvage_parts.go":   true,

		"bgclient/admin/wire/job.go": true, // reads what another program says
	}
	// These show jobs, in types of their own whose fields have the same names.
	show := func(name string) bool { return inside(name, "bgclient/admin") || inside(name, "cmd/bgq") }
	const decides = "queue/transition.go" // may say where a move leads
	fileSet := token.NewFileSet()
	seen := map[string]bool{}
	for name, text := range sources(t) {
		if strings.HasSuffix(name, "_test.go") || inside(name, "store/storetest") {
			continue
		}
		file, err := parser.ParseFile(fileSet, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, field := range fieldsSet(n, show(name)) {
				switch {
				case field == "Job.State" && !assigns[name]:
					t.Errorf("%s: a state is given to a job", fileSet.Position(n.Pos()))
				case field == "Move.To" && name != decides:
					t.Errorf("%s: it is decided where a job moves to", fileSet.Position(n.Pos()))
				case field == "Job.State" || field == "Move.To":
					seen[name] = true
				}
			}
			return true
		})
	}
	for name := range assigns {
		if !seen[name] {
			t.Errorf("%s gives no state to any job: the check is blind, or the list is out of date", name)
		}
	}
}

// fieldsSet returns which of the fields Job.State and Move.To a node sets, by the
// names alone: assignments to a field State or To of anything, and literals of the
// types. Where jobs are only shown, literals of the store's types count alone.
func fieldsSet(n ast.Node, shown bool) (fields []string) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if shown {
			return nil
		}
		for _, left := range n.Lhs {
			if s, ok := left.(*ast.SelectorExpr); ok {
				switch s.Sel.Name {
				case "State":
					fields = append(fields, "Job.State")
				case "To":
					fields = append(fields, "Move.To")
				}
			}
		}
	case *ast.CompositeLit:
		typ := n.Type
		if s, ok := typ.(*ast.SelectorExpr); ok {
			typ = s.Sel
		} else if shown {
			return nil
		}
		name, ok := typ.(*ast.Ident)
		if !ok {
			return nil
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if key, ok := kv.Key.(*ast.Ident); ok && (name.Name == "Job" || name.Name == "Move") {
					fields = append(fields, name.Name+"."+key.Name)
				}
			}
		}
	}
	return fields
}

var codeBlock = regexp.MustCompile("(?s)```go\n(package main\n.*?)```")

// TestQuickstart: the program in the README is the one in the folder of examples, and
// it runs, also on the file that it has left behind.
func TestQuickstart(t *testing.T) {
	const folder = "bgclient/examples/quickstart"
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := codeBlock.FindSubmatch(readme)
	if block == nil {
		t.Fatal("README.md has no block of Go that begins with package main")
	}
	program, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(folder), "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	if formatted, err := format.Source(block[1]); err != nil || string(formatted) != string(program) {
		t.Errorf("README.md and %s/main.go differ, or are not formatted: %v", folder, err)
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "quickstart.exe")
	build := exec.Command("go", "build", "-o", binary, "./"+folder)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for range 2 {
		run := exec.Command(binary)
		run.Dir = dir
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
