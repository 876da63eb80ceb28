package boltstore

import (
	"reflect"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

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
