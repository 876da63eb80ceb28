package boltstore

import (
	"strings"

	"github.com/bgq-dev/bgq/store"
)

// noteBatch remembers the queue of a job, and its batch if that one's record is lost: what is
// needed of it can be told from a member.
func (v *salvage) noteBatch(j *record) error {
	if !v.stage.has(shelfQueue, []byte(j.Queue)) {
		if err := v.stage.mark(shelfQueue, []byte(j.Queue)); err != nil {
			return err
		}
	}
	name := []byte(j.Batch)
	if len(name) == 0 || j.Index < 0 || j.Index != j.ID.MemberIndex() || v.stage.has(shelf(tableBatch), name) || v.stage.has(shelfRebuilt, name) ||
		!v.survey.missing[tableBatch].has(name) {
		return nil
	}
	base := j.ID
	clear(base[baseLen:])
	return v.stage.put(shelfRebuilt, name, appendNames(base[:idLen:idLen], j.Queue, j.Kind))
}

// saveBatches keeps the batches. What a lost member had for an index is not given away again.
func (v *salvage) saveBatches() error {
	return v.settings(tableBatch, func(key []byte, setting any, _ bool) error {
		b := setting.(*batchRecord)
		return v.saveBatch(key, b)
	})
}

func (v *salvage) saveBatch(key []byte, b *batchRecord) error {
	base := b.Base[:baseLen]
	if v.stage.has(shelfBase, base) {
		v.noteSetting(tableBatch, b.Name, "lost") // another one has its ids
		return nil
	}
	if err := v.stage.mark(shelfBase, base); err != nil {
		return err
	}
	if err := v.markLost(b); err != nil {
		return err
	}
	if err := v.put(tableBase, base, []byte(b.Name)); err != nil {
		return err
	}
	return v.putSetting(tableBatch, key, b)
}

// markLost puts discarded jobs into the place of the members that are lost. A batch would never end
// without them, or its members would run again, and their indexes would be given away again.
func (v *salvage) markLost(b *batchRecord) error {
	base := b.Base[:baseLen]
	next := max(b.Floor, b.Total)
	keyed := false // its members have unique keys, by which the owner of the batch may know them
	if k := v.stage.last(shelf(tableJob), base); len(k) == idLen {
		next = max(next, store.ID(k).MemberIndex()+1)
		at, _ := v.stage.find(shelf(tableJob), k)
		j, ok := v.head(store.ID(k), at)
		keyed = ok && j.Unique != ""
	}
	var lost []store.ID
	err := v.stage.each(shelfLost, base, func(k, _ []byte) error {
		if id := store.ID(k); !v.stage.has(shelf(tableJob), k) {
			lost = append(lost, id)
		}
		return v.pause()
	})
	if err != nil {
		return err
	}
	for _, id := range lost {
		// What names them may itself be damaged. So the index of each must be one that could come next.
		index := id.MemberIndex()
		if index >= next+int64(len(lost)) || b.Total > 0 && index >= b.Total {
			continue
		}
		b.Floor = max(b.Floor, index+1)
		if b.Queue == "" || b.Kind == "" || keyed && !v.stage.has(shelfKey, id[:]) {
			continue // too little is known of it
		}
		if err := v.markMember(b, id); err != nil {
			return err
		}
	}
	return nil
}

func (v *salvage) markMember(b *batchRecord, id store.ID) error {
	v.report.Marked++
	s := &saved{record: &record{Job: store.Job{
		ID: id, Queue: b.Queue, Kind: b.Kind, Batch: b.Name, Index: id.MemberIndex(), Kept: true, MaxAttempts: 1,
		State: store.Discarded, Reason: ReasonLost, CreatedAt: b.CreatedAt, FinalisedAt: fromNanos(nanos(v.now)),
	}}}
	if err := s.fail(v, "all of the job was lost when the file was damaged"); err != nil {
		return err
	}
	// Whose unique key outlived its end holds it as long as it is there.
	s.Unique = string(v.stage.get(shelfKey, id[:]))
	if v.stage.get(shelfLost, id[:])[0] == lostEnded {
		s.UniqueUntil = store.UntilDeleted
	}
	if err := v.takeKeys(s); err != nil {
		return err
	}
	return v.write(s)
}

// rebuildBatches makes the records of batches from what noteBatch has found.
func (v *salvage) rebuildBatches() error {
	return v.stage.each(shelfRebuilt, nil, func(name, known []byte) error {
		b := &batchRecord{Batch: store.Batch{Name: string(name), Base: store.ID(known), CreatedAt: v.now}}
		b.Queue, b.Kind = cutNames(known[idLen:])
		v.survey.settings++
		v.noteSetting(tableBatch, b.Name, "rebuilt")
		return v.saveBatch(name, b)
	})
}

// cutNames is the inverse of appendNames for two names.
func cutNames(b []byte) (one, two string) {
	one, rest, _ := strings.Cut(string(b), "\x00")
	return one, strings.TrimSuffix(rest, "\x00")
}
