package boltstore

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever happened to a file: what comes out holds together, is what went in as far as the report
// does not say otherwise, and nothing may run that may have ended.
func TestSalvageAtRandom(t *testing.T) {
	seen := map[string]int{}
	for _, clean := range []bool{true, false} {
		r := newRelic(t, clean, 120)
		for round := range uint64(35) {
			random := rand.New(rand.NewPCG(3, round))
			b := slices.Clone(r.image)
			pages := len(b) / relicPage
			page := func() []byte { return b[random.IntN(pages)*relicPage:][:relicPage] }
			for range 1 + random.IntN(12) {
				switch p := page(); random.IntN(6) {
				case 0:
					clear(p)
				case 1:
					copy(p, page())
				case 2: // a page of which only a part was written
					copy(p, page()[:512*random.IntN(8)])
				case 3:
					p[random.IntN(relicPage)] ^= 1 << random.IntN(8)
				case 4:
					p[random.IntN(200)] = byte(random.Uint32())
				default:
					clear(p[512*random.IntN(8):])
				}
			}
			if random.IntN(6) == 0 {
				b = b[:random.IntN(len(b))]
			}
			if random.IntN(6) == 0 { // the meta pages are lost
				clear(b[:min(len(b), 2*relicPage)])
			}
			report := r.rescue(t, b, noneIntact)
			if tally(seen, report); t.Failed() {
				t.Fatalf("clean %v, round %d: %+v", clean, round, report)
			}
		}
	}
	t.Log(seen)
	for _, what := range []string{"older tree", "lost", "doubtful", "held", "no args", "settings", "app"} {
		if seen[what] == 0 {
			t.Errorf("%q has not come up", what)
		}
	}
}

// tally counts what comes up.
func tally(seen map[string]int, r *SalvageReport) {
	if r == nil {
		seen["nothing"]++
		return
	}
	for what, is := range map[string]bool{
		"whole": r.Whole(), "older tree": r.Tree == TreeOlder, "no tree": r.Tree == TreeNone, "lost": r.Lost.Total > 0,
		"doubtful": r.Doubtful.Total > 0, "strayed": r.Strayed.Total > 0, "held": r.Held > 0, "no args": r.ArgsLost.Total > 0,
		"no result": r.ResultLost.Total > 0, "no failure": r.FailuresLost.Total > 0, "key": r.KeyLost.Total > 0,
		"settings": len(r.Settings) > 0, "app": len(r.App) > 0 && r.App[0].Whole,
	} {
		if is {
			seen[what]++
		}
	}
}
