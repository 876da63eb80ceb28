package boltstore

import (
	"encoding/binary"

	"github.com/bgq-dev/bgq/store"
)

// gatherArgs finds the arguments that stand apart.
func (v *salvage) gatherArgs(s *saved) error {
	if !s.argsApart() {
		return nil
	}
	if s.args = v.value(s, tableArgs, s.ArgsSize); s.args != nil {
		return nil
	}
	v.report.ArgsLost.add(s.ID)
	s.ArgsSize = 0
	if s.State.Final() {
		return nil
	}
	s.State, s.Reason, s.FinalisedAt, s.Suspect = store.Discarded, ReasonArgsLost, fromNanos(nanos(v.now)), false
	return s.fail(v, "the arguments were lost when the file was damaged, and the job cannot run any more")
}

// gatherResult finds the result that stands apart.
func (v *salvage) gatherResult(s *saved) error {
	if !s.resultApart() {
		return nil
	}
	if s.result = v.value(s, tableResult, s.ResultSize); s.result != nil {
		return nil
	}
	v.report.ResultLost.add(s.ID)
	s.ResultSize = 0
	if s.State != store.Completed {
		return nil
	}
	s.State, s.Reason = store.Discarded, ReasonResultLost // nobody must take nothing for its result
	return s.fail(v, "it had completed, and its result was lost when the file was damaged")
}

// value returns a sealed value of a job that stands apart, or nil. One that was found outside
// of its table can be told by its size alone, unless both have the same. A result may be an
// earlier one, if the job ran several times.
func (v *salvage) value(s *saved, in table, size int) []byte {
	at, ok := v.stage.find(shelf(in), s.ID[:])
	if !ok {
		unclear := s.argsApart() && s.resultApart() && s.ArgsSize == s.ResultSize || in == tableResult && s.Claim > 1
		if at, ok = v.stage.find(shelfValue, valueKey(s.ID, size)); !ok || unclear || at.trust == clashing {
			return nil
		}
	}
	sealed, err := v.w.Read(at.at, at.size)
	if body, whole := unseal(s.ID[:], sealed); err != nil || !whole || len(body) != size {
		return nil
	}
	return sealed
}

// fail appends a failure.
func (s *saved) fail(v *salvage, message string) error {
	sealedKey := failureKey(s.ID, s.FailureCount)
	f := store.Failure{At: v.now, Attempt: s.Attempt, Kind: store.FailError, Message: message}
	sealed, err := encodeMsgpack(sealedKey, &f)
	if err != nil {
		return err
	}
	s.rows = append(s.rows, row{tableFailure, sealedKey, sealed})
	s.FailureCount++
	return nil
}

// gatherFailures finds the failures. Where some are missing the others move up, behind one that
// says so.
func (v *salvage) gatherFailures(s *saved) error {
	count, found := s.FailureCount, 0
	if count == 0 && s.sure { // otherwise a later state may have had some
		return nil
	}
	s.FailureCount = 0
	told := false
	err := v.stage.each(shelf(tableFailure), s.ID[:], func(k, b []byte) error {
		sealed, body, ok := v.read(k, decodeSpot(b))
		if !ok {
			return nil
		}
		if n := int(binary.BigEndian.Uint32(k[idLen:])); n != found && !told {
			told = true
			if err := s.failLost(v); err != nil {
				return err
			}
		}
		found++
		key := failureKey(s.ID, s.FailureCount)
		if string(key) != string(k) {
			sealed = sealValue(key, body)
		}
		s.rows = append(s.rows, row{tableFailure, key, sealed})
		s.FailureCount++
		return nil
	})
	if err != nil || found >= count {
		return err
	}
	v.report.FailuresLost.add(s.ID)
	if told {
		return nil
	}
	return s.failLost(v)
}

func (s *saved) failLost(v *salvage) error {
	return s.fail(v, "one or more failures were lost when the file was damaged")
}

// gatherRows finds the checkpoints and the log.
func (v *salvage) gatherRows(s *saved) error {
	if s.Claim == 0 && s.sure {
		return nil
	}
	for _, in := range []table{tablePoint, tableLog} {
		err := v.stage.each(shelf(in), s.ID[:], func(k, b []byte) error {
			at := decodeSpot(b)
			if sealed, _, ok := v.read(k, at); ok && at.trust != clashing {
				s.rows = append(s.rows, row{in, k, sealed})
				s.Claim = max(s.Claim, 1) // who has stored these was running
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read returns a record with its checksum, and without.
func (v *salvage) read(key []byte, at spot) (sealed, body []byte, ok bool) {
	sealed, err := v.w.Read(at.at, at.size)
	if err != nil {
		return nil, nil, false
	}
	body, ok = unseal(key, sealed)
	return sealed, body, ok
}
