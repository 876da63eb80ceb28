// Package bench measures bgq beside the least that the same work can cost on the same
// disk, in the same run.
//
// Machines are noisy and disks differ by a factor of a hundred, so what counts are
// ratios between two things that are measured in turn. A [Scenario] is measured in
// rounds. In each round every side has its turn: bgq, its counterpart, and, if asked for,
// bgq in a file that already holds many other jobs. The order of the sides changes from round to
// round, so that a machine that gets slower favours none. A ratio is the median of the ratios of the
// rounds.
//
// The counterpart is raw bbolt, set up as bgq sets it up, with one put for each job, of
// exactly as many bytes (keys and values) as bgq puts for it, and as few commits as
// the scenario allows. How many bytes these are is not assumed but read from
// a file of bgq, see weigh. Both sides sync every commit.
package bench
