package main

import (
	"testing"
	"time"
)

func TestRelative(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "now"},
		{400 * time.Millisecond, "now"},
		{-time.Second, "1s ago"},
		{59 * time.Second, "in 59s"},
		{2*time.Hour - time.Millisecond, "in 2h"},
		{-90 * time.Minute, "1h ago"},
		{-30 * time.Hour, "30h ago"},
		{3 * day, "in 3d"},
		{-400 * day, "400d ago"},
		{-800 * day, "2y ago"},
		{-1 << 63, "292y ago"},
		{1<<63 - 1, "in 292y"},
	} {
		if got := relative(c.d); got != c.want {
			t.Errorf("%v: %q, want %q", c.d, got, c.want)
		}
	}
}
