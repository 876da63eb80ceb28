package boltstore

import (
	"sync"

	"github.com/bgq-dev/bgq/store"
)

// watchers knows who waits for what.
type watchers struct {
	mu      sync.Mutex
	byTopic map[store.Topic]map[chan struct{}]struct{}
}

// add returns a channel that holds one hint, and the function that ends the watch.
func (w *watchers) add(topics []store.Topic) (<-chan struct{}, func()) {
	hints := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byTopic == nil {
		w.byTopic = map[store.Topic]map[chan struct{}]struct{}{}
	}
	watched := make([]store.Topic, 0, len(topics))
	for _, t := range topics {
		t = normalTopic(t)
		watched = append(watched, t)
		if w.byTopic[t] == nil {
			w.byTopic[t] = map[chan struct{}]struct{}{}
		}
		w.byTopic[t][hints] = struct{}{}
	}
	return hints, func() { w.remove(hints, watched) }
}

func (w *watchers) remove(hints chan struct{}, topics []store.Topic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range topics {
		delete(w.byTopic[t], hints)
		if len(w.byTopic[t]) == 0 {
			delete(w.byTopic, t)
		}
	}
}

// send passes hints on. It never waits: a channel that is full has its hint.
func (w *watchers) send(topics []store.Topic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.byTopic) == 0 {
		return
	}
	for _, t := range topics {
		offer(w.byTopic[t])
	}
}

// sendAll gives everybody a hint.
func (w *watchers) sendAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, channels := range w.byTopic {
		offer(channels)
	}
}

func offer(channels map[chan struct{}]struct{}) {
	for hints := range channels {
		select {
		case hints <- struct{}{}:
		default:
		}
	}
}

// normalTopic drops an id that means nothing.
func normalTopic(t store.Topic) store.Topic {
	if t.What != store.OnJob && t.What != store.OnLog {
		t.ID = store.ID{}
	}
	return t
}
