package bgclient_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestQuickstart builds the program of the README as its reader would, runs it
// twice, and looks at what it prints.
func TestQuickstart(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "quickstart.exe")
	if out, err := exec.Command("go", "build", "-o", bin, "./examples/quickstart").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for life, want := range []string{"squares: 100 of 100", "squares: 100 of 100"} {
		cmd := exec.Command(bin)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("life %d: %v\n%s", life, err, out)
		}
		for _, line := range []string{"CAT.JPG at 200 px", want} {
			if !strings.Contains(string(out), line) {
				t.Errorf("life %d: %q is not in\n%s", life, line, out)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "app.db")); err != nil {
		t.Error(err)
	}
}
