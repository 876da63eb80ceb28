package boltstore

import (
	"bytes"
	"encoding/binary"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// survey is what the walk through the tree has shown.
type survey struct {
	format   int           // 0: it cannot be read
	seen     [tables]bool  // the table is there
	found    [tables]int64 // records that can be read
	bad      [tables]int64 // those that cannot
	missing  [tables]gaps  // where others may have been
	settings int           // records of queues, batches and schedules
	counted  int64         // jobs, by the counters
	audited  uint64        // the number of the newest entry of the audit
	reached  *pagecheck.Reached
}

// indexes are the tables that name each job once.
var indexes = []table{tableReady, tableAlone, tableDue, tableRun, tableHeld, tableDone}

// walk notes where each record is, and what may be missing.
func (v *salvage) walk() (err error) {
	s := &v.survey
	if s.reached, err = v.w.Walk(v.root, v); err != nil {
		return err
	}
	for t := range tables {
		// Until the format is known, a table that is not there need not have been.
		if !s.seen[t] && (t < tableToken || s.format > 1) {
			s.missing[t].all()
		}
	}
	if s.missing[tableCount].empty() && s.bad[tableCount] == 0 {
		v.report.Expected = s.counted
	}
	return nil
}

// Bucket implements pagecheck.Visitor.
func (v *salvage) Bucket(path [][]byte, _ uint64) (pagecheck.Choice, error) {
	if !bytes.Equal(path[0], rootName) {
		if len(path) == 1 {
			v.report.App = append(v.report.App, SalvagedBucket{Name: string(path[0]), Whole: true})
		}
		return pagecheck.Enter, nil
	}
	if len(path) == 1 {
		return pagecheck.Enter, nil
	}
	in, ok := bucketPath(path).table()
	if !ok {
		return pagecheck.Refuse, nil
	}
	v.survey.seen[in] = true
	return pagecheck.Enter, nil
}

// Lost implements pagecheck.Visitor.
func (v *salvage) Lost(path [][]byte, low, high []byte) error {
	inside := func(name []byte) bool {
		return bytes.Compare(name, low) >= 0 && (high == nil || bytes.Compare(name, high) < 0)
	}
	switch in, isTable := bucketPath(path).table(); {
	case len(path) == 0:
		v.report.AppUnknown = true
		if inside(rootName) {
			return v.Lost([][]byte{rootName}, nil, nil)
		}
	case isTable:
		v.survey.missing[in].add(low, high)
	case bytes.Equal(path[0], rootName):
		for t := range tables {
			if len(path) == 1 && inside([]byte(tableNames[t])) {
				v.survey.missing[t].all()
			}
		}
	default:
		v.report.App[len(v.report.App)-1].Whole = false
	}
	return nil
}

// Damaged implements pagecheck.Visitor.
func (v *salvage) Damaged(page uint64, what string) {
	if v.report.DamagedPages++; len(v.report.Damaged) < maxSalvageList {
		v.report.Damaged = append(v.report.Damaged, DamagedPage{page, what})
	}
}

// Item implements pagecheck.Visitor.
func (v *salvage) Item(path [][]byte, it *pagecheck.Item) (good bool, err error) {
	if err := v.pause(); err != nil {
		return false, err
	}
	in, isTable := bucketPath(path).table()
	switch {
	case len(path) == 0, !isTable && bytes.Equal(path[0], rootName):
		return false, nil // there are only buckets
	case !isTable:
		return true, nil
	}
	sealed, err := it.Value()
	if err != nil || !v.readable(in, it.Key, sealed, it.Sound) {
		v.survey.bad[in]++
		if in == tableJob && len(it.Key) == idLen {
			return false, v.stage.mark(shelfBad, it.Key)
		}
		return false, nil
	}
	v.survey.found[in]++
	if in == tableMeta {
		return true, v.meta(it.Key, sealed)
	}
	if derived[in] {
		return true, nil
	}
	return true, v.stage.place(shelf(in), it.Key, spot{certain, it.At, it.Size})
}

// readable tells whether something is a record of a table. Where a record has no checksum, its page must
// hold together.
func (v *salvage) readable(in table, key, sealed []byte, sound bool) bool {
	switch in {
	case tableJob:
		return len(key) == idLen && (&record{}).decode(store.ID(key), sealed, nil) == nil
	case tableArgs, tableResult:
		_, ok := unseal(key, sealed)
		return ok && len(key) == idLen
	case tableFailure:
		var f store.Failure
		return len(key) == idLen+4 && decodeMsgpack(key, sealed, &f) == nil
	case tablePoint:
		_, ok := unseal(key, sealed)
		return ok && len(key) > idLen
	case tableLog:
		_, err := readLine(key, sealed)
		return err == nil
	case tableReady, tableAlone, tableDue, tableRun, tableHeld, tableDone, tableTrail:
		return sound && len(key) >= idLen && len(sealed) == 0
	case tableUnique, tableToken:
		_, ok := unsealID(key, sealed)
		return ok
	case tableBase:
		return sound && len(key) == baseLen
	case tableCount:
		n, ok := readCount(key, sealed)
		if ok {
			v.survey.counted += n
		}
		return ok
	case tableStat:
		_, isRow := splitStat(key)
		_, err := decodeStats(key, sealed)
		_, isMark := unseal(key, sealed)
		return isRow && err == nil || isMark && bytes.Equal(key, savedKey)
	case tableAudit:
		_, err := readEntry(key, sealed)
		return err == nil
	case tableMeta:
		if bytes.Equal(key, formatKey) {
			return sound && len(sealed) == 4
		}
		_, ok := unseal(key, sealed)
		return ok
	}
	_, ok := readSetting(in, key, sealed)
	return ok
}

var formatKey = []byte("format")

// meta reads what is known of the file as a whole.
func (v *salvage) meta(key, sealed []byte) error {
	switch {
	case bytes.Equal(key, formatKey):
		found := int(binary.BigEndian.Uint32(sealed))
		if found > migrations.Latest && found < 1<<20 {
			return v.newerFormat(found)
		}
		v.survey.format = found
	case bytes.Equal(key, newestEntryKey) && len(sealed) == auditKeyLen+sumLen:
		v.survey.audited = binary.BigEndian.Uint64(sealed)
	}
	return nil
}
