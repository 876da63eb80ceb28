package executor

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/bgq-dev/bgq/store"
)

// detailed is an error with a long form, which belongs into other logs.
type detailed struct{}

func (detailed) Error() string                { return "no luck" }
func (detailed) Format(f fmt.State, _ rune)   { fmt.Fprint(f, "no luck\nat great length") }
func (detailed) MarshalJSON() ([]byte, error) { return nil, errors.New("not me") }
func (d detailed) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("b", "2")
	enc.AddInt("a", 1)
	return nil
}

func TestLineText(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 2, 3, 4000, time.UTC)
	for want, log := range map[string]func(*zap.Logger){
		"plain":             func(l *zap.Logger) { l.Info("plain") },
		"two words a=b c=1": func(l *zap.Logger) { l.Info("two words", zap.String("a", "b"), zap.Int("c", 1)) },
		`q empty="" space="a b" quote="\"" eq="a=b" line="a\nb" esc="\x1b[31m" bad="\xff" ü=ü`: func(l *zap.Logger) {
			l.Info("q", zap.String("empty", ""), zap.String("space", "a b"), zap.String("quote", `"`), zap.String("eq", "a=b"),
				zap.String("line", "a\nb"), zap.String("esc", "\x1b[31m"), zap.String("bad", "\xff"), zap.String("ü", "ü"))
		},
		`values d=1.5s at=2026-11-22T01:02:03.000004Z yes=true f=0.1 nan=NaN error="no luck" nil=null`: func(l *zap.Logger) {
			l.Info("values", zap.Duration("d", 1500*time.Millisecond), zap.Time("at", at), zap.Bool("yes", true), zap.Float64("f", 0.1),
				zap.Float64("nan", math.NaN()), zap.Error(detailed{}), zap.Any("nil", nil), zap.Skip())
		},
		`deep list=["a b","c"] map={"k":[1]} o={"a":1,"b":"2"} a=1 b=2`: func(l *zap.Logger) {
			l.Info("deep", zap.Strings("list", []string{"a b", "c"}), zap.Any("map", map[string]any{"k": []int{1}}),
				zap.Object("o", detailed{}), zap.Inline(detailed{}))
		},
		`stubborn x={C:<nil>}`: func(l *zap.Logger) { l.Info("stubborn", zap.Reflect("x", struct{ C chan int }{})) },
		"more with=1 http.path=/ http.code=200": func(l *zap.Logger) {
			l.With(zap.Int("with", 1), zap.Namespace("http")).With(zap.String("path", "/")).Info("more", zap.Int("code", 200))
		},
		"fetcher.http: named": func(l *zap.Logger) { l.Named("fetcher").Named("http").Info("named") },
		"bad \uFFFD bytes":    func(l *zap.Logger) { l.Info("bad \xff bytes") },
	} {
		e := &Executor{cfg: Config{JobLog: zap.DebugLevel}, noted: map[*attempt]struct{}{}}
		a := &attempt{e: e}
		log(a.withJobLog(zap.NewNop().Named("app").With(zap.String("of", "the program"))))
		lines, _ := a.notes.Load().close()
		e.notesTimer.Stop()
		if len(lines) != 1 || lines[0].Text != want {
			t.Errorf("%+v, want %q", lines, want)
		}
	}
}

func TestLevelsHaveFourNames(t *testing.T) {
	for l, want := range map[zapcore.Level]string{
		-3: "debug", zap.DebugLevel: "debug", zap.InfoLevel: "info", zap.WarnLevel: "warn",
		zap.ErrorLevel: "error", zap.DPanicLevel: "error", zap.FatalLevel: "error",
	} {
		if got := levelName(l); got != want || len(got) > store.MaxLogLevel {
			t.Errorf("%v is called %q, want %q", l, got, want)
		}
	}
}
