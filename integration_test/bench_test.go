package integration_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkTrue runs true for each of b.N inputs, two at a time, with bgq run and with
// the peers that are installed: xargs, which remembers nothing, and GNU parallel with
// a joblog, which can resume but does not sync. Run it as
//
//	go test ./integration_test -run '^$' -bench True -benchtime 2000x -count 5
func BenchmarkTrue(b *testing.B) {
	for _, peer := range []struct {
		name string
		args func(dir string) []string
	}{
		{"bgq", nil},
		{"xargs", func(string) []string { return []string{"-P2", "-n1", "true"} }},
		{"parallel", func(dir string) []string {
			return []string{"-j2", "--joblog", filepath.Join(dir, "log"), "true", "{}"}
		}},
	} {
		b.Run(peer.name, func(b *testing.B) {
			dir := b.TempDir()
			cmd := bgq(b, dir, "run", "-j2", "--progress", "none", "--", "true", "{}")
			if peer.args != nil {
				path, err := exec.LookPath(peer.name)
				if err != nil {
					b.Skipf("%s is not installed", peer.name)
				}
				cmd = exec.Command(path, peer.args(dir)...)
			}
			var inputs strings.Builder
			for i := range b.N {
				fmt.Fprintln(&inputs, i)
			}
			cmd.Stdin = strings.NewReader(inputs.String())
			b.ResetTimer()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
		})
	}
}
