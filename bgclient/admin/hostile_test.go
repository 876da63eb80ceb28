package admin

import (
	"context"
	"net/http"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// TestHostileBodies: a body as large as it may be costs some times its size in memory, whatever is in it.
func TestHostileBodies(t *testing.T) {
	const most = 30 * maxRequest // bytes
	f := serve(t, false)
	fill := func(before, middle, after string) string {
		return before + strings.Repeat(middle, (maxRequest-len(before)-len(after))/len(middle)) + after
	}
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // so that garbage hardly counts
	for name, c := range map[string]struct{ path, body string }{
		"small jobs":        {"/v1/jobs", fill(`{"jobs":[`, `{},`, `{}]}`)},
		"nulls":             {"/v1/jobs", fill(`{"jobs":[`, `null,`, `null]}`)},
		"jobs many times":   {"/v1/jobs", fill(`{`, `"jobs":[{},{}],`, `"jobs":[]}`)},
		"empty tags":        {"/v1/jobs", fill(`{"jobs":[{"kind":"k","tags":[`, `"",`, `""]}]}`)},
		"short tags":        {"/v1/jobs", fill(`{"jobs":[{"kind":"k","tags":[`, `"ab",`, `"ab"]}]}`)},
		"deep arguments":    {"/v1/jobs", fill(`{"jobs":[{"kind":"k","args":`, `[`, ``)},
		"deep and balanced": {"/v1/jobs", `{"jobs":[{"kind":"k","args":` + strings.Repeat("[", maxRequest/2-50) + strings.Repeat("]", maxRequest/2-50) + `}]}`},
		"wide arguments":    {"/v1/jobs", fill(`{"jobs":[{"kind":"k","args":[`, `1000000,`, `0]}]}`)},
		"objects":           {"/v1/jobs", fill(`{"jobs":[{"kind":"k","args":[`, `{},`, `{}]}]}`)},
		"escapes":           {"/v1/jobs", fill(`{"jobs":[{"kind":"k","args":"`, `\u0000`, `"}]}`)},
		"a long number":     {"/v1/jobs", fill(`{"jobs":[{"kind":"k","args":`, `9`, `}]}`)},
		"another field":     {"/v1/operations", fill(`{"`, `x`, `":1}`)},
		"nothing of JSON":   {"/v1/operations", fill(``, "\xff", ``)},
		"ids":               {"/v1/jobs/act", fill(`{"action":"retry","ids":[`, `"01JD8Q3Z5M9XKX2T4V6W8Y0ABC",`, `"01JD8Q3Z5M9XKX2T4V6W8Y0ABC"]}`)},
		"a long filter":     {"/v1/operations", fill(`{"action":"retry","filter":"`, `-kind:a `, `"}`)},
		"a long reason":     {"/v1/queues/q/pause", fill(`{"reason":"`, `x`, `"}`)},
		"too large":         {"/v1/jobs", strings.Repeat("x", maxRequest+1)},
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			peak := watchHeap()
			w := call(f.s, http.MethodPost, c.path, c.body)
			if used := peak() - before; used > most {
				t.Errorf("%d MiB of memory were used", used>>20)
			}
			if w.Code < 400 || w.Code >= 500 || w.Body.Len() > 2<<10 {
				t.Errorf("%d, %d bytes: %.200s", w.Code, w.Body.Len(), w.Body)
			}
		})
	}
}

// TestOnlySoManyLargeBodies are read at one time.
func TestOnlySoManyLargeBodies(t *testing.T) {
	f := serve(t, false)
	var all []func()
	for range cap(largeBodies) {
		release, err := waitForRoom(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, release)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errClosing)
	if _, err := waitForRoom(ctx); err != errClosing {
		t.Errorf("one more was let in: %v", err)
	}
	small := `{"jobs":[{"kind":"k","args":"` + strings.Repeat("x", smallBody/2) + `"}]}`
	answered[wire.Enqueued](t, call(f.s, http.MethodPost, "/v1/jobs", small), http.StatusCreated)
	for _, release := range all {
		release()
	}
	for range 2 * cap(largeBodies) { // each gives its place back, also when it is refused
		large := `{"jobs":[{"kind":"k","args":"` + strings.Repeat("x", smallBody) + `"}]}`
		answered[wire.Enqueued](t, call(f.s, http.MethodPost, "/v1/jobs", large), http.StatusCreated)
		refusedWith(t, call(f.s, http.MethodPost, "/v1/jobs", large+"x"), wire.CodeBadRequest)
		refusedWith(t, call(f.s, http.MethodPost, "/v1/jobs", large, "Content-Type", "text/plain"), wire.CodeMediaType)
	}
}

// heap is the number of bytes that are in use, after a collection.
func heap() uint64 {
	runtime.GC()
	return heapNow()
}

func heapNow() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// watchHeap looks at the heap until the function that it returns is called, which returns the largest that was seen.
func watchHeap() (peak func() uint64) {
	stop, largest := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		most := heapNow()
		for {
			select {
			case <-tick.C:
				most = max(most, heapNow())
			case <-stop:
				largest <- max(most, heapNow())
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-largest }
}
