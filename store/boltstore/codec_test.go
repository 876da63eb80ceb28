package boltstore

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

func drawHead(t *rapid.T) store.Job {
	j := *drawPlaced(t)
	text := func(label string) string { return rapid.String().Draw(t, label) }
	size := func(label string) int { return rapid.IntRange(0, 1<<30).Draw(t, label) }
	j.CreatedAt, j.AttemptedAt = drawTime(t, "created at"), drawTime(t, "attempted at")
	j.Attempt, j.MaxAttempts = rapid.Int().Draw(t, "attempt"), rapid.Int().Draw(t, "max attempts")
	j.Recoveries, j.MaxRecoveries = rapid.Int().Draw(t, "recoveries"), rapid.Int().Draw(t, "max recoveries")
	j.Claim = rapid.Uint64().Draw(t, "claim")
	j.Reason, j.Unique, j.Batch, j.Trace = text("reason"), text("unique"), text("batch"), text("trace")
	j.UniqueUntil = store.Until(rapid.IntRange(0, 2).Draw(t, "until"))
	j.Index = rapid.Int64().Draw(t, "index")
	j.Consumed = rapid.Bool().Draw(t, "consumed")
	j.Tags = rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "tags")
	if len(j.Tags) == 0 {
		j.Tags = nil
	}
	j.Timeout = time.Duration(rapid.Int64().Draw(t, "timeout"))
	j.Progress = store.Progress{Done: rapid.Int64().Draw(t, "done"), Total: rapid.Int64().Draw(t, "total"), Note: text("note")}
	j.ArgsVersion = rapid.Int().Draw(t, "args version")
	j.FailureCount, j.ArgsSize, j.ResultSize = size("failures"), size("args"), size("result")
	return j
}

func TestHeadRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawHead(t)
		got, err := decodeHead(j.ID, encodeHead(&j))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, j) {
			t.Fatalf("got  %+v\nwant %+v", got, j)
		}
	})
}

// Every field of a job but the parts is in the head: a new field must not be forgotten.
func TestHeadHasEveryField(t *testing.T) {
	parts := map[string]bool{"Args": true, "Result": true, "Failures": true, "Checkpoints": true}
	full := store.Job{
		ID: store.NewID(), Queue: "q", Kind: "k", State: store.Running, Priority: -3,
		RunAt: time.Unix(1, 2).UTC(), CreatedAt: time.Unix(3, 4).UTC(), AttemptedAt: time.Unix(5, 6).UTC(), FinalisedAt: time.Unix(7, 8).UTC(),
		Attempt: 1, MaxAttempts: 2, Recoveries: 3, MaxRecoveries: 4, Claim: 5, Suspect: true, Reason: "r",
		Unique: "u", UniqueUntil: store.UntilDeleted, Batch: "b", Index: 6, Kept: true, Consumed: true,
		Tags: []string{"t", ""}, Timeout: 7, Progress: store.Progress{Done: 8, Total: 9, Note: "n"}, Trace: "tr",
		ArgsVersion: 10, FailureCount: 11, ArgsSize: 12, ResultSize: 13,
	}
	got, err := decodeHead(full.ID, encodeHead(&full))
	if err != nil || !reflect.DeepEqual(got, full) {
		t.Fatalf("got %+v, %v", got, err)
	}
	v := reflect.ValueOf(got)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != parts[name] {
			t.Errorf("field %s: the test, or the head, leaves it out", name)
		}
	}
}

// A single wrong bit anywhere is found, and so is a head in the wrong place.
func TestHeadChecksum(t *testing.T) {
	j := newTestJob()
	b := encodeHead(&j)
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if _, err := decodeHead(j.ID, b); err == nil {
				t.Fatalf("bit %d of byte %d was flipped, and nobody noticed", bit, i)
			}
			b[i] ^= 1 << bit
		}
	}
	if _, err := decodeHead(store.NewID(), b); err == nil {
		t.Fatal("the head of one job was read as that of another")
	}
}

// Any bytes, even with a right checksum, are an error or a head that is written the
// same way again.
func FuzzDecodeHead(f *testing.F) {
	j := newTestJob()
	j.Tags = []string{"a", "b"}
	b := encodeHead(&j)
	f.Add(b[:len(b)-sumLen])
	f.Add([]byte{})
	f.Add([]byte{headVersion, 2, 0, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		id := store.ID{1}
		if _, err := decodeHead(id, body); err == nil && len(body) < sumLen {
			t.Fatal("nothing was read as a head")
		}
		j, err := decodeHead(id, seal(id[:], append([]byte(nil), body...)))
		if err != nil {
			return
		}
		again, err := decodeHead(id, encodeHead(&j))
		if err != nil || !reflect.DeepEqual(again, j) {
			t.Fatalf("%+v became %+v, %v", j, again, err)
		}
	})
}

func TestUnseal(t *testing.T) {
	key, record := []byte("key"), []byte("record")
	sealed := seal(key, append([]byte(nil), record...))
	if got, ok := unseal(key, sealed); !ok || string(got) != "record" {
		t.Errorf("got %q, %v", got, ok)
	}
	if _, ok := unseal([]byte("other"), sealed); ok {
		t.Error("it was read under another key")
	}
	for n := range len(sealed) {
		if _, ok := unseal(key, sealed[:n]); ok {
			t.Errorf("it was read when cut to %d bytes", n)
		}
	}
}

func TestMsgpackRecords(t *testing.T) {
	key := []byte("s")
	for _, want := range []store.Schedule{
		{Name: "s", Spec: "@daily", Slot: time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC), Info: store.Value{0xc0}},
		{Name: "s", Spec: "@never"},
	} {
		sealed, err := encodeMsgpack(key, &want)
		if err != nil {
			t.Fatal(err)
		}
		var got store.Schedule
		if err := decodeMsgpack(key, sealed, &got); err != nil {
			t.Fatal(err)
		}
		got.Slot = got.Slot.UTC()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	// Five bytes that ask for four gigabytes are refused before they are decoded.
	bomb := seal(key, []byte{0xdf, 0xff, 0xff, 0xff, 0xff})
	if err := decodeMsgpack(key, bomb, new(store.Schedule)); err == nil {
		t.Error("the bomb was decoded")
	}
}
