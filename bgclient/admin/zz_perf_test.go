package admin

import (
	"fmt"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/queue"
)

func TestZZPerf(t *testing.T) {
	f := serve(t, true)
	for i := range 3000 {
		f.batch(fmt.Sprintf("b%04d", i), 3)
	}
	for i := range 300 {
		f.enqueue(1000, queue.NewJob{Kind: "k", Queue: fmt.Sprintf("q%d", i%10)})
	}
	for _, path := range []string{"/v1/status", "/v1/status", "/v1/queues", "/v1/queues/q1", "/v1/batches", "/v1/jobs?limit=50", "/v1/jobs?q=state:available+queue:q1&limit=50", "/v1/jobs?q=state:failed", "/v1/jobs/count?q=tag:x", "/v1/info"} {
		began := time.Now()
		w := call(f.s, "GET", path, "")
		fmt.Println(path, w.Code, w.Body.Len(), time.Since(began))
		if w.Code != 200 {
			fmt.Println(w.Body)
		}
	}
}
