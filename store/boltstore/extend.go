package boltstore

import (
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// Extend implements [store.Store]. An extension without news only asks whether the
// claim holds, and costs no commit.
func (s *Store) Extend(ctx context.Context, extensions []store.Extension) ([]bool, error) {
	if len(extensions) == 0 {
		return nil, nil
	}
	news, lines, weight, err := s.prepareNews(extensions)
	if err != nil {
		return nil, err
	}
	var held []bool
	err = s.do(ctx, &op{
		growing: lines > 0, // logs have to wait where finishing goes on
		jobs:    len(news) + lines, bytes: weight,
		run: func(t *txn) (err error) {
			held, err = t.extend(news)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// news is an extension that was checked, and whose values are ready to be written.
type news struct {
	ref      store.Ref
	progress *store.Progress
	points   []point
	lines    [][]byte // encoded
}

// point is a sealed checkpoint.
type point struct{ key, value []byte }

func (s *Store) prepareNews(extensions []store.Extension) (all []news, lines, weight int, err error) {
	if err := s.checkCount(len(extensions)); err != nil {
		return nil, 0, 0, err
	}
	all = make([]news, len(extensions))
	for i := range extensions {
		e := &extensions[i]
		all[i].ref = e.Ref
		if e.Progress != nil {
			if err := checkText("note of the progress", e.Progress.Note, maxNote); err != nil {
				return nil, 0, 0, fmt.Errorf("job %s: %w", e.Ref.ID, err)
			}
			progress := *e.Progress
			all[i].progress = &progress
		}
		for _, c := range e.Checkpoints {
			err := checkName("name of a checkpoint", c.Name, maxName)
			if err == nil {
				err = s.checkValue(fmt.Sprintf("checkpoint %q", c.Name), c.Value)
			}
			if err != nil {
				return nil, 0, 0, fmt.Errorf("job %s: %w", e.Ref.ID, err)
			}
			key := pointKey(e.Ref.ID, c.Name)
			all[i].points = append(all[i].points, point{key, sealValue(key, c.Value)})
			weight += len(c.Value)
		}
		if all[i].lines, err = s.prepareLines(e.Lines, &weight); err != nil {
			return nil, 0, 0, fmt.Errorf("job %s: %w", e.Ref.ID, err)
		}
		lines += len(e.Lines)
	}
	return all, lines, weight, nil
}

// extend stores the news of those jobs whose claims hold.
func (t *txn) extend(all []news) ([]bool, error) {
	held := make([]bool, len(all))
	for i := range all {
		j, err := t.running(all[i].ref)
		if err != nil {
			return nil, err
		}
		held[i] = j != nil
	}
	for i := range all {
		if !held[i] {
			continue
		}
		j, _ := t.running(all[i].ref) // in memory since the loop above
		if p := all[i].progress; p != nil {
			t.update(j, func() { j.Progress = *p })
		}
		for _, p := range all[i].points {
			t.put(tablePoint, p.key, p.value)
		}
		t.appendLines(j.ID, all[i].lines)
	}
	return held, nil
}
