package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// profiles writes what the Go runtime can tell about the parts of a run that bgq is
// measured by. With an empty dir it does nothing.
type profiles struct {
	dir  string
	cpu  *os.File
	took map[string]int // measurements of a scenario
}

// How often what blocks is noted: what waits for a mutex once in so many events, other waiting
// once for so many nanoseconds of it.
const (
	mutexFraction = 10
	blockRate     = 10_000
)

// begin begins to note.
func (p *profiles) begin(scenario string) (err error) {
	if p.dir == "" {
		return nil
	}
	if p.took == nil {
		p.took = map[string]int{}
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	p.took[scenario]++
	p.cpu, err = os.Create(filepath.Join(p.dir, fmt.Sprintf("%s.cpu.%d.pprof", scenario, p.took[scenario])))
	if err != nil {
		return err
	}
	runtime.SetMutexProfileFraction(mutexFraction)
	runtime.SetBlockProfileRate(blockRate)
	return pprof.StartCPUProfile(p.cpu)
}

// end ends what begin has begun.
func (p *profiles) end() {
	if p.dir == "" {
		return
	}
	pprof.StopCPUProfile()
	runtime.SetMutexProfileFraction(0)
	runtime.SetBlockProfileRate(0)
	p.cpu.Close()
}

// write writes the profiles that count from the start of the process, if anything of the scenario was noted.
func (p *profiles) write(scenario string) error {
	if p.took[scenario] == 0 {
		return nil
	}
	var errs []error
	for _, name := range []string{"allocs", "mutex", "block"} {
		f, err := os.Create(filepath.Join(p.dir, scenario+"."+name+".pprof"))
		if err != nil {
			return err
		}
		errs = append(errs, pprof.Lookup(name).WriteTo(f, 0), f.Close())
	}
	return errors.Join(errs...)
}
