package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bgq-dev/bgq/queue"
)

// queueSlots is the value of --queues: how many commands of each queue run at once; -1: as many as -j says.
type queueSlots map[string]int

// Set implements [pflag.Value].
func (q *queueSlots) Set(s string) error {
	all := queueSlots{}
	for part := range strings.SplitSeq(s, ",") {
		name, slots := part, -1
		if i := strings.LastIndexByte(part, ':'); i >= 0 {
			n, err := strconv.Atoi(part[i+1:])
			if err != nil || n < 1 || n > maxRunSlots {
				return fmt.Errorf("%q: after the colon stands how many run at once, from 1 to %d", part, maxRunSlots)
			}
			name, slots = part[:i], n
		}
		if _, twice := all[name]; twice || name == "" {
			return fmt.Errorf("%q: give each queue once, like default:4,io:1", part)
		}
		all[name] = slots
	}
	*q = all
	return nil
}

// String implements [pflag.Value].
func (q *queueSlots) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(*q)) {
		if n := (*q)[name]; n >= 0 {
			name += ":" + strconv.Itoa(n)
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, ",")
}

// Type implements [pflag.Value].
func (q *queueSlots) Type() string { return "queues" }

// describe says what is worked on.
func (f *workFlags) describe() string {
	all := f.queues
	if all == nil {
		all = queueSlots{queue.DefaultQueue: -1}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		n := all[name]
		if n < 0 {
			n = f.slots.number()
		}
		parts = append(parts, fmt.Sprintf("%s with %s", name, plural(int64(n), "worker")))
	}
	return "working on " + strings.Join(parts, ", ")
}
