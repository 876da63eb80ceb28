package bench

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// duel describes the sides of a scenario.
type duel struct {
	// bgq is measured in the file at path, which may not exist yet, and which it leaves closed.
	bgq func(ctx context.Context, path string) (take, error)
	// raw is the other side. path is its own file, which does not exist yet. nil: there is no other side.
	raw func(ctx context.Context, path string) (take, error)
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
	bgq := &side{name: "bgq", measure: func(ctx context.Context) (take, error) { return e.inFile(ctx, d.file, d.bgq) }}
	sides := []*side{bgq}
	var raw, others *side
	if d.raw != nil {
		raw = &side{name: "raw", measure: func(ctx context.Context) (take, error) { return e.inFile(ctx, nil, d.raw) }}
		sides = append(sides, raw)
	}
	if e.cfg.Others > 0 && !d.lone {
		many := func(ctx context.Context) (string, error) { return e.population(ctx, e.cfg.Others) }
		others = &side{name: "bgq beside " + count(e.cfg.Others) + " other jobs", measure: func(ctx context.Context) (take, error) {
			return e.inFile(ctx, many, d.bgq)
		}}
		sides = append(sides, others)
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
		slices.Reverse(sides)
	}
	return e.judge(bgq, raw, others), nil
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

// judge makes a result of the takes. raw and others may be nil.
func (e *Env) judge(bgq, raw, others *side) Result {
	r := e.current.result()
	r.Figures = figures(bgq.takes)
	for i, t := range bgq.takes {
		r.N += t.n
		round := Round{BGQ: t.value}
		if raw != nil {
			v := raw.takes[i].value
			ratio := t.value / v
			round.Raw, round.Ratio = &v, &ratio
		}
		if others != nil {
			v := others.takes[i].value
			round.Others = &v
		}
		r.Rounds = append(r.Rounds, round)
	}
	r.BGQ = median(values(bgq.takes))
	r.P50, r.P99 = percentiles(bgq.takes)
	if raw != nil {
		v := median(values(raw.takes))
		var ratios []float64
		for _, round := range r.Rounds {
			ratios = append(ratios, *round.Ratio)
		}
		ratio := median(ratios)
		r.RawBolt, r.Ratio = &v, &ratio
		r.RawP50, r.RawP99 = percentiles(raw.takes)
	}
	r.Met = r.Goal.met(r.BGQ, r.Ratio)
	if others != nil {
		r.Others = e.beside(r.Rounds, others)
	}
	return r
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
