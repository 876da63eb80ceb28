package boltstore

import (
	"bytes"
	"encoding/binary"

	"github.com/bgq-dev/bgq/store"
)

// tokens checks that each token leads to the job that carries it.
func (v *verifier) tokens() error {
	for k := range v.prefix(tableToken, nil) {
		if err := v.pause(); err != nil {
			return err
		}
		id, _, err := v.bearer(string(k))
		if err != nil {
			v.problem("%v", err)
			continue
		}
		j, err := v.record(id)
		if err != nil {
			continue // told already
		}
		if j == nil || j.Token != string(k) {
			v.problem("the idempotency key %q leads to job %s, which does not carry it", k, id)
		}
	}
	return nil
}

// line checks a line of a log by itself.
func (v *verifier) line(key, sealed []byte) {
	if _, err := readLine(key, sealed); err != nil {
		v.problem("%v", damagedJob(store.ID(key[:idLen]), "log", err))
	}
}

// audit checks that from each job of an entry a trail leads to it, and that there are no
// other trails.
func (v *verifier) audit() error {
	newest, err := v.newestEntry()
	if err != nil {
		v.problem("%v", err)
		newest = 1<<64 - 1
	}
	jobs := map[uint64]int{} // of each entry that can be read
	bad := map[uint64]bool{} // entries that cannot
	for k, sealed := range v.prefix(tableAudit, nil) {
		if err := v.pause(); err != nil {
			return err
		}
		e, err := readEntry(k, sealed)
		if err != nil {
			v.problem("%v", err)
			if len(k) == auditKeyLen {
				bad[binary.BigEndian.Uint64(k)] = true
			}
			continue
		}
		if e.Seq > newest {
			v.problem("the audit has an entry %d, and the newest is said to be %d", e.Seq, newest)
		}
		jobs[e.Seq] = len(e.Jobs)
		for _, id := range e.Jobs {
			key := trailKey(id, e.Seq)
			if got, _ := v.bucket(tableTrail).Cursor().Seek(key); !bytes.Equal(got, key) {
				v.problem("the entry %d of the audit names job %s, from which no trail leads to it", e.Seq, id)
				jobs[e.Seq]--
			}
		}
	}
	return v.trails(jobs, bad)
}

// trails counts the trails to each entry, of which as many as it has jobs are known to be there.
func (v *verifier) trails(jobs map[uint64]int, bad map[uint64]bool) error {
	for k := range v.prefix(tableTrail, nil) {
		if err := v.pause(); err != nil {
			return err
		}
		if len(k) != trailKeyLen {
			v.problem("the trail %x is no id and number", k)
			continue
		}
		number := binary.BigEndian.Uint64(k[idLen:])
		if _, there := jobs[number]; !there && !bad[number] {
			v.problem("the trail of job %s leads to the entry %d of the audit, which does not exist", store.ID(k[:idLen]), number)
			continue
		}
		jobs[number]--
	}
	for number, left := range jobs {
		if left < 0 && !bad[number] {
			v.problem("%d trails lead to the entry %d of the audit, which does not name their jobs", -left, number)
		}
	}
	return nil
}
