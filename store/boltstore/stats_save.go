package boltstore

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// Statistics are gathered in memory, and saved by a commit that is made anyway, when the
// oldest of what was gathered has waited for saveAfter. If none is made, one for them alone
// comes saveLate later; so an idle store makes one more commit, and is idle then.
const (
	saveAfter = 10 * time.Second
	saveLate  = time.Second
)

const (
	// maxSeries is how many queues and kinds are counted apart in one minute or hour.
	maxSeries = 300
	// maxUnsaved is how many rows wait in memory at most, while they cannot be saved.
	maxUnsaved = 4 * (maxSeries + 1)
)

// otherSeries counts what is beyond maxSeries.
var otherSeries = series{store.OtherStats, store.OtherStats}

// statistics holds what was counted and is not in the file yet. Whoever changes it holds
// Store.writer too, so that who writes may read it without mu.
type statistics struct {
	mu    sync.Mutex
	rows  map[statRow]*store.Stats
	since time.Time           // when the first of them came, or when they were last tried to be saved
	known map[series]struct{} // what is counted by its own name in the minute
	start int64               // of that minute
	next  save                // the one that will write the rows
}

// save identifies a save of statistics. The last one is noted in the file, in the same
// commit, so that who has read both the memory and the file can tell whether the one is in
// the other.
type save struct {
	opened [8]byte // drawn when the file was opened
	number uint64  // counts up from 1
}

// savedKey is where the last save stands in the table.
var savedKey = []byte{0}

// begin makes it empty, and its saves different from those of earlier opens.
func (st *statistics) begin() {
	st.rows, st.known = map[statRow]*store.Stats{}, map[series]struct{}{}
	st.next.number = 1
	rand.Read(st.next.opened[:]) // never fails
}

// add takes over what a transaction has counted, after its commit.
func (st *statistics) add(at time.Time, l *ledger) {
	st.mu.Lock()
	defer st.mu.Unlock()
	start := nanos(at.Truncate(time.Minute))
	for s, counted := range l.counted {
		if row := st.row(start, s); row != nil {
			row.Add(counted)
		}
	}
}

// row returns where to count, or nil if there is no room.
func (st *statistics) row(start int64, s series) *store.Stats {
	key := statRow{spanMinute, start, s}
	if row := st.rows[key]; row != nil {
		return row
	}
	if st.start != start {
		st.start = start
		clear(st.known)
	}
	if _, known := st.known[s]; !known {
		if len(st.known) < maxSeries {
			st.known[s] = struct{}{}
		} else if key.series = otherSeries; st.rows[key] != nil {
			return st.rows[key]
		}
	}
	if len(st.rows) >= maxUnsaved {
		return nil
	}
	if len(st.rows) == 0 {
		st.since = time.Now()
	}
	row := &store.Stats{}
	st.rows[key] = row
	return row
}

// due tells whether it is time for the next commit to save.
func (st *statistics) due() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.rows) > 0 && time.Since(st.since) >= saveAfter
}

// late returns when the rows are to be saved by a commit of their own; zero: there are none.
func (st *statistics) late() time.Time {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.rows) == 0 {
		return time.Time{}
	}
	return st.since.Add(saveAfter + saveLate)
}

// postpone is called before each try to save, so that after one that fails the next does not
// follow at once.
func (st *statistics) postpone() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.since = time.Now()
}

// saved drops the rows, after the commit that wrote them.
func (st *statistics) saved() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.rows = map[statRow]*store.Stats{}
	st.next.number++
}

// unsaved returns a copy of the rows, and which save will write them.
func (st *statistics) unsaved() (map[statRow]store.Stats, save) {
	st.mu.Lock()
	defer st.mu.Unlock()
	rows := make(map[statRow]store.Stats, len(st.rows))
	for key, row := range st.rows {
		rows[key] = *row
	}
	return rows, st.next
}

// saveStats adds what was gathered to the rows in the file.
func (t *txn) saveStats(st *statistics) {
	if len(st.rows) == 0 || t.saved {
		return
	}
	st.postpone()
	for _, row := range slices.SortedFunc(maps.Keys(st.rows), statRow.compare) {
		t.addStats(row, st.rows[row])
	}
	t.put(tableStat, savedKey, st.next.sealed())
	t.saved = true
}

func (r statRow) compare(o statRow) int { return bytes.Compare(r.key(), o.key()) }

func (s save) sealed() []byte {
	return seal(savedKey, binary.BigEndian.AppendUint64(s.opened[:8:8], s.number))
}

// lastSave reads which save was the last.
func (r *reader) lastSave() (s save, err error) {
	sealed := r.get(tableStat, savedKey)
	if sealed == nil {
		return s, nil
	}
	b, ok := unseal(savedKey, sealed)
	if !ok || len(b) != len(s.opened)+8 {
		return s, damaged("the mark of the last saved statistics: %w", errChecksum)
	}
	s.number = binary.BigEndian.Uint64(b[copy(s.opened[:], b):])
	return s, nil
}

// includes tells whether what was to be written by another save is in the file when s was
// the last one.
func (s save) includes(o save) bool { return s.opened == o.opened && s.number >= o.number }

// lateness is a timer that runs only while there is something to wait for.
type lateness struct {
	timer *time.Timer
	at    time.Time
}

// after returns a channel on which something comes at a time; for the zero time, nothing.
func (l *lateness) after(at time.Time) <-chan time.Time {
	if at.IsZero() {
		l.stop()
		return nil
	}
	if l.timer == nil {
		l.timer = time.NewTimer(time.Until(at))
	} else if !l.at.Equal(at) {
		l.timer.Reset(time.Until(at))
	}
	l.at = at
	return l.timer.C
}

func (l *lateness) stop() {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
}

// saving is the op that saves statistics and nothing else. There is no hurry: not while
// space on the disk is short.
func (s *Store) saving() *op {
	return &op{
		growing: true,
		answer:  make(chan error, 1), // nobody waits for it
		run: func(t *txn) error {
			t.saveStats(&s.stats)
			return nil
		},
	}
}

// lastCommit ends the use of a file: it saves the statistics, and with NoFreelistSync unset,
// the list of free pages.
func (s *Store) lastCommit(db *bbolt.DB) error {
	tx, err := db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	t := newTxn(tx, s.Now(), scratch{})
	t.saveStats(&s.stats)
	if t.err != nil {
		return t.err
	}
	return tx.Commit()
}
