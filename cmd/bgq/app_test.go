package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient"
)

// appMain is an app for the scripts: testapp FILE [silent|http]. It has handlers for a few kinds, and
// runs until its stdin ends. With silent it serves no socket, with http also on a port, whose URL it
// prints; the token is "secret".
func appMain() {
	how := append(os.Args[2:], "")[0]
	options := []bgclient.Option{bgclient.WithWorkers(4), bgclient.WithGrace(0)}
	if how == "silent" {
		options = append(options, bgclient.WithoutSocket())
	}
	c := must(bgclient.Open(os.Args[1], options...))
	must(bgclient.Register(c, "ok", func(_ context.Context, a any) (any, error) { return a, nil }))
	must(bgclient.Register(c, "fail", func(_ context.Context, a string) (any, error) {
		return nil, fmt.Errorf("write %s: no space left on device", a)
	}))
	must(bgclient.Register(c, "panic", func(_ context.Context, a string) (any, error) { panic(a) }))
	must(bgclient.Register(c, "slow", func(ctx context.Context, ms int) (any, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(ms) * time.Millisecond):
			return ms, nil
		}
	}))
	must(bgclient.Register(c, "sleep", func(ctx context.Context, _ any) (any, error) { return sleeper(ctx) }))
	must(bgclient.Register(c, "log", func(ctx context.Context, a string) (any, error) {
		for i := range 3 {
			bgclient.Logger(ctx).Info(fmt.Sprintf("%s %d", a, i+1), zap.Int("step", i+1))
		}
		bgclient.SetProgress(ctx, 3, 3, "done with it")
		return nil, nil
	}))
	if err := c.Start(context.Background()); err != nil {
		panic(err)
	}
	url := ""
	if how == "http" {
		mux := http.NewServeMux()
		mux.Handle("/ops/", http.StripPrefix("/ops", c.AdminHandler(bgclient.AdminAccess{Token: "secret"})))
		url = serveLocally(mux) + "/ops"
	}
	fmt.Println("ready", url)
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := c.Close(context.Background()); err != nil {
		panic(err)
	}
}

// serveLocally serves a handler on a free port of this machine, and returns its URL.
func serveLocally(h http.Handler) string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() { panic(http.Serve(l, h)) }()
	return "http://" + l.Addr().String()
}

// sleeper is a function to be recognised in a stack.
func sleeper(ctx context.Context) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// testApp is the app of a script while it runs.
type testApp struct {
	process *exec.Cmd
	stdin   io.WriteCloser
}

// appCommand is the command of scripts:
//
//	app start FILE [silent|http]    starts an app, and sets APP_URL with http
//	app stop                        ends it in good order
//	app kill                        kills it with signal 9
func appCommand(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.Value(testApp{}).(*testApp)
	switch {
	case neg || len(args) == 0:
		ts.Fatalf("usage: app start FILE | stop | kill")
	case args[0] == "start":
		running.start(ts, args[1:])
	case running.process == nil:
		ts.Fatalf("no app runs")
	case args[0] == "stop":
		ts.Check(running.stop())
	case args[0] == "kill":
		running.kill()
	default:
		ts.Fatalf("app %s: there is no such thing", args[0])
	}
}

func (r *testApp) start(ts *testscript.TestScript, args []string) {
	path, err := exec.LookPath("testapp")
	ts.Check(err)
	c := exec.Command(path, args...)
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	c.Stderr = os.Stderr
	r.stdin, err = c.StdinPipe()
	ts.Check(err)
	out, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	r.process = c
	line, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	_, url, _ := strings.Cut(strings.TrimSpace(line), " ")
	ts.Setenv("APP_URL", url)
}

func (r *testApp) stop() error {
	return errors.Join(r.stdin.Close(), r.wait())
}

func (r *testApp) kill() {
	if r.process == nil {
		return
	}
	_ = r.process.Process.Kill()
	_ = r.wait()
}

func (r *testApp) wait() error {
	err := r.process.Wait()
	r.process = nil
	return err
}

// serveCommand is what makes one script two tests: serve FILE lets an app serve the file in the live
// mode, and in the other only does what the app does when it opens it.
func serveCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve FILE")
	}
	if ts.Getenv("MODE") == "live" {
		appCommand(ts, false, []string{"start", args[0]})
		return
	}
	ts.Check(ts.Exec("seed", args[0], "recover"))
}
