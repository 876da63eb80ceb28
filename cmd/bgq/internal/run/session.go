package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/input"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/joblog"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/output"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// session is one run.
type session struct {
	q        *queue.Queue
	opts     Options
	template *template.Template
	program  string // where it is, if it is the same for every input
	env      []string

	meter    *progress.Meter
	reporter progress.Reporter
	printer  *output.Printer
	log      *joblog.Log // nil: none

	kill  chan struct{} // closed: kill what runs at once
	asked chan struct{} // one slot: wanted has gone up

	mu     sync.Mutex // guards what follows
	wanted stopLevel
	ended  map[store.Ref]*ended
	halted bool
	err    error // the first thing that went wrong
}

// stopLevel says how far stopping has come. It goes up only.
type stopLevel uint8

const (
	stopNot      stopLevel = iota
	stopClaiming           // start nothing more, let what runs finish
	stopHurry              // ask what runs to end
	stopKill               // kill what runs
)

// Run runs the command for each input of source. It returns when every one of them
// has ended, or the run was stopped. An error tells that the run could not go on; what
// has ended until then is recorded, and in the summary.
func Run(ctx context.Context, q *queue.Queue, source *input.Source, o Options) (Summary, error) {
	s := &session{
		q: q, opts: o, meter: progress.NewMeter(time.Now()),
		kill: make(chan struct{}), asked: make(chan struct{}, 1), ended: map[store.Ref]*ended{},
	}
	if err := s.prepare(); err != nil {
		return Summary{}, err
	}
	b, err := s.open(ctx)
	if err != nil {
		return Summary{}, err
	}
	s.env = append(os.Environ(), "BGQ_BATCH="+b.Name)
	p, err := loadPlan(ctx, q, b, o.RetryFailed)
	if err != nil {
		return Summary{}, err
	}
	s.reporter = progress.NewReporter(o.Progress, s.meter, o.Stdout, o.Stderr, o.BothTerminal)
	defer s.reporter.Close()
	s.printer = output.NewPrinter(s.reporter.Stdout(), s.reporter.Stderr(), o.KeepOrder)
	if o.Joblog != "" {
		if s.log, err = joblog.Open(o.Joblog, o.Restart); err != nil {
			return Summary{}, err
		}
		defer s.log.Close()
	}
	interrupted, err := s.run(ctx, p, source)
	err = errors.Join(err, s.printer.Close())
	sum := Summary{Status: s.meter.Status(time.Now()), Batch: b.Name, Interrupted: interrupted, Halted: s.halted}
	if !sum.Reading {
		sum.Unlisted = int64(len(p.unlisted(store.EveryState &^ store.FinalStates)))
	}
	return sum, err
}

// run feeds and executes until everything has ended or the run is stopped.
func (s *session) run(ctx context.Context, p *plan, source *input.Source) (interrupted bool, err error) {
	// Signals come through Interrupts. What has to be recorded is recorded whatever ctx says.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	f := &feeder{session: s, plan: p, chunks: reading(ctx, source), limit: min(1000, s.q.Store().Caps().MaxBatch)}
	first, more, err := f.ahead(ctx)
	if err != nil {
		return false, err
	}
	begin := f.decide(first)
	if err := f.holdUnlisted(ctx); err != nil {
		return false, err
	}
	exec, err := s.executor(p.batch.Queue)
	if err != nil {
		return false, err
	}
	if s.opts.Serve != nil {
		defer s.opts.Serve(exec)()
	}
	if err := exec.Start(ctx); err != nil {
		return false, err
	}
	feedCtx, stopFeeding := context.WithCancel(ctx)
	var feeding sync.WaitGroup
	feeding.Go(func() {
		err := f.apply(feedCtx, begin)
		if err == nil {
			err = f.rest(feedCtx, more)
		}
		if err != nil && feedCtx.Err() == nil {
			s.fail(err)
		}
	})
	interrupted, err = s.supervise(ctx, exec, stopFeeding)
	feeding.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return interrupted, errors.Join(s.err, err)
}

// executor returns one that runs the jobs of the batch.
func (s *session) executor(queueName string) (*executor.Executor, error) {
	exec, err := executor.New(s.q, executor.Config{
		// What runs is waited for until stopHurry says otherwise.
		Grace: math.MaxInt64, Abandon: stopGrace + killGrace,
		Logger: logger(s.reporter.Stderr()), Finished: s.finished,
	})
	if err != nil {
		return nil, err
	}
	backoff := &queue.Backoff{Base: time.Second, Max: time.Minute}
	if err := exec.Handle(Kind, s.attempt, executor.HandlerOptions{Backoff: backoff, Quiet: true}); err != nil {
		return nil, err
	}
	return exec, exec.Serve(queueName, s.opts.Slots)
}

// logger prints what the executor cannot tell otherwise: that the journal fails.
func logger(w io.Writer) *zap.Logger {
	encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{
		MessageKey: "message", EncodeDuration: zapcore.StringDurationEncoder, ConsoleSeparator: " ",
	})
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), zap.ErrorLevel))
}

// supervise waits until the run is over, and stops it in steps when it is asked to.
func (s *session) supervise(ctx context.Context, exec *executor.Executor, stopFeeding func()) (interrupted bool, err error) {
	patient, hurry := context.WithCancel(ctx)
	defer hurry()
	stopped := make(chan error, 1)
	level := stopNot
	raise := func(to stopLevel) {
		for level < to {
			level++
			switch level {
			case stopClaiming:
				stopFeeding()
				go func() { stopped <- exec.Stop(patient) }()
			case stopHurry:
				hurry()
			case stopKill:
				close(s.kill)
			}
		}
	}
	for {
		select {
		case <-s.asked:
			s.mu.Lock()
			to := s.wanted
			s.mu.Unlock()
			raise(to)
		case <-s.opts.Interrupts:
			if !interrupted {
				s.say("stopping: what runs is asked to end, and killed after %v; once more kills it at once", stopGrace)
				raise(stopHurry)
			} else {
				s.say("killing what runs")
				raise(stopKill)
			}
			interrupted = true
		case err := <-stopped:
			return interrupted, err
		}
	}
}

// stop asks supervise to stop the run.
func (s *session) stop(to stopLevel) {
	s.mu.Lock()
	s.wanted = max(s.wanted, to)
	s.mu.Unlock()
	select {
	case s.asked <- struct{}{}:
	default: // it will see the new level
	}
}

// fail records that the run cannot go on, and stops it.
func (s *session) fail(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	s.mu.Unlock()
	s.stop(stopClaiming)
}

// update changes the counts, and ends the run when every input has ended.
func (s *session) update(f func(*progress.Counts)) {
	over := false
	s.meter.Update(func(c *progress.Counts) {
		f(c)
		over = !c.Reading && c.Ended() >= c.Total
	})
	if over {
		s.stop(stopClaiming)
	}
}

// say tells people something beside the output.
func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.reporter.Stderr(), "bgq run: "+format+"\n", args...)
}
