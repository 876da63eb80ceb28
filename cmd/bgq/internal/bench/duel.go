package bench

import (
	"context"
	"fmt"
	"os"
	"time"
)

// duel describes the sides of a scenario.
type duel struct {
	// bgq is measured in the file at path, which may not exist yet, and which it leaves closed.
	bgq func(ctx context.Context, path string) (take, error)
	// raw is the other side. path is its own file, which does not exist yet. nil: there is no other side.
	raw func(ctx context.Context, path string) (take, error)
	// same is a further side like raw, which makes the same puts and deletes as bgq. nil: there is none.
	same func(ctx context.Context, path string) (take, error)
	// file is the path for bgq; nil: a new file for each measurement.
	file func(ctx context.Context) (string, error)
	// lone: it is not also measured in a file with other jobs.
	lone bool
}

// take is one measurement of one side.
type take struct {
	n       int
	value   float64         // in the unit of the scenario
	calls   []time.Duration // of single calls, if they were timed
	figures map[string]float64
}

// rate is a take of n things done in a time.
func rate(n int, took time.Duration) take { return take{n: n, value: float64(n) / took.Seconds()} }

// side is one of those that take turns.
type side struct {
	name    string
	measure func(ctx context.Context) (take, error)
	takes   []take
}

// duel measures all sides, round by round.
func (e *Env) duel(ctx context.Context, d duel) (Result, error) {
	var sides []*side
	add := func(name string, file func(context.Context) (string, error), measure func(context.Context, string) (take, error)) *side {
		s := &side{name: name, measure: func(ctx context.Context) (take, error) { return e.inFile(ctx, file, measure) }}
		sides = append(sides, s)
		return s
	}
	bgq := add("bgq", d.file, d.bgq)
	var raw, same, others *side
	if d.raw != nil {
		raw = add("raw", nil, d.raw)
	}
	if d.same != nil {
		same = add("raw with the same puts", nil, d.same)
	}
	if e.cfg.Others > 0 && !d.lone {
		many := func(ctx context.Context) (string, error) { return e.population(ctx, e.cfg.Others) }
		others = add("bgq beside "+count(e.cfg.Others)+" other jobs", many, d.bgq)
	}
	for round := range e.cfg.Rounds {
		for _, s := range sides {
			e.say("%s: round %d of %d, %s", e.current.Name, round+1, e.cfg.Rounds, s.name)
			t, err := s.measure(ctx)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return Result{}, fmt.Errorf("%s: %w", s.name, err)
			}
			s.takes = append(s.takes, t)
		}
		sides = append(sides[1:], sides[0])
	}
	return e.judge(bgq, raw, same, others), nil
}

// inFile measures in a file: a new one that is removed afterwards unless file names one.
func (e *Env) inFile(ctx context.Context, file func(context.Context) (string, error), measure func(context.Context, string) (take, error)) (take, error) {
	if file != nil {
		path, err := file(ctx)
		if err != nil {
			return take{}, err
		}
		return measure(ctx, path)
	}
	path := e.path()
	defer os.Remove(path)
	return measure(ctx, path)
}

// judge makes a result of the takes. Sides other than bgq may be nil.
func (e *Env) judge(bgq, raw, same, others *side) Result {
	r := e.current.result()
	r.Figures = figures(bgq.takes)
	for i, t := range bgq.takes {
		r.N += t.n
		round := Round{BGQ: t.value}
		round.Raw, round.Ratio = raw.round(i, bgq)
		round.Same, round.SameRatio = same.round(i, bgq)
		round.Others, _ = others.round(i, bgq)
		r.Rounds = append(r.Rounds, round)
	}
	r.BGQ = median(values(bgq.takes))
	r.P50, r.P99 = percentiles(bgq.takes)
	r.RawBolt, r.Ratio = raw.medians(bgq)
	r.Same, r.SameRatio = same.medians(bgq)
	if raw != nil {
		r.RawP50, r.RawP99 = percentiles(raw.takes)
	}
	r.Met = r.Goal.met(r.BGQ, r.Ratio)
	if others != nil {
		r.Others = e.beside(r.Rounds, others)
	}
	return r
}

// round returns what the side did in a round, and the ratio of bgq to it; nil, nil if there is no
// such side.
func (s *side) round(i int, bgq *side) (value, ratio *float64) {
	if s == nil {
		return nil, nil
	}
	v := s.takes[i].value
	r := bgq.takes[i].value / v
	return &v, &r
}

// medians returns the medians of what round returns.
func (s *side) medians(bgq *side) (value, ratio *float64) {
	if s == nil {
		return nil, nil
	}
	var ratios []float64
	for i := range s.takes {
		_, r := s.round(i, bgq)
		ratios = append(ratios, *r)
	}
	v, r := median(values(s.takes)), median(ratios)
	return &v, &r
}

// cost is how much of the throughput other jobs may take.
const cost = 0.15

// beside judges what bgq did in a file with other jobs.
func (e *Env) beside(rounds []Round, others *side) *Others {
	o := &Others{Jobs: e.cfg.Others, BGQ: median(values(others.takes)), Figures: figures(others.takes)}
	o.P50, o.P99 = percentiles(others.takes)
	var ratios []float64
	for _, round := range rounds {
		if round.BGQ != 0 {
			ratios = append(ratios, *round.Others/round.BGQ)
		}
	}
	if len(ratios) > 0 {
		ratio := median(ratios)
		o.Ratio = &ratio
	}
	switch goal := e.current.Goal; {
	case goal != nil && goal.Of == ofValue:
		o.Goal = goal
	case !lessIsBetter(e.current.Unit):
		o.Goal = ratioAtLeast(1 - cost)
	}
	o.Met = o.Goal.met(o.BGQ, o.Ratio)
	return o
}
