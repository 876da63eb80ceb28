package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// systemd is the way to tell the service manager how we are, see sd_notify(3). Elsewhere it does nothing.
type systemd struct {
	socket   *net.UnixAddr // nil: nobody wants to know
	watchdog time.Duration // how often it wants to hear that all is well; 0: it does not
}

// newSystemd reads what the service manager has left in the environment, and takes it away: the commands that are
// run are not meant.
func newSystemd() *systemd {
	s := &systemd{}
	name := take("NOTIFY_SOCKET")
	usec, _ := strconv.ParseInt(take("WATCHDOG_USEC"), 10, 64)
	pid := take("WATCHDOG_PID")
	if name == "" || name[0] != '/' && name[0] != '@' {
		return s
	}
	if name[0] == '@' { // a name that is no path
		name = "\x00" + name[1:]
	}
	s.socket = &net.UnixAddr{Name: name, Net: "unixgram"}
	if usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		s.watchdog = time.Duration(usec) * time.Microsecond / 2
	}
	return s
}

func take(name string) string {
	value := os.Getenv(name)
	_ = os.Unsetenv(name)
	return value
}

// tell sends variables. That they do not arrive hurts only who would have wanted them.
func (s *systemd) tell(variables ...string) {
	if s.socket == nil {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, s.socket)
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(strings.Join(variables, "\n")))
}

// watch says again and again that all is well, as long as that is so, until ctx ends.
func (s *systemd) watch(ctx context.Context, well func(context.Context) error) {
	if s.watchdog <= 0 {
		return
	}
	tick := time.NewTicker(s.watchdog)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if well(ctx) == nil {
				s.tell("WATCHDOG=1")
			}
		}
	}
}
