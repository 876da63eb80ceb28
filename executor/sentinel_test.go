package executor

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// sliceError is an error type that == cannot compare.
type sliceError []string

func (e sliceError) Error() string { return strings.Join(e, ",") }

// hiddenError is comparable by its type, yet not by its value.
type hiddenError struct{ inner any }

func (e hiddenError) Error() string { return "hidden" }

// runs makes the codes of each run of a test its own: the registry is the process's.
var runs atomic.Int32

func TestRegisterError(t *testing.T) {
	taken := fmt.Sprint("test.first.", runs.Add(1))
	first, second := errors.New("first"), errors.New("second")
	if err := RegisterError(taken, first); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, code string
		err        error
		want       string // part of the message; empty: accepted
	}{
		{"same pair again", taken, first, ""},
		{"no code", "", second, "without a code"},
		{"nil", "test.nil", nil, "nil"},
		{"not comparable by type", "test.slice", sliceError{"x"}, "sliceError"},
		{"not comparable by value", "test.hidden", hiddenError{[]int{1}}, "hiddenError"},
		{"code taken", taken, second, taken},
		{"value has another code", "test.other", first, taken},
		{"code of the standard library", "context.Canceled", second, "context.Canceled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := RegisterError(tt.code, tt.err)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	// What was refused must have left nothing behind.
	if got, ok := LookupError(taken); !ok || got != first {
		t.Errorf("%s is %v, %t", taken, got, ok)
	}
	for _, code := range []string{"test.nil", "test.slice", "test.hidden", "test.other", ""} {
		if got, ok := LookupError(code); ok {
			t.Errorf("%q is registered as %v", code, got)
		}
	}
	if code := codeOf(second); code != "" {
		t.Errorf("second has code %q", code)
	}
}

func TestRegisterErrorConcurrently(t *testing.T) {
	code := fmt.Sprint("test.race.", runs.Add(1))
	var wg sync.WaitGroup
	won := make([]bool, 8)
	for i := range won {
		wg.Go(func() {
			won[i] = RegisterError(code, fmt.Errorf("number %d", i)) == nil
			LookupError(code)
		})
	}
	wg.Wait()
	winners := 0
	for _, w := range won {
		if w {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d of %d registered the same code", winners, len(won))
	}
}
