package boltstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bgq-dev/bgq/store"
)

// table numbers the buckets. All of them are nested in one top-level bucket, so
// that an application may keep its own data in the same file.
type table int

const (
	tableMeta table = iota
	tableJob
	tableArgs
	tableResult
	tableFailure
	tablePoint
	tableReady
	tableAlone
	tableDue
	tableRun
	tableHeld
	tableDone
	tableUnique
	tableCount
	tableQueue
	tableBatch
	tableBase
	tableSchedule
	tableToken
	tableLog
	tableStat
	tableAudit
	tableTrail
	tables
)

var rootName = []byte("bgq")

var tableNames = [tables]string{
	tableMeta: "meta", tableJob: "job", tableArgs: "args", tableResult: "result",
	tableFailure: "failure", tablePoint: "point",
	tableReady: "ready", tableAlone: "alone", tableDue: "due", tableRun: "run",
	tableHeld: "held", tableDone: "done",
	tableUnique: "unique", tableCount: "count",
	tableQueue: "queue", tableBatch: "batch", tableBase: "base", tableSchedule: "schedule",
	tableToken: "token", tableLog: "log", tableStat: "stat", tableAudit: "audit", tableTrail: "trail",
}

// appended tells for which tables keys mostly arrive in ascending order, so that
// their pages can be filled instead of being left half empty for later keys.
var appended = [tables]bool{
	tableJob: true, tableArgs: true, tableResult: true, tableFailure: true, tableDone: true, tableAudit: true,
}

const (
	idLen    = len(store.ID{})
	timeLen  = 8
	orderLen = 2 + timeLen + idLen // priority, time, id
	// baseLen is how much of the id all members of a batch share.
	baseLen = 9
)

// indexKey returns where a job stands: the one index of its state, and its key there,
// appended to k.
func indexKey(k []byte, j *record) (table, []byte) {
	switch j.State {
	case store.Available:
		t := tableReady
		if j.Suspect {
			t = tableAlone
		}
		return t, appendReadyKey(k, j)
	case store.Scheduled, store.Retryable:
		k = append(k, byte(j.State))
		k = appendTime(k, j.RunAt)
		return tableDue, append(k, j.ID[:]...)
	case store.Running:
		return tableRun, append(k, j.ID[:]...)
	case store.Pending:
		return tableHeld, append(k, j.ID[:]...)
	default:
		k = append(k, class(j.Kept), byte(j.State))
		k = appendTime(k, j.FinalisedAt)
		return tableDone, append(k, j.ID[:]...)
	}
}

// class separates the finalised jobs that may be pruned from those that may not,
// so that pruning never has to step over the latter.
func class(kept bool) byte {
	if kept {
		return 1
	}
	return 0
}

// appendReadyKey orders available jobs by queue, kind, priority, time and id.
func appendReadyKey(k []byte, j *record) []byte {
	k = appendNames(k, j.Queue, j.Kind)
	k = appendPriority(k, j.Priority)
	k = appendTime(k, j.RunAt)
	return append(k, j.ID[:]...)
}

// splitReady is the inverse of appendReadyKey as far as scanning needs it.
func splitReady(k []byte) (queue, kind string, order []byte, ok bool) {
	if len(k) < orderLen {
		return "", "", nil, false
	}
	names, order := k[:len(k)-orderLen], k[len(k)-orderLen:]
	queue, rest, ok := strings.Cut(string(names), "\x00")
	if !ok {
		return "", "", nil, false
	}
	kind, tail, ok := strings.Cut(rest, "\x00")
	return queue, kind, order, ok && tail == ""
}

// idAtEnd returns the id that ends every index key.
func idAtEnd(k []byte) (store.ID, bool) {
	if len(k) < idLen {
		return store.ID{}, false
	}
	return store.ID(k[len(k)-idLen:]), true
}

// countKey is the key of a counter: queue, kind, state.
func countKey(queue, kind string, state store.State) []byte {
	k := make([]byte, 0, len(queue)+len(kind)+3)
	return append(appendNames(k, queue, kind), byte(state))
}

func splitCount(k []byte) (row store.CountRow, ok bool) {
	parts := strings.SplitN(string(k), "\x00", 3)
	if len(parts) != 3 || len(parts[2]) != 1 {
		return row, false
	}
	row = store.CountRow{Queue: parts[0], Kind: parts[1], State: store.State(parts[2][0])}
	return row, row.State.Valid()
}

// failureKey orders the failures of a job by their number.
func failureKey(id store.ID, n int) []byte {
	return binary.BigEndian.AppendUint32(id[:idLen:idLen], uint32(n))
}

func pointKey(id store.ID, name string) []byte {
	return append(id[:idLen:idLen], name...)
}

// appendNames ends each name with a NUL, which no name contains, so that no name
// is taken for the beginning of another.
func appendNames(k []byte, names ...string) []byte {
	for _, n := range names {
		k = append(append(k, n...), 0)
	}
	return k
}

// appendPriority moves the sign so that the bytes sort like the numbers.
func appendPriority(k []byte, p int16) []byte {
	return binary.BigEndian.AppendUint16(k, uint16(p)^(1<<15))
}

// appendTime moves the sign so that the bytes sort like the times.
func appendTime(k []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(k, uint64(nanos(t))^(1<<63))
}

// nanos writes a time as nanoseconds since 1970, and the zero time as 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// stored returns a time as it comes back from the file, for records that are handed
// out by the commit that stores them.
func stored(t time.Time) time.Time { return fromNanos(nanos(t)) }

// The earliest and the latest time that nanoseconds can say.
var minTime, maxTime = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

func checkTime(what string, t time.Time) error {
	if !t.IsZero() && (t.Before(minTime) || t.After(maxTime)) {
		return fmt.Errorf("%s %s lies outside of the years 1678 to 2262", what, t.Format(time.RFC3339))
	}
	return nil
}

// The bounds of names and other small texts, in bytes.
const (
	maxName   = 255
	maxUnique = 1 << 10
	maxNote   = 4 << 10
	maxText   = 1 << 10 // reasons, trace contexts
	maxTags   = 64
)

// checkName refuses what cannot be part of a key or would be unreadable.
func checkName(what, name string, limit int) error {
	switch {
	case name == "":
		return fmt.Errorf("the %s is empty", what)
	case len(name) > limit:
		return fmt.Errorf("the %s %.40q… has %d bytes, at most %d are allowed", what, name, len(name), limit)
	case strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("the %s %q contains a NUL", what, name)
	case !utf8.ValidString(name):
		return fmt.Errorf("the %s %q is not valid UTF-8", what, name)
	}
	return nil
}

// checkText bounds a text that is not part of a key.
func checkText(what, text string, limit int) error {
	if len(text) > limit {
		return fmt.Errorf("%w: the %s has %d bytes, at most %d are allowed", store.ErrTooLarge, what, len(text), limit)
	}
	return nil
}
