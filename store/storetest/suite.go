// Package storetest is the contract of [store.Store] as a test suite: what the
// doc comments of package store promise, each sentence as a case that any store
// can be run against.
//
// A store is tested with one call:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, storetest.Harness{Open: open, Audit: audit})
//	}
//
// Every case runs twice: once straight through, and once with the store closed
// and opened again at each of the case's checkpoints, so that nothing is proved of
// a memory that should have been proved of the disk. At its end every case
// recounts the jobs against the counters and calls the audit.
//
// Cases run in a synctest bubble, where "still waiting" can be observed instead of
// guessed by sleeping, and where a call that never returns fails at once.
//
// The last topic plays random histories against a map-based model. Run more of
// them with -rapid.checks, and longer ones with -rapid.steps.
package storetest

import (
	"testing"
	"testing/synctest"

	"github.com/bgq-dev/bgq/store"
)

// Harness is what the suite needs to know of a store.
type Harness struct {
	// Open opens the store that lives at path, and creates it if it is not there. It
	// fails the test if it cannot. The suite closes what it opened.
	Open func(t testing.TB, path string) store.Store
	// Audit fails the test if what the store keeps contradicts itself. It is called
	// at the end of each case, while the store is open. Nil: there is no audit.
	Audit func(t testing.TB, s store.Store)
	// Network is for stores that talk to a server: their cases run outside a bubble,
	// and what needs one is checked less sharply.
	Network bool
}

// topic is a part of the contract, one file each.
type topic struct {
	name  string
	cases []scenario
}

// scenario is one case.
type scenario struct {
	name string
	run  func(fx *fixture)
}

// Run tests the store against the whole contract.
func Run(t *testing.T, h Harness) {
	t.Helper()
	topics := []topic{
		{"enqueue", enqueueCases},
		{"unique", uniqueCases},
		{"token", tokenCases},
		{"claim", claimCases},
		{"suspects", suspectCases},
		{"wait", waitCases},
		{"extend", extendCases},
		{"finish", finishCases},
		{"fence", fenceCases},
		{"change", changeCases},
		{"maintain", maintainCases},
		{"queues", queueCases},
		{"audit", auditCases},
		{"batch", batchCases},
		{"schedule", scheduleCases},
		{"get", getCases},
		{"list", listCases},
		{"watch", watchCases},
		{"logs", logCases},
		{"stats", statsCases},
		{"events", eventCases},
		{"concurrency", concurrencyCases},
		{"durability", durabilityCases},
	}
	for _, topic := range topics {
		t.Run(topic.name, func(t *testing.T) {
			for _, c := range topic.cases {
				t.Run(c.name, func(t *testing.T) { h.play(t, c) })
			}
		})
	}
	t.Run("model", func(t *testing.T) { checkModel(t, h) })
}

// play runs a case straight, and again with reopening.
func (h Harness) play(t *testing.T, c scenario) {
	for _, mode := range []struct {
		name   string
		reopen bool
	}{{"straight", false}, {"reopened", true}} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			body := func(t *testing.T) { c.run(newFixture(t, h, mode.reopen)) }
			if h.Network {
				body(t)
				return
			}
			synctest.Test(t, body)
		})
	}
}
