package boltstore

import (
	"github.com/bgq-dev/bgq/store"
)

// saveSettings writes the records that are not about single jobs.
func (v *salvage) saveSettings() error {
	for _, step := range []func() error{v.saveBatches, v.rebuildBatches, v.saveQueues, v.pauseQueues, v.saveSchedules, v.saveAudit, v.saveStats} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readSetting reads a record of a queue, a batch or a schedule; its name must be its key.
func readSetting(in table, key, sealed []byte) (setting any, ok bool) {
	name := ""
	switch in {
	case tableQueue:
		q := &store.QueueInfo{}
		setting, ok = q, decodeMsgpack(key, sealed, q) == nil
		name = q.Name
	case tableBatch:
		b := &batchRecord{}
		setting, ok = b, decodeMsgpack(key, sealed, b) == nil && !b.Base.IsZero() && b.Base.MemberIndex() == 0
		name = b.Name
	case tableSchedule:
		s := &store.Schedule{}
		setting, ok = s, decodeMsgpack(key, sealed, s) == nil && s.Spec != ""
		name = s.Name
	}
	return setting, ok && name == string(key)
}

// laterSetting tells whether a batch, or a schedule, is in a later state than in another record.
func laterSetting(in table, key, sealed, other []byte) bool {
	a, ok1 := readSetting(in, key, sealed)
	b, ok2 := readSetting(in, key, other)
	if !ok1 || !ok2 {
		return ok1
	}
	if in == tableBatch {
		return a.(*batchRecord).Floor > b.(*batchRecord).Floor
	}
	return a.(*store.Schedule).Slot.After(b.(*store.Schedule).Slot)
}

// settings calls a function for each record of a table that was found.
func (v *salvage) settings(in table, fn func(key []byte, setting any, sure bool) error) error {
	return v.stage.each(shelf(in), nil, func(k, b []byte) error {
		if err := v.pause(); err != nil {
			return err
		}
		at := decodeSpot(b)
		sealed, err := v.w.Read(at.at, at.size)
		if err != nil {
			return nil
		}
		setting, ok := readSetting(in, k, sealed)
		if !ok {
			return nil
		}
		v.survey.settings++
		sure := at.trust == certain && v.report.Tree == TreeNewest
		if !sure && in != tableQueue {
			v.noteSetting(in, string(k), "older")
		}
		return fn(k, setting, sure)
	})
}

func (v *salvage) noteSetting(in table, name, became string) {
	if len(v.report.Settings) < maxSalvageList {
		v.report.Settings = append(v.report.Settings, SalvagedSetting{tableNames[in], name, became})
	}
}

// put puts a record into the new file.
func (v *salvage) put(in table, key, value []byte) error {
	if v.out == nil {
		return nil
	}
	if v.out.t.put(in, key, value); v.out.t.err != nil {
		return v.out.failed(v.out.t.err)
	}
	return v.out.wrote(1, len(key)+len(value))
}

// putSetting puts a record that is msgpack.
func (v *salvage) putSetting(in table, key []byte, setting any) error {
	sealed, err := encodeMsgpack(key, setting)
	if err != nil {
		return err
	}
	return v.put(in, key, sealed)
}

// saveQueues keeps the settings of queues. Those that may be older are kept too, and the queue is paused.
func (v *salvage) saveQueues() error {
	return v.settings(tableQueue, func(key []byte, setting any, sure bool) error {
		q := setting.(*store.QueueInfo)
		if !sure {
			v.pauseQueue(q)
		}
		return v.putSetting(tableQueue, key, q)
	})
}

// pauseQueues pauses the queues of jobs whose settings are lost.
func (v *salvage) pauseQueues() error {
	return v.stage.each(shelfQueue, nil, func(key, _ []byte) error {
		if !v.survey.missing[tableQueue].has(key) || v.stage.has(shelf(tableQueue), key) {
			return v.pause()
		}
		q := &store.QueueInfo{Name: string(key)}
		v.pauseQueue(q)
		return v.putSetting(tableQueue, key, q)
	})
}

func (v *salvage) pauseQueue(q *store.QueueInfo) {
	if !q.Paused {
		q.Paused, q.Since, q.Reason = true, v.now, "its settings were lost when the file was damaged, and it may have been paused"
	}
	v.noteSetting(tableQueue, q.Name, "paused")
}

func (v *salvage) saveSchedules() error {
	return v.settings(tableSchedule, func(key []byte, setting any, _ bool) error {
		return v.putSetting(tableSchedule, key, setting)
	})
}

// saveAudit keeps the entries of the audit, and makes the trails of the jobs anew.
func (v *salvage) saveAudit() error {
	newest := v.survey.audited
	err := v.stage.each(shelf(tableAudit), nil, func(k, b []byte) error {
		if err := v.pause(); err != nil {
			return err
		}
		at := decodeSpot(b)
		sealed, _, ok := v.read(k, at)
		e, err := readEntry(k, sealed)
		if !ok || err != nil || at.trust == clashing {
			return nil
		}
		newest = max(newest, e.Seq)
		for _, id := range e.Jobs {
			if err := v.put(tableTrail, trailKey(id, e.Seq), nil); err != nil {
				return err
			}
		}
		return v.put(tableAudit, k, sealed)
	})
	if err != nil || newest == 0 {
		return err
	}
	return v.put(tableMeta, newestEntryKey, seal(newestEntryKey, auditKey(newest)))
}

// saveStats keeps the statistics. The mark of the last save is not needed: nobody has more in
// memory.
func (v *salvage) saveStats() error {
	return v.stage.each(shelf(tableStat), nil, func(k, b []byte) error {
		sealed, _, ok := v.read(k, decodeSpot(b))
		if _, isRow := splitStat(k); !ok || !isRow {
			return v.pause()
		}
		return v.put(tableStat, k, sealed)
	})
}
