package filter

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

const idText, otherText = "01JD8Q3Z5M9XKX2T4V6W8Y0ABC", "01JD8Q3Z5M9XKX2T4V6W8Y0ABD"

// now is noon in a zone east of Greenwich, so that a test that mixes up zones fails.
var now = time.Date(2026, 11, 10, 12, 0, 0, 0, time.FixedZone("", 2*3600))

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func id(s string) store.ID {
	id, err := store.ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

func parse(t *testing.T, s string) store.Filter {
	t.Helper()
	f, err := Parse(s, now)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return f
}

func TestParse(t *testing.T) {
	type F = store.Filter
	for _, c := range []struct {
		name, text string
		want       F
	}{
		{"nothing", "", F{}},
		{"spaces", " \t\n\u00a0", F{}},

		{"state", "state:running", F{States: store.SetOf(store.Running)}},
		{"states", "state:running,available", F{States: store.SetOf(store.Running, store.Available)}},
		{"state in any case", "STATE:Running", F{States: store.SetOf(store.Running)}},
		{"failed", "state:failed", F{States: store.SetOf(store.Retryable, store.Discarded)}},
		{"dead", "state:dead", F{States: store.SetOf(store.Discarded)}},
		{"finalised", "state:finalised", F{States: store.SetOf(store.Completed, store.Cancelled, store.Discarded)}},
		{"aliases join", "state:failed,pending", F{States: store.SetOf(store.Retryable, store.Discarded, store.Pending)}},

		{"kind", "kind:resize", F{Kinds: []string{"resize"}}},
		{"alternatives", "queue:img,mail", F{Queues: []string{"img", "mail"}}},
		{"values keep their case", "Kind:Resize", F{Kinds: []string{"Resize"}}},
		{"batch, tag, unique, reason", "batch:nov tag:acme unique:u-1 reason:crash_loop",
			F{Batches: []string{"nov"}, Tags: []string{"acme"}, Unique: []string{"u-1"}, Reason: []string{"crash_loop"}}},
		{"operators inside a value", "queue:batch:a=b~c<d>", F{Queues: []string{"batch:a=b~c<d>"}}},
		{"minus inside a value", "kind:-x", F{Kinds: []string{"-x"}}},

		{"quotes", `kind:"a b,c:d"`, F{Kinds: []string{"a b,c:d"}}},
		{"quotes inside a word", `kind:a" "b,"c"d`, F{Kinds: []string{"a b", "cd"}}},
		{"quotes around a field", `"kind":a`, F{Kinds: []string{"a"}}},
		{"escapes", `kind:"a\"b\\c"`, F{Kinds: []string{`a"b\c`}}},
		{"a backslash outside of quotes", `kind:C:\temp`, F{Kinds: []string{`C:\temp`}}},
		{"the empty text", `batch:""`, F{Batches: []string{""}}},
		{"letters of any script", "kind:größe tag:図", F{Kinds: []string{"größe"}, Tags: []string{"図"}}},

		{"id", "id:" + idText, F{IDs: []store.ID{id(idText)}}},
		{"bare id", idText, F{IDs: []store.ID{id(idText)}}},
		{"bare id in lower case", strings.ToLower(idText), F{IDs: []store.ID{id(idText)}}},
		{"bare ids", idText + "," + otherText, F{IDs: []store.ID{id(idText), id(otherText)}}},

		{"error", `error~"timed out"`, F{Error: []string{"timed out"}}},
		{"error with a colon", `error:timeout`, F{Error: []string{"timeout"}}},
		{"fingerprint", "fingerprint:8c7eca56eb16", F{Fingerprints: []string{"8c7eca56eb16"}}},
		{"not the fingerprint", "-fingerprint:8c7eca56eb16", F{Not: []F{{Fingerprints: []string{"8c7eca56eb16"}}}}},
		{"errors", `error~a error~b`, F{Error: []string{"a", "b"}}},

		{"number", "attempts:3", F{Attempts: []store.Range{{Min: 3, Max: 3}}}},
		{"equal", "recoveries=3", F{Recoveries: []store.Range{{Min: 3, Max: 3}}}},
		{"at least", "attempts>=3", F{Attempts: []store.Range{{Min: 3, Max: math.MaxInt64}}}},
		{"more", "attempts>3", F{Attempts: []store.Range{{Min: 4, Max: math.MaxInt64}}}},
		{"at most", "index<=3", F{Index: []store.Range{{Min: math.MinInt64, Max: 3}}}},
		{"less", "priority<-3", F{Priority: []store.Range{{Min: math.MinInt64, Max: -4}}}},
		{"range", "priority:-3..5", F{Priority: []store.Range{{Min: -3, Max: 5}}}},
		{"range after =", "priority=-3..-3", F{Priority: []store.Range{{Min: -3, Max: -3}}}},
		{"two bounds", "attempts>1 attempts<=5", F{Attempts: []store.Range{{Min: 2, Max: 5}}}},
		{"the narrower wins", "attempts>1 attempts>=7 attempts>3", F{Attempts: []store.Range{{Min: 7, Max: math.MaxInt64}}}},

		{"older", "age>1h30m", F{CreatedBefore: utc("2026-11-10T08:30:00Z")}},
		{"as old or older", "age>=90s", F{CreatedBefore: utc("2026-11-10T09:58:30.000000001Z")}},
		{"younger", "age<2d", F{CreatedAfter: utc("2026-11-08T10:00:00.000000001Z")}},
		{"as young or younger", "age<=1w", F{CreatedAfter: utc("2026-11-03T10:00:00Z")}},

		{"since", "created>=2026-11-01T08:00:00+01:00", F{CreatedAfter: utc("2026-11-01T07:00:00Z")}},
		{"after", "created>2026-11-01T08:00:00Z", F{CreatedAfter: utc("2026-11-01T08:00:00.000000001Z")}},
		{"before", "created<2026-11-01T08:00:00.5Z", F{CreatedBefore: utc("2026-11-01T08:00:00.5Z")}},
		{"until", "created<=2026-11-01T08:00:00Z", F{CreatedBefore: utc("2026-11-01T08:00:00.000000001Z")}},
		{"since a day", "finalised>=2026-11-01", F{FinalisedAfter: utc("2026-10-31T22:00:00Z")}},
		{"after a day", "finalised>2026-11-01", F{FinalisedAfter: utc("2026-11-01T22:00:00Z")}},
		{"before a day", "finalised<2026-11-01", F{FinalisedBefore: utc("2026-10-31T22:00:00Z")}},
		{"until a day", "finalised<=2026-11-01", F{FinalisedBefore: utc("2026-11-01T22:00:00Z")}},
		{"ago", "run_at>1h run_at<0s", F{RunAfter: utc("2026-11-10T09:00:00.000000001Z"), RunBefore: utc("2026-11-10T10:00:00Z")}},
		{"ahead", "run_at<+1h", F{RunBefore: utc("2026-11-10T11:00:00Z")}},
		{"the narrower interval", "created>=2026-11-01 created<2026-11-09 created<2026-11-07 age<=1w created>=2026-11-02 created<2026-11-08",
			F{CreatedAfter: utc("2026-11-03T10:00:00Z"), CreatedBefore: utc("2026-11-06T22:00:00Z")}},

		{"not", "-kind:x,y", F{Not: []F{{Kinds: []string{"x", "y"}}}}},
		{"not, twice", "-kind:x -kind:y -error~z", F{Not: []F{{Kinds: []string{"x"}}, {Kinds: []string{"y"}}, {Error: []string{"z"}}}}},
		{"not an id", "-" + idText, F{Not: []F{{IDs: []store.ID{id(idText)}}}}},
		{"not old", "-age>1h", F{Not: []F{{CreatedBefore: utc("2026-11-10T09:00:00Z")}}}},

		{"much", `state:failed kind:resize queue:img,mail tag:acme error~"timeout" age>1h attempts>=3 batch:nov -kind:x`, F{
			States: store.FailedStates, Kinds: []string{"resize"}, Queues: []string{"img", "mail"}, Tags: []string{"acme"},
			Error: []string{"timeout"}, CreatedBefore: utc("2026-11-10T09:00:00Z"), Attempts: []store.Range{{Min: 3, Max: math.MaxInt64}},
			Batches: []string{"nov"}, Not: []F{{Kinds: []string{"x"}}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parse(t, c.text); !reflect.DeepEqual(got, c.want) {
				t.Errorf("Parse(%q)\n got %+v\nwant %+v", c.text, got, c.want)
			}
		})
	}
}

func TestFieldsAreWhatParseReads(t *testing.T) {
	docs := Fields()
	for _, doc := range docs {
		f := parse(t, doc.Example)
		if reflect.DeepEqual(f, store.Filter{}) || !strings.HasPrefix(doc.Example, doc.Name) || doc.Meaning == "" {
			t.Errorf("%+v: its example selects %+v", doc, f)
		}
		for _, op := range []string{":", "=", "~", ">", ">=", "<", "<="} {
			value := strings.TrimLeft(strings.TrimPrefix(doc.Example, doc.Name), ":=~<>")
			value, _, _ = strings.Cut(value, "..")
			_, err := Parse(doc.Name+op+value, now)
			if listed := contains(doc.Operators, op); listed != (err == nil) {
				t.Errorf("%s%s%s: listed %v, but %v", doc.Name, op, value, listed, err)
			}
		}
		for _, v := range doc.Values {
			parse(t, doc.Name+":"+v)
		}
	}
	docs[1].Operators[0], docs[1].Values[0] = "?", "?"
	if again := Fields()[1]; again.Operators[0] != ":" || again.Values[0] != "pending" {
		t.Errorf("the caller of Fields changed the language: %+v", again)
	}
}

func contains(list []string, s string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+s+" ")
}
