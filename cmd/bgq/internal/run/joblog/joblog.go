// Package joblog writes the log of a run in the columns of GNU parallel, so that
// what reads its logs reads ours: Seq, Host, Starttime, JobRuntime, Send, Receive,
// Exitval, Signal, Command, separated by tabs.
//
// A line is appended with one write when the outcome is durable in the journal. If the
// power fails in between, the log may end in the middle of a line: [Open] cuts such an
// end off. A line may be missing where bgq was killed between the two: the journal, not the log, is
// the truth, and [Log.Has] tells a later run which lines to add.
package joblog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const header = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

// Entry is one line: a command that has ended.
type Entry struct {
	Seq     int64 // from 1
	Started time.Time
	Runtime time.Duration
	Receive int64 // bytes of its standard output
	Exit    int   // -1 if a signal ended it, or it could not be started
	Signal  int
	Command string
}

// Log is an open log. Its methods may be called from any goroutine.
type Log struct {
	file *os.File
	mu   sync.Mutex
	seqs map[int64]struct{}
}

// Open opens the log at path, to append to it or, with anew, to begin it anew. It
// refuses a file that is something else.
func Open(path string, anew bool) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the joblog: %w", err)
	}
	l := &Log{file: f, seqs: map[int64]struct{}{}}
	if err := l.prepare(anew); err != nil {
		return nil, errors.Join(fmt.Errorf("joblog %s: %w", path, err), f.Close())
	}
	return l, nil
}

// prepare makes the file one that lines can be appended to.
func (l *Log) prepare(anew bool) error {
	f := l.file
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if info.Mode().IsRegular() && size > 0 {
		begin := make([]byte, min(size, int64(len(header))))
		if _, err := f.ReadAt(begin, 0); err != nil {
			return err
		}
		if !strings.HasPrefix(header, string(begin)) {
			return errors.New("the file is no joblog: give the name of another one, or of one that does not exist yet")
		}
		if anew || len(begin) < len(header) {
			size = 0
		} else if size, err = lastLine(f, size); err != nil {
			return err
		}
		if err := f.Truncate(size); err != nil {
			return err
		}
		if err := l.read(io.NewSectionReader(f, 0, size)); err != nil {
			return err
		}
	}
	if size == 0 {
		_, err = f.WriteString(header)
	}
	return err
}

// lastLine returns where the last whole line of the file ends.
func lastLine(f *os.File, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for size > 0 {
		n := min(size, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], size-n); err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return size - n + int64(i) + 1, nil
		}
		size -= n
	}
	return 0, nil
}

// read notes which lines are there.
func (l *Log) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadSlice('\n')
		number, _, _ := bytes.Cut(line, []byte("\t"))
		if seq, bad := strconv.ParseInt(string(number), 10, 64); bad == nil {
			l.seqs[seq] = struct{}{}
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a long line
			_, err = lines.ReadSlice('\n')
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Has tells whether the log has a line of that number.
func (l *Log) Has(seq int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.seqs[seq]
	return ok
}

// Append writes a line.
func (l *Log) Append(e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seqs[e.Seq] = struct{}{}
	_, err := l.file.WriteString(e.line())
	if err != nil {
		return fmt.Errorf("cannot write the joblog: %w", err)
	}
	return nil
}

// line formats the entry. A line feed in the command becomes a NUL, as in GNU
// parallel, since it would tear the line.
func (e Entry) line() string {
	return fmt.Sprintf("%d\t:\t%d.%03d\t%10.3f\t0\t%d\t%d\t%d\t%s\n",
		e.Seq, e.Started.Unix(), e.Started.Nanosecond()/1e6, e.Runtime.Seconds(), e.Receive, e.Exit, e.Signal,
		strings.ReplaceAll(e.Command, "\n", "\x00"))
}

// Close closes the log.
func (l *Log) Close() error { return l.file.Close() }
