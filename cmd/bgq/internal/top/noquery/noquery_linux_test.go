package noquery_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	_ "github.com/charmbracelet/bubbletea"
	"golang.org/x/sys/unix"

	_ "github.com/bgq-dev/bgq/cmd/bgq/internal/top/noquery"
)

const asChild = "BGQ_TEST_NOQUERY"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		fmt.Println("started")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A program that is linked with bubbletea starts on a terminal of its own, and has written nothing there before main.
func TestStartsSilently(t *testing.T) {
	master, slave := openTerminal(t)
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asChild+"=1", "TERM=xterm")
	c.Stdin, c.Stdout, c.Stderr = slave, slave, slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(master).ReadString('\n')
	if line != "started\r\n" || err != nil {
		t.Errorf("it began with %q, %v", line, err)
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

// openTerminal makes a terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}
