package boltstore

// scratch is memory that one transaction after the other uses. What a transaction
// makes of it is good until it ends: bbolt keeps the values that are put only as long.
type scratch struct {
	bytes   []byte            // encoded records
	records []record          // decoded ones
	names   map[string]string // see decoder.name
	notices []notice
	*ledger
}

// ready returns a scratch that a transaction can begin with.
func (s scratch) ready() scratch {
	if s.ledger == nil {
		s.ledger = &ledger{}
	}
	return s
}

// The bounds of what is kept from one transaction to the next.
const (
	keptBytes   = 256 << 10
	keptRecords = 2048
	keptNames   = 1024
	keptNotices = 4096
)

// encode writes a record into the scratch.
func (s *scratch) encode(j *record) []byte {
	if size := j.encodedSize(); cap(s.bytes)-len(s.bytes) < size {
		s.bytes = make([]byte, 0, max(size, min(keptBytes, max(1<<10, 2*cap(s.bytes)))))
	}
	start := len(s.bytes)
	b := j.encode(s.bytes)
	if len(b) <= cap(s.bytes) {
		s.bytes = b
	}
	return b[start:len(b):len(b)]
}

// newRecord returns a record to decode into.
func (s *scratch) newRecord() *record {
	if len(s.records) == cap(s.records) {
		s.records = make([]record, 0, min(keptRecords, max(4, 2*cap(s.records))))
	}
	s.records = s.records[:len(s.records)+1]
	return &s.records[len(s.records)-1]
}

// reuse returns the scratch for the next transaction. Nothing that the last one made
// of it may be in use any more.
func (s scratch) reuse() scratch {
	clear(s.records)
	s.bytes, s.records = s.bytes[:0], s.records[:0]
	if cap(s.bytes) > keptBytes {
		s.bytes = nil
	}
	if s.names == nil || len(s.names) > keptNames {
		s.names = map[string]string{}
	}
	clear(s.notices)
	s.notices = s.notices[:0]
	if cap(s.notices) > keptNotices {
		s.notices = nil
	}
	s.ledger.reset()
	return s
}
