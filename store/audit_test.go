package store

import (
	"context"
	"testing"
)

func TestAuditTravels(t *testing.T) {
	ctx := t.Context()
	if a := AuditFrom(ctx); a != nil {
		t.Errorf("a plain context has %+v", a)
	}
	asked := Audit{Actor: Actor{Name: "ann", UID: 1, PID: 2, Via: "socket"}, Verb: "retry", Reason: "why", Operation: "op"}
	outer := WithAudit(ctx, asked)
	inner, cancel := context.WithCancel(WithAudit(outer, Audit{Verb: "delete"}))
	defer cancel()
	if a := AuditFrom(outer); a == nil || *a != asked {
		t.Errorf("got %+v, want %+v", a, asked)
	}
	if a := AuditFrom(inner); a == nil || *a != (Audit{Verb: "delete"}) {
		t.Errorf("got %+v, want the inner one", a)
	}
	given := asked
	ctx = WithAudit(ctx, given)
	given.Verb = "changed"
	if a := AuditFrom(ctx); a.Verb != "retry" {
		t.Errorf("what was given is shared: %+v", a)
	}
}
