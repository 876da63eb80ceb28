package boltstore

import (
	"math"

	"go.etcd.io/bbolt"
)

// A file grows in large steps, by holes. The first write into a hole makes the file
// system find blocks and note them in its own journal, within the sync of the commit
// that writes there. So zeros are written a little ahead of the end of the pages in use:
// the commits behind them only overwrite, which makes the small ones a fifth faster.
const (
	prefillAhead = 128 << 10 // there should be as much before a commit
	prefillChunk = 256 << 10 // is written at once
)

var zeros [prefillChunk]byte

// prefill prepares the place where the next commits will write, if they make the file
// grow. It is a help and no more: that it fails means nothing. The caller holds s.writer.
func (s *Store) prefill(tx *bbolt.Tx) {
	used := tx.Size()
	s.filled = max(s.filled, used)
	if s.filled-used >= prefillAhead {
		return
	}
	info, err := s.file.Stat()
	if err != nil {
		return
	}
	n := min(prefillChunk, info.Size()-s.filled)
	if n <= 0 {
		return // the commit will make it longer
	}
	if _, err := s.file.WriteAt(zeros[:n], s.filled); err != nil {
		s.filled = math.MaxInt64 // not again with this file
		return
	}
	s.filled += n
}

// minGrowth is the least by which a file grows, in bytes.
const minGrowth = 1 << 20
