package main

import (
	"errors"
	"slices"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// problems maps what the admin API answers to exit codes; what is not named here is an error.
var problems = map[wire.Code]exitCode{
	wire.CodeBadRequest:   exitUsage,
	wire.CodeBadFilter:    exitUsage,
	wire.CodeBadCursor:    exitUsage,
	wire.CodeTooLarge:     exitUsage,
	wire.CodeUnauthorized: exitRefused,
	wire.CodeForbidden:    exitRefused,
	wire.CodeReadOnly:     exitRefused,
	wire.CodeRunning:      exitRefused,
	wire.CodeBusy:         exitRefused,
	wire.CodeTooMany:      exitRefused,
	wire.CodeCountMoved:   exitRefused,
	wire.CodeDuplicate:    exitRefused,
	wire.CodeKeyReused:    exitRefused,
	wire.CodeNotLive:      exitRefused,
	wire.CodeUnsupported:  exitRefused,
	wire.CodeNotFound:     exitNotFound,
	wire.CodeJobFailed:    exitJobFailed,
	wire.CodeJobCancelled: exitJobFailed,
	wire.CodeDamaged:      exitDamaged,
	wire.CodeTimeout:      exitTimeout,
}

func codeOfProblem(c wire.Code) exitCode {
	if code, known := problems[c]; known {
		return code
	}
	return exitError
}

// isProblem tells whether err is an answer of the API with one of the codes.
func isProblem(err error, codes ...wire.Code) bool {
	p, ok := errors.AsType[*wire.Problem](err)
	return ok && slices.Contains(codes, p.Code)
}
