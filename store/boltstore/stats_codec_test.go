package boltstore

import (
	"bytes"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

func drawSpread(t *rapid.T) (s store.Spread) {
	for range rapid.IntRange(0, 5).Draw(t, "steps") {
		s[rapid.IntRange(0, len(s)-1).Draw(t, "step")] = rapid.Uint32().Draw(t, "count")
	}
	return s
}

func drawRow(t *rapid.T) statRow {
	name := rapid.StringMatching(`[^\x00]{0,9}`)
	at := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, math.MinInt64, math.MaxInt64}))
	return statRow{
		span: rapid.SampledFrom([]byte{spanMinute, spanHour}).Draw(t, "span"), start: at.Draw(t, "start"),
		series: series{name.Draw(t, "queue"), name.Draw(t, "kind")},
	}
}

// Statistics come back as they were stored, and rows are found by span and time.
func TestStatsCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row, other := drawRow(t), drawRow(t)
		key := row.key()
		if got, ok := splitStat(key); !ok || got != row {
			t.Fatalf("got %+v, %v, want %+v", got, ok, row)
		}
		if row.span == other.span && row.start < other.start && bytes.Compare(key, other.key()) >= 0 {
			t.Fatalf("%+v does not come before %+v", row, other)
		}
		n := rapid.Int64Range(0, math.MaxInt64)
		want := store.Stats{
			Enqueued: n.Draw(t, "enqueued"), Started: n.Draw(t, "started"), Completed: n.Draw(t, "completed"),
			Failed: n.Draw(t, "failed"), Discarded: n.Draw(t, "discarded"), Cancelled: n.Draw(t, "cancelled"),
			Wait: drawSpread(t), Run: drawSpread(t),
		}
		got, err := decodeStats(key, encodeStats(key, &want))
		if err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func FuzzDecodeStats(f *testing.F) {
	row := statRow{spanHour, int64(time.Hour), series{"q", "k"}}
	full := store.Stats{Enqueued: 1}
	for i := range full.Wait {
		full.Wait[i], full.Run[i] = 1, math.MaxUint32
	}
	for _, s := range []store.Stats{{}, full} {
		b := encodeStats(row.key(), &s)
		f.Add(row.key(), b[:len(b)-sumLen])
	}
	f.Add([]byte{}, []byte{statVersion, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, key, body []byte) {
		if row, ok := splitStat(key); ok && !bytes.Equal(row.key(), key) {
			t.Errorf("the key %x is read as %+v", key, row)
		}
		s, err := decodeStats(key, seal(key, bytes.Clone(body)))
		if err != nil {
			return
		}
		again, err := decodeStats(key, encodeStats(key, &s))
		if err != nil || again != s {
			t.Errorf("%+v became %+v, %v", s, again, err)
		}
	})
}
