package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/bgq-dev/bgq/store/boltstore"
)

// leakChecked fails the run if a goroutine outlives the tests.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){
		"bgq":       main,
		"seed":      seedMain,
		"hold":      holdMain,
		"damage":    damageMain,
		"wreck":     wreckMain,
		"setformat": setFormatMain,
		"testapp":   appMain,
		"answer":    answerMain,
	})
}

// TestScripts runs the command as people do: testdata/script holds one file a verb. Each is run
// twice, with files that nobody has open, and with files that an app serves: see serveCommand.
func TestScripts(t *testing.T) {
	for _, mode := range []string{"offline", "live"} {
		t.Run(mode, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata/script",
				RequireExplicitExec: true,
				UpdateScripts:       os.Getenv("UPDATE") != "",
				Setup:               func(e *testscript.Env) error { return setUp(e, mode) },
				Condition:           func(name string) (bool, error) { return name == mode, nil },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"exits":  demandExit,
					"golden": golden,
					"app":    appCommand,
					"serve":  serveCommand,
				},
			})
		})
	}
}

func setUp(e *testscript.Env, mode string) error {
	running := &testApp{}
	e.Values[testApp{}] = running
	e.Defer(running.kill)
	e.Setenv("MODE", mode)
	e.Setenv("TERM", "xterm")
	e.Setenv("GORACE", "atexit_sleep_ms=0") // the detector sleeps a second in each process otherwise
	for i := range 20 {
		e.Setenv(fmt.Sprintf("ID%d", i), seedID(i).String())
	}
	return nil
}

// demandExit runs a command and demands its exit code: exits 5 bgq jobs show X.
func demandExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

var (
	isoTime  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	isoAgo   = regexp.MustCompile(`TIME \((in \w+|\w+ ago|now)\)`)
	drawnID  = regexp.MustCompile(`\b01[0-9A-HJKMNP-TV-Z]{7}[0-9A-Z]{17}\b`)
	spark    = regexp.MustCompile(`[▁▂▃▄▅▆▇█]+`)
	since    = regexp.MustCompile(`(since|paused for) \d+s`)
	quantile = regexp.MustCompile(`(p95) [0-9.]+(µs|ms|s)`)
	fileSize = regexp.MustCompile(`\d+(\.\d+)? [KM]iB|"(size|free)_bytes": \d+`)
)

// golden compares what the last command printed with a file, times and sizes apart.
// With UPDATE set it writes the file, into testdata/golden.
func golden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: golden stdout|stderr FILE")
	}
	got := ts.ReadFile(args[0])
	got = isoTime.ReplaceAllString(got, "TIME")
	got = drawnID.ReplaceAllStringFunc(got, func(id string) string {
		if strings.HasPrefix(id, seedID(0).String()[:9]) {
			return id
		}
		return "DRAWN***************" + id[20:] // which ends in the index of the member
	})
	got = isoAgo.ReplaceAllString(got, "TIME (WHEN)")
	got = spark.ReplaceAllString(got, "SPARK")
	got = since.ReplaceAllString(got, "$1 WHEN")
	got = quantile.ReplaceAllString(got, "$1 TIME")
	got = fileSize.ReplaceAllString(got, "SIZE")
	path := filepath.Join(sourceDir, "testdata", "golden", args[1])
	if os.Getenv("UPDATE") != "" && ts.Getenv("MODE") == "offline" {
		ts.Check(os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	ts.Check(err)
	if got != string(want) {
		ts.Fatalf("%s is not %s (UPDATE=1 go test writes it):\n%s", args[0], args[1], got)
	}
}

// sourceDir is where the tests were started: scripts run elsewhere.
var sourceDir = func() string { dir, _ := os.Getwd(); return dir }()

// damageMain changes one byte of a text in the file, also where pages that are free
// now still have it.
func damageMain() {
	b := must(os.ReadFile(os.Args[1]))
	was := []byte(os.Args[2])
	if !bytes.Contains(b, was) {
		fmt.Fprintf(os.Stderr, "%q is not in the file\n", was)
		os.Exit(1)
	}
	now := append([]byte{was[0] + 1}, was[1:]...)
	if err := os.WriteFile(os.Args[1], bytes.ReplaceAll(b, was, now), 0o600); err != nil {
		panic(err)
	}
}

// holdMain runs a command while it holds a file as an app does: hold FILE COMMAND...
func holdMain() {
	s, err := boltstore.Open(os.Args[1], boltstore.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	err = c.Run()
	s.Close()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
}

// answerMain runs a command while it answers everything on a unix socket with one text: answer
// SOCKET TEXT COMMAND... So there is somebody, and it is no bgq of today.
func answerMain() {
	l := must(net.Listen("unix", os.Args[1]))
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, os.Args[2]) }))
	}()
	c := exec.Command(os.Args[3], os.Args[4:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	err := c.Run()
	l.Close()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
}
