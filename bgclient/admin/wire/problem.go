package wire

import (
	"fmt"
	"net/http"
)

// Problem is an error as application/problem+json, see RFC 9457.
type Problem struct {
	Type   string `json:"type"`   // "about:blank"
	Title  string `json:"title"`  // of the status
	Status int    `json:"status"` // HTTP
	// Detail is what happened, to what. Hint is what to do next, or "".
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
	// Code is stable: programs branch on it.
	Code Code `json:"code"`
	// Count accompanies count_moved: how many there are now. Holder accompanies duplicate.
	Count  *int64 `json:"count,omitempty"`
	Holder string `json:"holder,omitempty"`
	// State accompanies not_finished, job_failed and job_cancelled.
	State string `json:"state,omitempty"`
}

// Error returns the detail.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("%s (%d)", p.Code, p.Status)
	}
	return p.Detail
}

// Code names a problem.
type Code string

// The codes, each with its HTTP status.
const (
	CodeBadRequest   Code = "bad_request"   // 400
	CodeBadFilter    Code = "bad_filter"    // 400: the filter cannot be read
	CodeBadCursor    Code = "bad_cursor"    // 400
	CodeUnauthorized Code = "unauthorized"  // 401: a token is missing or wrong
	CodeForbidden    Code = "forbidden"     // 403: this one may not; or the origin or host is not allowed
	CodeNotFound     Code = "not_found"     // 404: no such job, queue, batch, operation or path
	CodeNotAllowed   Code = "not_allowed"   // 405: the method
	CodeNotFinished  Code = "not_finished"  // 409: the job has no result yet
	CodeJobFailed    Code = "job_failed"    // 409: it never will
	CodeJobCancelled Code = "job_cancelled" // 409: it never will
	CodeDuplicate    Code = "duplicate"     // 409: another job holds the unique key
	CodeKeyReused    Code = "key_reused"    // 409: the Idempotency-Key was used for another job
	CodeRunning      Code = "running"       // 409: refused while a job is running
	CodeCountMoved   Code = "count_moved"   // 409: expect does not hold
	CodeBusy         Code = "busy"          // 409: another operation of that sort is under way
	CodeTooLarge     Code = "too_large"     // 413
	CodeMediaType    Code = "media_type"    // 415: the body is not JSON
	CodeTooMany      Code = "too_many"      // 429: too many streams or operations at once
	CodeInternal     Code = "internal"      // 500
	CodeDamaged      Code = "damaged"       // 500: the file is damaged
	CodeUnknown      Code = "unknown"       // 500: it is not known whether the change was stored
	CodeNotLive      Code = "not_live"      // 501: only a live program can tell or do that
	CodeUnsupported  Code = "unsupported"   // 501: not on this system
	CodeClosed       Code = "closed"        // 503: the program is shutting down
	CodeReadOnly     Code = "read_only"     // 503
	CodeTimeout      Code = "timeout"       // 504
	CodeNoSpace      Code = "no_space"      // 507: the disk is nearly full
)

// statuses of the codes.
var statuses = map[Code]int{
	CodeBadRequest: 400, CodeBadFilter: 400, CodeBadCursor: 400, CodeUnauthorized: 401, CodeForbidden: 403,
	CodeNotFound: 404, CodeNotAllowed: 405, CodeNotFinished: 409, CodeJobFailed: 409, CodeJobCancelled: 409,
	CodeDuplicate: 409, CodeKeyReused: 409, CodeRunning: 409, CodeCountMoved: 409, CodeBusy: 409, CodeTooLarge: 413,
	CodeMediaType: 415, CodeTooMany: 429, CodeInternal: 500, CodeDamaged: 500, CodeUnknown: 500,
	CodeNotLive: 501, CodeUnsupported: 501, CodeClosed: 503, CodeReadOnly: 503, CodeTimeout: 504, CodeNoSpace: 507,
}

// NewProblem returns the problem of a code.
func NewProblem(code Code, hint, format string, args ...any) *Problem {
	status := statuses[code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: fmt.Sprintf(format, args...), Hint: hint, Code: code,
	}
}
