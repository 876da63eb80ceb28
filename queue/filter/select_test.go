package filter

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// sample is a small queue at noon of 10 November, by name.
func sample() map[string]*store.Job {
	hoursAgo := func(h int) time.Time { return now.Add(-time.Duration(h) * time.Hour) }
	failed := func(message, typ string) []store.Failure {
		return []store.Failure{{Message: "long ago"}, {Message: message, Chain: []store.Cause{{Message: message, Type: typ}}}}
	}
	return map[string]*store.Job{
		"fresh":   {ID: id(idText), Kind: "resize", Queue: "img", State: store.Available, CreatedAt: now, RunAt: now},
		"running": {Kind: "resize", Queue: "img", State: store.Running, CreatedAt: hoursAgo(2), RunAt: hoursAgo(2), Attempt: 1, Tags: []string{"acme", "slow"}},
		"later":   {Kind: "send", Queue: "mail", State: store.Scheduled, CreatedAt: hoursAgo(2), RunAt: hoursAgo(-2), Priority: -5, Unique: "daily"},
		"retry": {Kind: "send", Queue: "mail", State: store.Retryable, CreatedAt: hoursAgo(30), RunAt: hoursAgo(-1), Attempt: 3,
			Failures: failed("dial tcp: i/o Timeout", "*net.OpError")},
		"dead": {Kind: "resize", Queue: "img", State: store.Discarded, CreatedAt: hoursAgo(50), FinalisedAt: hoursAgo(49), Attempt: 5, Recoveries: 4,
			Reason: "crash_loop", Tags: []string{"acme"}, Failures: failed("the process died", "")},
		"member": {Kind: "thumb", Queue: "batch:nov", State: store.Completed, CreatedAt: hoursAgo(300), FinalisedAt: hoursAgo(1), Attempt: 1, Batch: "nov", Index: 7},
		"first":  {Kind: "thumb", Queue: "batch:nov", State: store.Cancelled, CreatedAt: hoursAgo(300), FinalisedAt: hoursAgo(299), Batch: "nov"},
	}
}

func TestSelect(t *testing.T) {
	jobs := sample()
	timeout := jobs["retry"].Failures[1].Fingerprint("send")
	for text, want := range map[string]string{
		"":                                 "dead first fresh later member retry running",
		"state:failed":                     "dead retry",
		"state:dead":                       "dead",
		"state:finalised":                  "dead first member",
		"state:failed,available":           "dead fresh retry",
		"-state:finalised":                 "fresh later retry running",
		"kind:resize queue:img":            "dead fresh running",
		"kind:resize,send":                 "dead fresh later retry running",
		"kind:resize -state:dead":          "fresh running",
		"-kind:resize -kind:thumb":         "later retry",
		"-kind:resize,thumb":               "later retry",
		"kind:Resize":                      "",
		"queue:batch:nov":                  "first member",
		"batch:nov index>0":                "member",
		"index:0":                          "first",
		`batch:""`:                         "dead fresh later retry running",
		"tag:slow,none":                    "running",
		"-tag:acme kind:resize":            "fresh",
		"unique:daily":                     "later",
		"reason:crash_loop":                "dead",
		"error~TIMEOUT":                    "retry",
		`error~"dial tcp" error~optime`:    "",
		`error~"dial tcp" error~net.operr`: "retry",
		"-error~timeout state:failed":      "dead",
		`error~""`:                         "dead retry",
		"fingerprint:" + timeout:           "retry",
		"-fingerprint:" + timeout + " state:failed": "dead",
		"fingerprint:000000000000":                  "",
		"error~long":                                "",
		"age>1h":                                    "dead first later member retry running",
		"age>=2h age<=30h":                          "later retry running",
		"age>2h age<30h":                            "",
		"created>1d":                                "fresh later running",
		"created<1w":                                "first member",
		"created>=2026-11-09":                       "fresh later retry running",
		"created<=2026-11-09":                       "dead first member retry",
		"created>2026-11-09":                        "fresh later running",
		"run_at<+90m run_at>0s":                     "retry",
		"run_at>=2026-11-10T14:00:00+02:00":         "later",
		"finalised>2h":                              "member",
		"finalised<2h":                              "dead first",
		"-finalised>2h":                             "dead first fresh later retry running",
		"attempts>=3":                               "dead retry",
		"attempts:1..3":                             "member retry running",
		"attempts=5 recoveries>3":                   "dead",
		"priority<0":                                "later",
		idText:                                      "fresh",
		"-" + idText + " kind:resize":               "dead running",
	} {
		f := parse(t, text)
		var got []string
		for name, job := range jobs {
			if f.Match(job) {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
