package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// Report is what Verify found.
type Report struct {
	Jobs   int
	States map[store.State]int
	// Problems says what is wrong, up to maxProblems of them; Total counts all.
	Problems []string
	Total    int
}

// OK tells whether nothing is wrong.
func (r *Report) OK() bool { return r.Total == 0 }

const maxProblems = 1000

// Verify reads the whole file: every record against its checksum, every job against
// the indexes, the counters, the unique keys and the tokens, and each of these against the
// jobs; and the audit against the trails of the jobs.
// A problem with what is stored goes into the report; an error says that the check
// itself could not be made. Writing goes on meanwhile, but the file grows by what is
// written until the check ends; if it grows beyond what is mapped of it (1 GiB at
// first), or a commit fails, writing waits for that end.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	v := &verifier{
		ctx:    ctx,
		report: Report{States: map[store.State]int{}},
		counts: map[counter]int64{},
	}
	if s.opts.ReadOnly {
		s.verifyPages(v)
	}
	err := s.view(ctx, func(r *reader) error {
		v.reader = r
		return v.run()
	})
	if p, ok := errors.AsType[*panicError](err); ok {
		v.problem("the check ended early: %v", p.value)
		err = nil
	}
	return v.report, err
}

// verifyPages checks the pages under the records. Only a file that nobody writes to
// can be checked that way; any other was checked when it was opened, if it had to be.
func (s *Store) verifyPages(v *verifier) {
	f, err := os.Open(s.abs)
	if err != nil {
		v.problem("the pages could not be checked: %v", err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		_, err = checkPages(f, info.Size())
	}
	if err != nil {
		v.problem("pages: %v", err)
	}
}

// checkPages walks all pages of a file. Were it to panic on a damaged one, that would be
// an error.
func checkPages(f *os.File, size int64) (report pagecheck.Report, err error) {
	err = guard(func() (err error) {
		report, err = pagecheck.Check(f, size)
		return err
	})
	return report, err
}

type verifier struct {
	*reader
	ctx    context.Context
	report Report
	counts map[counter]int64 // recounted
	seen   int
}

func (v *verifier) problem(format string, args ...any) {
	v.report.Total++
	if len(v.report.Problems) < maxProblems {
		v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, args...))
	}
}

// pause lets the check be cancelled.
func (v *verifier) pause() error {
	if v.seen++; v.seen%1024 == 0 {
		return v.ctx.Err()
	}
	return nil
}

func (v *verifier) run() error {
	for _, step := range []func() error{v.jobs, v.indexes, v.parts, v.uniqueKeys, v.tokens, v.counters, v.audit, v.stats} {
		if err := step(); err != nil {
			return err
		}
	}
	v.settings()
	return nil
}

// jobs checks every job, and that it stands where it should.
func (v *verifier) jobs() error {
	for k := range v.prefix(tableJob, nil) {
		if err := v.pause(); err != nil {
			return err
		}
		if len(k) != idLen {
			v.problem("the key %x of a job is no id", k)
			continue
		}
		v.report.Jobs++
		j, err := v.record(store.ID(k))
		if err != nil {
			v.problem("%v", err)
			continue
		}
		v.job(j)
	}
	return nil
}

func (v *verifier) job(j *record) {
	v.report.States[j.State]++
	v.counts[counter{j.Queue, j.Kind, j.State}]++
	in, key := indexKey(nil, j)
	if got, _ := v.bucket(in).Cursor().Seek(key); !bytes.Equal(got, key) {
		v.problem("job %s is %s, but does not stand in the index %q", j.ID, j.State, tableNames[in])
	}
	for _, part := range []store.Parts{store.PartArgs, store.PartResult, store.PartFailures, store.PartCheckpoints} {
		if err := v.reader.parts(j, part); err != nil {
			v.problem("%v", err)
		}
	}
	if wantsKey(j) {
		if id, held, err := v.holder(j.Unique); err != nil {
			v.problem("%v", err)
		} else if !held || id != j.ID {
			v.problem("job %s should hold the unique key %q, and does not", j.ID, j.Unique)
		}
	}
	if j.Token != "" {
		if id, taken, err := v.bearer(j.Token); err != nil {
			v.problem("%v", err)
		} else if !taken || id != j.ID {
			v.problem("job %s carries the idempotency key %q, which does not lead to it", j.ID, j.Token)
		}
	}
}

