package top

import (
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	_ "github.com/bgq-dev/bgq/cmd/bgq/internal/top/noquery"
)

// Config says what a [Model] shows. Client, Clean and Interval are required.
type Config struct {
	Client *client.Client
	// File is the name of the file, as the user knows it.
	File string
	// Interval is the time between two looks. A look that takes longer delays the next one.
	Interval time.Duration
	// Clean makes any text fit for one line of a terminal.
	Clean func(string) string
	// Colours allows colours. They never say what the text does not.
	Colours bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// The bounds of what is asked for.
const (
	patience      = 10 * time.Second       // with an answer
	slow          = 2 * time.Second        // after which the screen says that there is none yet
	deadPatience  = 500 * time.Millisecond // with grouping the failures of a file that nobody works on: it is open meanwhile
	shownJobs     = 200
	shownLines    = 1000 // of the log of a job: the last ones
	groupsPause   = 5 * time.Second
	groupsShare   = 20 // grouping failures takes one part of so many of the time, at the most
	noticeTime    = 8 * time.Second
	operationStay = time.Minute // for which an operation is shown that has ended
)
