package bench

import (
	"slices"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// TestMovesFor: what changed in keys with the id of the job, and only that.
func TestMovesFor(t *testing.T) {
	id, other := store.NewID(), store.NewID()
	had := content{
		{"bgq/job", string(id[:])}:             "old",
		{"bgq/args", string(id[:])}:            "untouched",
		{"bgq/ready", "q\x00" + string(id[:])}: "",
		{"bgq/count", "q"}:                     "1",
		{"bgq/run", string(other[:])}:          "",
	}
	has := content{
		{"bgq/job", string(id[:])}:                 "newer",
		{"bgq/args", string(id[:])}:                "untouched",
		{"bgq/done", "at" + string(id[:]) + "end"}: "",
		{"bgq/count", "q"}:                         "2",
	}
	got := has.movesFor(id, had)
	want := moves{
		{bucket: "bgq/done", before: "at", after: "end"},
		{bucket: "bgq/job", value: 5},
		{bucket: "bgq/ready", before: "q\x00", gone: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if n := got.bytes(); n != 2+16+3+16+5 {
		t.Errorf("%d bytes are put", n)
	}
}