// indexes checks that nothing stands in an index that does not belong there.
func (v *verifier) indexes() error {
	for _, in := range []table{tableReady, tableAlone, tableDue, tableRun, tableHeld, tableDone} {
		for k := range v.prefix(in, nil) {
			if err := v.pause(); err != nil {
				return err
			}
			id, ok := idAtEnd(k)
			if !ok {
				v.problem("the index %q has the key %x, which ends with no id", tableNames[in], k)
				continue
			}
			j, err := v.record(id)
			if err != nil {
				continue // told already
			}
			if j == nil {
				v.problem("the index %q names job %s, which does not exist", tableNames[in], id)
				continue
			}
			if right, key := indexKey(nil, j); right != in || !bytes.Equal(key, k) {
				v.problem("job %s is %s, and yet stands in the index %q under %x", id, j.State, tableNames[in], k)
			}
		}
	}
	return nil
}

// parts checks that no part is without its job.
func (v *verifier) parts() error {
	for _, in := range []table{tableArgs, tableResult, tableFailure, tablePoint, tableLog} {
		last := store.ID{}
		for k, sealed := range v.prefix(in, nil) {
			if err := v.pause(); err != nil {
				return err
			}
			if len(k) < idLen {
				v.problem("the table %q has the key %x, which begins with no id", tableNames[in], k)
				continue
			}
			if id := store.ID(k[:idLen]); id != last {
				last = id
				v.part(in, id)
			}
			if in == tableLog { // the others are read with their jobs
				v.line(k, sealed)
			}
		}
	}
	return nil
}

// part checks that a job has a part in a table.
func (v *verifier) part(in table, id store.ID) {
	j, err := v.record(id)
	switch {
	case err != nil: // told already
	case j == nil:
		v.problem("the table %q has a part of job %s, which does not exist", tableNames[in], id)
	case in == tableArgs && !j.argsApart(), in == tableResult && !j.resultApart():
		v.problem("the table %q has a value of job %s, whose record says that it is elsewhere", tableNames[in], id)
	}
}

// uniqueKeys checks that each key is held by a job that should hold it.
func (v *verifier) uniqueKeys() error {
	for k := range v.prefix(tableUnique, nil) {
		if err := v.pause(); err != nil {
			return err
		}
		id, held, err := v.holder(string(k))
		if err != nil {
			v.problem("%v", err)
			continue
		}
		j, err := v.record(id)
		if err != nil {
			continue // told already
		}
		if !held || j == nil || j.Unique != string(k) || !wantsKey(j) {
			v.problem("the unique key %q is held by job %s, which should not", k, id)
		}
	}
	return nil
}

// counters compares what is stored with what was counted.
func (v *verifier) counters() error {
	for k, sealed := range v.prefix(tableCount, nil) {
		row, ok := splitCount(k)
		if !ok {
			v.problem("the counter %q has a wrong key", k)
			continue
		}
		if row.N, ok = readCount(k, sealed); !ok {
			v.problem("the counter %q: %v", k, errChecksum)
		}
		c := counter{row.Queue, row.Kind, row.State}
		if n := v.counts[c]; n != row.N {
			v.problem("the counter of %s jobs of kind %q in queue %q says %d, there are %d", row.State, row.Kind, row.Queue, row.N, n)
		}
		delete(v.counts, c)
	}
	for c, n := range v.counts {
		v.problem("there is no counter of %s jobs of kind %q in queue %q, there are %d", c.state, c.kind, c.queue, n)
	}
	return nil
}

// settings checks the records that are not about single jobs.
func (v *verifier) settings() {
	for k := range v.prefix(tableQueue, nil) {
		if _, err := v.queue(string(k)); err != nil {
			v.problem("%v", err)
		}
	}
	for k := range v.prefix(tableSchedule, nil) {
		if _, err := v.schedule(string(k)); err != nil {
			v.problem("%v", err)
		}
	}
	bases := 0
	for k := range v.prefix(tableBatch, nil) {
		b, err := v.batch(string(k))
		if err != nil {
			v.problem("%v", err)
			continue
		}
		bases++
		if name := v.get(tableBase, b.Base[:baseLen]); string(name) != b.Name {
			v.problem("the base of the batch %q leads to %q", b.Name, name)
		}
	}
	for range v.prefix(tableBase, nil) {
		bases--
	}
	if bases < 0 {
		v.problem("there are %d bases without a batch", -bases)
	}
}
