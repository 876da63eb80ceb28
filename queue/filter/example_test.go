package filter_test

import (
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

func Example() {
	now := time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC)
	f, err := filter.Parse(`state:failed attempts>=3 age>1h -kind:report`, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, job := range []store.Job{
		{Kind: "resize", State: store.Retryable, Attempt: 4, CreatedAt: now.Add(-2 * time.Hour)},
		{Kind: "resize", State: store.Retryable, Attempt: 1, CreatedAt: now.Add(-2 * time.Hour)},
		{Kind: "report", State: store.Discarded, Attempt: 3, CreatedAt: now.Add(-2 * time.Hour)},
	} {
		fmt.Println(job.Kind, job.Attempt, f.Match(&job))
	}
	fmt.Println(filter.Format(f))
	// Output:
	// resize 4 true
	// resize 1 false
	// report 3 false
	// state:failed created<2026-11-10T11:00:00Z attempts>=3 -kind:report
}

func ExampleParse_misspelt() {
	_, err := filter.Parse("staet:dead", time.Now())
	fmt.Println(err.(*filter.SyntaxError).Hint)
	// Output: did you mean state:dead?
}

func ExampleFields() {
	for _, field := range filter.Fields()[:4] {
		fmt.Printf("%-14s %s\n", field.Example, field.Meaning)
	}
	// Output:
	// id:01JD8Q3Z5M9XKX2T4V6W8Y0ABC the id of the job; the bare id will do
	// state:failed   the state; failed is retryable,discarded, dead is discarded, finalised is the last three
	// kind:resize    the kind, as registered
	// queue:img,mail the queue
}
