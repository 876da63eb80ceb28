// Package bench measures bgq beside the least that the same work can cost on the same
// disk, in the same run.
//
// Machines are noisy and disks differ by a factor of a hundred, so what counts are
// ratios between two things that are measured in turn. A [Scenario] is measured in
// rounds. In each round every side has its turn: bgq, its counterparts, and, if asked for,
// bgq in a file that already holds many other jobs. Who begins changes from round to
// round, so that a machine that gets slower favours none. A ratio is the median of the ratios of the
// rounds.
//
// The counterpart is raw bbolt, set up as bgq sets it up, with one put for each step of a job, of
// exactly as many bytes (keys and values) as bgq puts in it, and as few commits as
// the scenario allows. Where jobs are stored or worked off there is a second one: raw bbolt that makes the
// same puts and deletes as bgq, in the same buckets, apart from the counters that jobs share.
// What lies between the two is the price of the indexes; what is left
// to bgq is what it does itself: checking, encoding, and bringing callers together.
// Neither bytes nor puts are assumed: they are read from a file of bgq, see weigh. All
// sides sync every commit.
package bench
