package run

import (
	"io"
	"os"
	"time"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/halt"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/output"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/executor"
)

// Options say what to run and how.
type Options struct {
	Command []string
	Shell   bool
	// Dir is where the commands run: the working directory of bgq.
	Dir string
	// Name of the batch; empty: made from the command and Dir.
	Name string

	Slots       int
	Retries     int
	Timeout     time.Duration // of an attempt; 0: none
	Halt        halt.Policy
	KeepOrder   bool
	Results     string // a folder for complete outputs, or ""
	Joblog      string // a file, or ""
	Restart     bool
	RetryFailed bool
	// FailOnCrash fails what was running when bgq died instead of running it again.
	FailOnCrash   bool
	MaxRecoveries int

	Progress progress.Mode // not Auto
	// BothTerminal tells that Stdout and Stderr are one terminal.
	BothTerminal   bool
	Stdout, Stderr io.Writer
	// Serve, unless it is nil, lets others look at what runs, until the function that it returns is called.
	Serve func(*executor.Executor) (stop func())
	// Interrupts ask to stop: the first one ends what runs politely, the second at once.
	Interrupts <-chan os.Signal
}

// Kind is the kind of the jobs, and of the batch.
const Kind = "run"

const (
	// killGrace is how long a command may take to end after it was asked to because
	// of its timeout, stopGrace the same when the run is stopped.
	killGrace = 5 * time.Second
	stopGrace = 10 * time.Second
	// lookAhead is for how long, and up to how many bytes, inputs are read before the first
	// command is started. So a mistake in a list that is at hand is found before
	// anything was run, and on a resume it is known what is in the list.
	lookAhead      = 200 * time.Millisecond
	lookAheadBytes = 64 << 20
	// keepOnFailure is how much of each stream is kept of an attempt that failed.
	keepOnFailure = output.Keep / 2
)

// InputLimit is the most bytes of an input: with what is stored around it, it fits into a
// value of a store with the default limit, 1 MiB.
const InputLimit = 1<<20 - 64

// parse returns the template of the command.
func (o *Options) parse() (*template.Template, error) { return template.Parse(o.Command, o.Shell) }
