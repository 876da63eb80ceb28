package admin

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// beginOnFile begins to compact or to verify the file.
func (s *Server) beginOnFile(ctx context.Context, id string, n *wire.NewOperation) (*operation, error) {
	if n.Filter != "" || len(n.IDs) > 0 || n.Limit != 0 || n.Expect != nil || n.Rate != 0 {
		return nil, wire.NewProblem(wire.CodeBadRequest, "send action and reason only", "%s is about the file, not about jobs", n.Action)
	}
	if s.cfg.File == nil {
		return nil, wire.NewProblem(wire.CodeUnsupported, hintNoFile, "there is no file to %s", n.Action)
	}
	work := s.verify
	if n.Action == wire.ActionCompact {
		work = s.compact
	}
	op := newOperation(id, n.Action, store.AuditFrom(ctx))
	op.onFile = true
	return op, s.ops.start(op, func(ctx context.Context) error {
		report, err := work(ctx)
		if err != nil {
			return err
		}
		b, err := json.Marshal(report)
		op.mu.Lock()
		defer op.mu.Unlock()
		op.view.Report = b
		return err
	})
}

func (s *Server) compact(ctx context.Context) (any, error) {
	c, err := s.cfg.File.Compact(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, wire.NewProblem(wire.CodeUnsupported, "stop the program, and compact the file then", "%v", err)
	}
	return wire.Compacted{
		BeforeBytes: c.Before, AfterBytes: c.After,
		TookMS: c.Took.Milliseconds(), PauseMS: c.Pause.Milliseconds(),
	}, err
}

func (s *Server) verify(ctx context.Context) (any, error) {
	report, err := s.cfg.File.Verify(ctx)
	v := wire.Verified{Jobs: int64(report.Jobs), States: map[string]int64{}, Problems: report.Problems, Total: int64(report.Total)}
	if v.Problems == nil {
		v.Problems = []string{}
	}
	for state, n := range report.States {
		v.States[state.String()] = int64(n)
	}
	return v, err
}
