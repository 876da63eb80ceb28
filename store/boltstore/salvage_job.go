package boltstore

import "github.com/bgq-dev/bgq/store"

// saveJobs writes the jobs in the order of their ids: first those whose records are
// certain, so that a doubtful one takes no key from them.
func (v *salvage) saveJobs() error {
	for _, sure := range []bool{true, false} {
		err := v.stage.each(shelf(tableJob), nil, func(k, b []byte) error {
			if err := v.pause(); err != nil {
				return err
			}
			at := decodeSpot(b)
			if at.trust >= confirmed != sure {
				return nil
			}
			id := store.ID(k)
			j, ok := v.head(id, at)
			if !ok { // it was readable a moment ago
				v.report.Lost.add(id)
				return nil
			}
			if at.trust == confirmed {
				v.report.Strayed.add(id)
			}
			return v.saveJob(&saved{record: j, sure: at.trust >= confirmed && v.report.Tree == TreeNewest})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// saved is a job as it will be in the new file, with what stands apart from its record.
type saved struct {
	*record
	sure         bool   // it is not an older state
	args, result []byte // sealed; nil: not apart
	rows         []row  // failures, checkpoints, lines of the log
}

// row is a record that belongs to a job.
type row struct {
	in         table
	key, value []byte
}

func (v *salvage) saveJob(s *saved) error {
	for _, gather := range []func(*saved) error{v.gatherFailures, v.gatherArgs, v.gatherResult, v.gatherRows} {
		if err := gather(s); err != nil {
			return err
		}
	}
	if !s.sure {
		v.report.Doubtful.add(s.ID)
		v.hold(s)
	}
	if err := v.takeKeys(s); err != nil {
		return err
	}
	v.report.Jobs++
	v.report.States[s.State]++
	if err := v.noteBatch(s.record); err != nil {
		return err
	}
	return v.write(s)
}

// hold keeps a job that has not ended from running.
func (v *salvage) hold(s *saved) {
	if s.State.Final() {
		return
	}
	v.report.Held++
	s.State, s.Reason = store.Pending, ReasonDoubtful
}

// takeKeys frees the unique key and the token of a job if they are another's.
func (v *salvage) takeKeys(s *saved) error {
	taken := false
	take := func(from shelf, key *string) error {
		if !v.stage.has(from, []byte(*key)) {
			return v.stage.mark(from, []byte(*key))
		}
		*key, taken = "", true
		return nil
	}
	if wantsKey(s.record) {
		if err := take(shelfUnique, &s.Unique); err != nil {
			return err
		}
	}
	if s.Token != "" {
		if err := take(shelfToken, &s.Token); err != nil {
			return err
		}
	}
	if taken {
		v.report.KeyLost.add(s.ID)
		if s.Reason != ReasonDoubtful {
			v.hold(s)
		}
	}
	return nil
}

// write puts a job into the new file.
func (v *salvage) write(s *saved) error {
	if v.out == nil {
		return nil
	}
	t, j := v.out.t, s.record
	t.add(j, j.State, 1)
	if wantsKey(j) {
		t.takeKey(j)
	}
	t.takeToken(j)
	t.stand(j)
	head := t.encode(j)
	t.put(tableJob, j.ID[:], head)
	size := len(head) + len(s.args) + len(s.result)
	if s.args != nil {
		t.put(tableArgs, j.ID[:], s.args)
	}
	if s.result != nil {
		t.put(tableResult, j.ID[:], s.result)
	}
	for _, r := range s.rows {
		t.put(r.in, r.key, r.value)
		size += len(r.key) + len(r.value)
	}
	if t.err != nil {
		return v.out.failed(t.err)
	}
	return v.out.wrote(3+len(s.rows), size)
}
