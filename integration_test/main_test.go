// Package integration_test proves the promises from the outside: programs that are
// killed at random moments, the real command on real and on bad input, and the
// shape of the house.
//
// The programs are this test binary itself, started again in a role; the command is
// built once. By default every test is short. Two flags, or variables of the environment where a
// flag would reach other packages too, ask for more:
//
//	-kills N, BGQ_KILLS=N    how often each program is killed (default 10)
//	-whole, BGQ_WHOLE=1      whole trees instead of parts of them
package integration_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

var (
	kills = flag.Int("kills", number("BGQ_KILLS", 10), "how often each program is killed")
	whole = flag.Bool("whole", os.Getenv("BGQ_WHOLE") != "", "run over whole trees instead of parts of them")
)

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// roleVariable selects what this binary does when a test starts it again.
const roleVariable = "BGQ_TEST_ROLE"

// roles are the programs that tests start.
var roles = map[string]func(args []string) error{
	"worker":  workerMain,
	"crasher": crasherMain,
	"sleeper": sleeperMain,
}

// scratch is a folder for the whole run.
var scratch string

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := roles[role](os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	var err error
	if scratch, err = os.MkdirTemp("", "bgq-integration-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		// msgpack keeps a goroutine for each type that it decodes by pointer, for good.
		goleak.IgnoreTopFunction("github.com/vmihailenco/msgpack/v5.cachedValue.func1"),
		goleak.Cleanup(func(code int) {
			os.RemoveAll(scratch)
			os.Exit(code)
		}))
}

// inRole returns this binary as a program of the given role.
func inRole(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return cmd
}

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "bgq")
	if exe := filepath.Ext(os.Args[0]); exe == ".exe" {
		path += exe
	}
	out, err := exec.Command("go", "build", "-o", path, "../cmd/bgq").CombinedOutput()
	if err != nil {
		return "", errors.New(strings.TrimSpace(string(out)))
	}
	return path, nil
})

// bgq returns the command, as a user would type it, in a folder.
func bgq(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatalf("building the command: %v", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BGQ_DB=", "NO_COLOR=1")
	return cmd
}
