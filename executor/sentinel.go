package executor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
)

// sentinels is the registry of the process: which error a code stands for, and back.
var sentinels = struct {
	sync.RWMutex // guards both maps
	byCode       map[string]error
	codes        map[error]string
}{
	byCode: map[string]error{
		"context.Canceled":         context.Canceled,
		"context.DeadlineExceeded": context.DeadlineExceeded,
	},
	codes: map[error]string{
		context.Canceled:         "context.Canceled",
		context.DeadlineExceeded: "context.DeadlineExceeded",
	},
}

// RegisterError names an error value, so that a stored failure that had it in its
// chain still matches it with [errors.Is] in another process. Like [encoding/gob.Register]
// it is for the init of a package, and works for the whole process. The code is
// stored with failures: it must mean the same for ever. context.Canceled and
// context.DeadlineExceeded are registered under these names.
//
// What is found is the very value (==) in the chain of a failure. It is an error to give
// an empty code, a nil error, one that cannot be compared with ==, a code that
// stands for another value, or a value that has another code. Registering the same pair
// again does nothing. It may be called from any goroutine.
func RegisterError(code string, err error) error {
	switch {
	case code == "":
		return errors.New("an error cannot be registered without a code")
	case err == nil:
		return fmt.Errorf("the error for code %q is nil: register a value", code)
	case !isComparable(err):
		return fmt.Errorf("the error for code %q has type %T, whose values cannot be compared with ==: register a pointer", code, err)
	}
	sentinels.Lock()
	defer sentinels.Unlock()
	if other, taken := sentinels.byCode[code]; taken && other != err {
		return fmt.Errorf("code %q stands for another error already (%T: %s): a code names one value", code, other, message(other))
	}
	if other, taken := sentinels.codes[err]; taken && other != code {
		return fmt.Errorf("the error %q has the code %q already: it cannot also be %q", message(err), other, code)
	}
	sentinels.byCode[code], sentinels.codes[err] = err, code
	return nil
}

// LookupError returns the error that was registered under code.
func LookupError(code string) (error, bool) {
	sentinels.RLock()
	defer sentinels.RUnlock()
	err, ok := sentinels.byCode[code]
	return err, ok
}

// codeOf returns the code of err, or "".
func codeOf(err error) string {
	if !isComparable(err) {
		return ""
	}
	sentinels.RLock()
	defer sentinels.RUnlock()
	return sentinels.codes[err]
}

// isComparable tells whether == on err cannot panic. The type alone does not say: a
// struct may hold an interface that holds a slice.
func isComparable(err error) bool { return reflect.ValueOf(err).Comparable() }
