//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// settle writes out what earlier work has left in the caches, so that nobody pays for
// what another one wrote.
func settle() { syscall.Sync() }

// serverUser is who servers run as: Postgres refuses root. nil is the user himself.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("initdb does not run as root, and there is no user postgres to run it as: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// runAsServer makes a command run as the user of servers.
func runAsServer(cmd *exec.Cmd) error {
	u, err := serverUser()
	if err == nil && u != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: u}
		cmd.Dir = "/"
	}
	return err
}

// giveToServer gives a directory to the user of servers.
func giveToServer(dir string) error {
	u, err := serverUser()
	if err != nil || u == nil {
		return err
	}
	return os.Chown(dir, int(u.Uid), int(u.Gid))
}
