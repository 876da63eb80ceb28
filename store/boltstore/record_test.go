package boltstore

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

func drawRecord(t *rapid.T) *record {
	j := &record{Job: *drawPlaced(t)}
	text := func(label string) string { return rapid.String().Draw(t, label) }
	size := func(label string) int { return rapid.IntRange(0, 1<<30).Draw(t, label) }
	j.CreatedAt, j.AttemptedAt = drawTime(t, "created at"), drawTime(t, "attempted at")
	j.Attempt, j.MaxAttempts = rapid.Int().Draw(t, "attempt"), rapid.Int().Draw(t, "max attempts")
	j.Recoveries, j.MaxRecoveries = rapid.Int().Draw(t, "recoveries"), rapid.Int().Draw(t, "max recoveries")
	j.Claim = rapid.Uint64().Draw(t, "claim")
	j.Reason, j.Unique, j.Batch, j.Trace = text("reason"), text("unique"), text("batch"), text("trace")
	j.Token = text("token")
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
	for what, v := range map[*int]*[]byte{&j.ArgsSize: &j.args, &j.ResultSize: &j.result} {
		if rapid.Bool().Draw(t, "inside") {
			*v = rapid.SliceOfN(rapid.Byte(), 0, inlineSize).Draw(t, "value")
			*what = len(*v)
		}
	}
	return j
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawRecord(t)
		got, err := decodeJob(j.ID, j.encode(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, j) {
			t.Fatalf("got  %+v\nwant %+v", got, j)
		}
	})
}

// Every field of a job but the parts is in the record: a new field must not be forgotten.
func TestRecordHasEveryField(t *testing.T) {
	parts := map[string]bool{"Args": true, "Result": true, "Failures": true, "Checkpoints": true}
	full := store.Job{
		ID: store.NewID(), Queue: "q", Kind: "k", State: store.Running, Priority: -3,
		RunAt: time.Unix(1, 2).UTC(), CreatedAt: time.Unix(3, 4).UTC(), AttemptedAt: time.Unix(5, 6).UTC(), FinalisedAt: time.Unix(7, 8).UTC(),
		Attempt: 1, MaxAttempts: 2, Recoveries: 3, MaxRecoveries: 4, Claim: 5, Suspect: true, Reason: "r",
		Unique: "u", UniqueUntil: store.UntilDeleted, Token: "to", Batch: "b", Index: 6, Kept: true, Consumed: true,
		Tags: []string{"t", ""}, Timeout: 7, Progress: store.Progress{Done: 8, Total: 9, Note: "n"}, Trace: "tr",
		ArgsVersion: 10, FailureCount: 11, ArgsSize: 12, ResultSize: 13,
	}
	got, err := decodeJob(full.ID, encodeJob(full))
	if err != nil || !reflect.DeepEqual(got.Job, full) {
		t.Fatalf("got %+v, %v", got, err)
	}
	v := reflect.ValueOf(got.Job)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != parts[name] {
			t.Errorf("field %s: the test, or the record, leaves it out", name)
		}
	}
}

// A single wrong bit anywhere is found, and so is a record in the wrong place.
func TestRecordChecksum(t *testing.T) {
	j := newTestJob()
	b := encodeJob(j)
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if _, err := decodeJob(j.ID, b); err == nil {
				t.Fatalf("bit %d of byte %d was flipped, and nobody noticed", bit, i)
			}
			b[i] ^= 1 << bit
		}
	}
	if _, err := decodeJob(store.NewID(), b); err == nil {
		t.Fatal("the record of one job was read as that of another")
	}
}

// Any bytes, even with a right checksum, are an error or a record that is written the
// same way again.
func FuzzDecodeRecord(f *testing.F) {
	j := newTestJob()
	j.Tags = []string{"a", "b"}
	b := encodeJob(j)
	f.Add(b[:len(b)-sumLen])
	f.Add([]byte{})
	f.Add([]byte{headPlain, 2, 0, 0})
	j.Token = "token"
	b = encodeJob(j)
	f.Add(b[:len(b)-sumLen])
	f.Fuzz(func(t *testing.T, body []byte) {
		id := store.ID{1}
		if _, err := decodeJob(id, body); err == nil && len(body) < sumLen {
			t.Fatal("nothing was read as a record")
		}
		j, err := decodeJob(id, seal(id[:], append([]byte(nil), body...)))
		if err != nil {
			return
		}
		again, err := decodeJob(id, j.encode(nil))
		if err != nil || !reflect.DeepEqual(again, j) {
			t.Fatalf("%+v became %+v, %v", j, again, err)
		}
	})
}

// encodeJob writes the record of a job without its parts.
func encodeJob(j store.Job) []byte { return (&record{Job: j}).encode(nil) }

func decodeJob(id store.ID, b []byte) (*record, error) {
	j := &record{}
	return j, j.decode(id, b, map[string]string{})
}
