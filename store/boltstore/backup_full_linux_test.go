package boltstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// The test binary makes backups under limits on the size of its files, which makes writing fail
// as a full disk does; or until it is killed.
const (
	backupFullEnv = "BOLTSTORE_TEST_BACKUP_FULL"
	backupKillEnv = "BOLTSTORE_TEST_BACKUP_KILL"
)

// Wherever the disk becomes full, nothing is left of the backup, and work goes on.
func TestBackupOnAFullDisk(t *testing.T) {
	if path := os.Getenv(backupFullEnv); path != "" {
		backupUntilItFits(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "jobs.db")
	child := exec.Command(os.Args[0], "-test.run=^TestBackupOnAFullDisk$")
	child.Env = append(os.Environ(), backupFullEnv+"="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func backupUntilItFits(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	s := openAt(t, path, Options{MinFree: -1})
	for range 20 {
		jobs := newTestJobs(10)
		for i := range jobs {
			jobs[i].Args = make(store.Value, 10_000)
		}
		mustEnqueue(t, s, jobs...)
	}
	sealed := copyFile(t, path)
	var all syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &all); err != nil {
		t.Fatal(err)
	}
	for what, backup := range map[string]func(string) error{
		"Backup": func(to string) error { _, err := s.Backup(context.Background(), to); return err },
		"Copy":   func(to string) error { _, err := Copy(context.Background(), sealed, to, nil); return err },
		"Salvage": func(to string) error {
			_, err := Salvage(context.Background(), sealed, to, SalvageOptions{})
			return err
		},
	} {
		failures := 0
		for limit := uint64(0); ; limit += 250_001 {
			to := backupPath(t)
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: all.Max}); err != nil {
				t.Fatal(err)
			}
			err := backup(to)
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &all); err != nil {
				t.Fatal(err)
			}
			if err == nil {
				audit(t, openAt(t, to, Options{}))
				break
			}
			failures++
			wantFileError(t, err, syscall.EFBIG)
			nothingIn(t, to)
		}
		if failures < 5 {
			t.Errorf("%s: %d failures", what, failures)
		}
	}
	mustEnqueue(t, s, newTestJob())
}

// A backup that has its name is whole, whenever the program is killed.
func TestBackupIsKilled(t *testing.T) {
	if dir := os.Getenv(backupKillEnv); dir != "" {
		backupUntilKilled(t, dir)
		return
	}
	for kill := range 4 {
		dir := t.TempDir()
		child := exec.Command(os.Args[0], "-test.run=^TestBackupIsKilled$")
		child.Env = append(os.Environ(), backupKillEnv+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), fmt.Sprintf("backup %d ", 2+kill)) {
				child.Process.Kill()
			}
		}
		child.Wait()
		files, err := filepath.Glob(filepath.Join(dir, "backup*"))
		if err != nil || len(files) < 2 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			wellClosed(t, file)
			if jobs := everyJob(t, openAt(t, file, Options{})); len(jobs) < 100 {
				t.Errorf("%d jobs", len(jobs))
			}
		}
		drafts, err := filepath.Glob(filepath.Join(dir, ".backup*"))
		if err != nil || len(drafts) > 1 {
			t.Errorf("%q, %v", drafts, err)
		}
		openAt(t, filepath.Join(dir, "jobs.db"), Options{})
	}
}

func backupUntilKilled(t *testing.T, dir string) {
	s, err := Open(filepath.Join(dir, "jobs.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustEnqueue(t, s, newTestJobs(100)...)
	for i := 0; ; i++ {
		mustEnqueue(t, s, newTestJobs(2)...)
		fmt.Println("backup", i, "begins")
		mustBackup(t, s, filepath.Join(dir, fmt.Sprintf("backup%d.db", i)))
	}
}
