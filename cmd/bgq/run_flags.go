package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/halt"
	"github.com/bgq-dev/bgq/executor"
)

// maxRunSlots bounds -j: more processes than any machine bears.
const maxRunSlots = 10_000

// slots is the value of -j: a number, or a percentage of the processors.
type slots struct {
	n       int
	percent float64
}

// Set implements [pflag.Value].
func (s *slots) Set(v string) error {
	if percent, ok := strings.CutSuffix(v, "%"); ok {
		p, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(p > 0 && p <= 10_000) {
			return fmt.Errorf("the percentage must be above 0")
		}
		*s = slots{percent: p}
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxRunSlots {
		return fmt.Errorf("give a number from 1 to %d, or a percentage of the processors", maxRunSlots)
	}
	*s = slots{n: n}
	return nil
}

// String implements [pflag.Value].
func (s *slots) String() string {
	switch {
	case s.n > 0:
		return strconv.Itoa(s.n)
	case s.percent > 0:
		return strconv.FormatFloat(s.percent, 'g', -1, 64) + "%"
	}
	return ""
}

// Type implements [pflag.Value].
func (s *slots) Type() string { return "N" }

// number is how many commands run at once.
func (s *slots) number() int {
	switch {
	case s.n > 0:
		return s.n
	case s.percent > 0:
		return min(maxRunSlots, max(1, int(math.Floor(float64(runtime.GOMAXPROCS(0))*s.percent/100))))
	}
	return executor.DefaultSlots()
}

// haltFlag is the value of --halt.
type haltFlag halt.Policy

// Set implements [pflag.Value].
func (h *haltFlag) Set(v string) error {
	p, err := halt.Parse(v)
	if err == nil {
		*h = haltFlag(p)
	}
	return err
}

// String implements [pflag.Value].
func (h *haltFlag) String() string {
	if p := halt.Policy(*h); p.When != halt.Never {
		return p.String()
	}
	return ""
}

// Type implements [pflag.Value].
func (h *haltFlag) Type() string { return "WHEN" }

// splitCommand separates the command from the inputs behind :::. list is nil if
// there is no :::, and empty if nothing follows it.
func splitCommand(args []string) (command, list []string, err error) {
	command = args
	if i := slices.Index(args, ":::"); i >= 0 {
		command, list = args[:i], slices.Clone(args[i+1:])
		if list == nil {
			list = []string{}
		}
	}
	for _, other := range []string{":::", "::::", ":::+", "::::+"} {
		if slices.Contains(list, other) || (other != ":::" && slices.Contains(command, other)) {
			return nil, nil, usage("give one list after :::, or a file with -a FILE", "bgq run takes one list of inputs, not %s", other)
		}
	}
	if len(command) == 0 || command[0] == "" {
		return nil, nil, usage("for example: ls | bgq run -- gzip -k {}", "bgq run needs a command")
	}
	return command, list, nil
}
