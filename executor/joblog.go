package executor

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/bgq-dev/bgq/store"
)

// NoJobLog as Config.JobLog keeps no logs of jobs.
const NoJobLog = zapcore.InvalidLevel

// jobLog is a zap core that writes to the log of a job.
type jobLog struct {
	zapcore.LevelEnabler
	a    *attempt
	base string // the name of the logger that the handler was given
	with fields // what was added by With
}

// With implements [zapcore.Core].
func (c *jobLog) With(added []zapcore.Field) zapcore.Core {
	more := *c
	for i := range added {
		more.with.add(&added[i])
	}
	return &more
}

// Check implements [zapcore.Core].
func (c *jobLog) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

// Write implements [zapcore.Core].
func (c *jobLog) Write(entry zapcore.Entry, added []zapcore.Field) error {
	all := c.with
	for i := range added {
		all.add(&added[i])
	}
	text := entry.Message + all.text
	if name := strings.TrimPrefix(entry.LoggerName, c.base); name != "" {
		text = strings.TrimPrefix(name, ".") + ": " + text
	}
	line := store.LogLine{
		At: entry.Time.UTC(), Attempt: c.a.job.Attempt, Level: levelName(entry.Level),
		Text: cut(strings.ToValidUTF8(text, "\uFFFD"), store.MaxLogText),
	}
	c.a.note(func(n *notes) bool { return n.add(line) })
	return nil
}

// Sync implements [zapcore.Core]. The completer stores the lines when their time comes.
func (c *jobLog) Sync() error { return nil }

func levelName(l zapcore.Level) string {
	return max(zapcore.DebugLevel, min(l, zapcore.ErrorLevel)).String()
}

// fields are log fields as text: " key=value" each, in their order.
type fields struct {
	text  string
	space string // the namespace that is open, with a dot behind it
}

func (f *fields) add(field *zapcore.Field) {
	if len(f.text) > store.MaxLogText {
		return // it will be cut in any case
	}
	switch field.Type {
	case zapcore.NamespaceType:
		f.space += field.Key + "."
		return
	case zapcore.StringType:
		f.put(field.Key, quote(field.String))
		return
	}
	enc := zapcore.NewMapObjectEncoder()
	field.AddTo(enc)
	if field.Type == zapcore.ErrorType { // besides the message there may be a form over many lines
		delete(enc.Fields, field.Key+"Verbose")
	}
	for _, key := range slices.Sorted(maps.Keys(enc.Fields)) {
		f.put(key, valueText(enc.Fields[key]))
	}
}

func (f *fields) put(key, value string) {
	f.text += " " + quote(f.space+key) + "=" + value
}

// valueText writes a value of a field: as people do if it is simple, as JSON if not.
func valueText(value any) string {
	switch v := value.(type) {
	case string:
		return quote(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration, bool, int, int64, int32, int16, int8, uint, uint64, uint32, uint16, uint8, uintptr,
		float64, float32, complex128, complex64:
		return fmt.Sprint(v)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return quote(fmt.Sprintf("%+v", value))
	}
	return string(text)
}

// quote puts a text into quotes where it would not be clear without them where it ends.
func quote(s string) string {
	unclear := func(r rune) bool {
		return r == '"' || r == '=' || r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r)
	}
	if s == "" || strings.IndexFunc(s, unclear) >= 0 {
		return strconv.Quote(s)
	}
	return s
}

// withJobLog returns log, but so that what is written to it goes to the log of the job as well.
func (a *attempt) withJobLog(log *zap.Logger) *zap.Logger {
	level := a.e.cfg.JobLog
	if level == NoJobLog {
		return log
	}
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewTee(core, &jobLog{LevelEnabler: level, a: a, base: log.Name()})
	}))
}
