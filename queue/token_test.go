package queue_test

import (
	"errors"
	"testing"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// To ask twice with the same token is no conflict, whatever is to be done about one.
func TestTokenAnswersTheSecondTime(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	ask := queue.NewJob{Kind: "k", Token: "order-7", Unique: queue.Unique{Key: "u", Conflict: queue.Refuse}}
	first := f.enqueue(ask)[0]
	again, err := f.Enqueue(t.Context(), ask)
	if err != nil || len(again) != 1 || again[0] != (store.Enqueued{ID: first, Existing: true}) {
		t.Errorf("again: %+v, %v", again, err)
	}
	ask.Token = "order-8"
	_, err = f.Enqueue(t.Context(), ask)
	if d, ok := errors.AsType[*queue.DuplicateError](err); !ok || d.Holder != first || d.Key != "u" {
		t.Errorf("another order with the same unique key: %v", err)
	}
	ask.Token = ""
	if _, err = f.Enqueue(t.Context(), ask); err == nil {
		t.Error("a unique key was taken twice")
	}
}
