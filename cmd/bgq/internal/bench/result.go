package bench

// Result is what a scenario has measured. Its fields, as JSON, are an interface.
type Result struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Raw   string `json:"raw_about"`
	// Skipped says why there is nothing else, or is empty.
	Skipped string `json:"skipped,omitempty"`

	// N is how many jobs, items or opens bgq did in all rounds together.
	N    int    `json:"n"`
	Unit string `json:"unit"`
	// Better is "higher" or "lower".
	Better string `json:"better"`
	// BGQ and RawBolt are medians of the rounds, in Unit. Ratio is the median of the rounds' BGQ/RawBolt.
	BGQ     float64  `json:"bgq"`
	RawBolt *float64 `json:"raw"`
	Ratio   *float64 `json:"ratio"`
	// Same is raw bbolt with the same puts and deletes, SameRatio the median of the rounds' BGQ/Same; nil where
	// that is not measured.
	Same      *float64 `json:"same_puts"`
	SameRatio *float64 `json:"same_puts_ratio"`
	Goal      *Goal    `json:"goal"`
	// Met tells whether the goal was met in this run; nil without a goal.
	Met *bool `json:"goal_met"`
	// P50 and P99 are of single calls, the medians of the rounds; nil where no calls are timed.
	P50    *float64 `json:"p50_us"`
	P99    *float64 `json:"p99_us"`
	RawP50 *float64 `json:"raw_p50_us"`
	RawP99 *float64 `json:"raw_p99_us"`
	// Others is the same in a file with many other jobs; nil if it was not asked for.
	Others *Others `json:"others"`
	Rounds []Round `json:"rounds"`
	// Figures are further medians of what bgq did, by names that end with their unit.
	Figures map[string]float64 `json:"figures"`
}

// result returns a result that has only what is known before anything is measured.
func (s *Scenario) result() Result {
	r := Result{
		Name: s.Name, About: s.About, Raw: s.Raw, Unit: s.Unit, Better: "higher", Goal: s.Goal,
		Rounds: []Round{}, Figures: map[string]float64{},
	}
	if lessIsBetter(s.Unit) {
		r.Better = "lower"
	}
	return r
}

// skip returns the result of a scenario that cannot be measured here.
func (s *Scenario) skip(why string) Result {
	r := s.result()
	r.Skipped = why
	return r
}

// Others is what bgq did in a file with other jobs, beside what it did without.
type Others struct {
	Jobs int `json:"jobs"`
	// BGQ is the median of the rounds, Ratio that of the rounds' with/without; nil if it was
	// nothing without.
	BGQ     float64            `json:"bgq"`
	Ratio   *float64           `json:"ratio"`
	P50     *float64           `json:"p50_us"`
	P99     *float64           `json:"p99_us"`
	Goal    *Goal              `json:"goal"`
	Met     *bool              `json:"goal_met"`
	Figures map[string]float64 `json:"figures"`
}

// Round is one round. Fields of sides that there are not are nil.
type Round struct {
	BGQ       float64  `json:"bgq"`
	Raw       *float64 `json:"raw"`
	Ratio     *float64 `json:"ratio"`
	Same      *float64 `json:"same_puts"`
	SameRatio *float64 `json:"same_puts_ratio"`
	Others    *float64 `json:"others"`
}

// Goal is a bound for a ratio, or for the value of bgq.
type Goal struct {
	Of      string   `json:"of"` // "ratio" or "bgq"
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
}

// The two things that a goal can be of.
const (
	ofRatio = "ratio"
	ofValue = "bgq"
)

func ratioAtLeast(v float64) *Goal { return &Goal{Of: ofRatio, AtLeast: &v} }
func ratioAtMost(v float64) *Goal  { return &Goal{Of: ofRatio, AtMost: &v} }
func valueAtMost(v float64) *Goal  { return &Goal{Of: ofValue, AtMost: &v} }

// met tells whether the value, or the ratio if there is one, is within the goal.
func (g *Goal) met(value float64, ratio *float64) *bool {
	if g == nil {
		return nil
	}
	v := value
	if g.Of == ofRatio {
		if ratio == nil {
			return nil
		}
		v = *ratio
	}
	ok := (g.AtLeast == nil || v >= *g.AtLeast) && (g.AtMost == nil || v <= *g.AtMost)
	return &ok
}

// The units and what is better in them.
const (
	jobsPerSecond  = "jobs/s"
	itemsPerSecond = "items/s"
	microseconds   = "µs"
	milliseconds   = "ms"
	seconds        = "s"
	megabytes      = "MB"
	cpuPerSecond   = "ms/s" // of CPU time
)

// lessIsBetter tells what is better in a unit.
func lessIsBetter(unit string) bool { return unit != jobsPerSecond && unit != itemsPerSecond }
