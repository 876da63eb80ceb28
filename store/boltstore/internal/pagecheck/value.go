package pagecheck

import (
	"bytes"
	"sort"
)

// Value looks up a key: the last name of the path. Those before it are the buckets
// that lead to it, from the root bucket. It returns nil if there is no such key. The
// file must be as it was when it was walked.
func (p *Pages) Value(path ...string) ([]byte, error) {
	var s scratch
	bucket := page{file: p.file, id: p.meta.root}
	for i, name := range path {
		leaf, e, err := p.find(bucket, []byte(name), &s)
		last := i == len(path)-1
		switch {
		case err != nil:
			return nil, err
		case e.ksize == 0 || (e.flags == bucketFlag) == last:
			return nil, nil
		}
		value, err := leaf.bytes(e.key+e.ksize, e.vsize, &s.value)
		if err != nil || last {
			return bytes.Clone(value), err
		}
		bucket = page{file: p.file, id: native.Uint64(value)}
		if bucket.id == 0 {
			bucket.inline, bucket.head = true, bytes.Clone(value[bucketSize:])
		}
	}
	return nil, nil
}

// find goes from the first page of a bucket to the leaf that has a key, and returns
// both. The element is zero if it is not there.
func (p *Pages) find(at page, key []byte, s *scratch) (leaf page, e element, err error) {
	for range maxPath {
		if at.inline {
			at.header()
		} else if _, err := at.load(nil); err != nil {
			return page{}, element{}, err
		}
		// The last element whose key is not above the one that is wanted.
		var failed error
		i := sort.Search(at.count, func(i int) bool {
			e := at.element(i)
			k, err := at.bytes(e.key, e.ksize, &s.keys[0])
			if err != nil {
				failed = err
			}
			return bytes.Compare(k, key) > 0
		}) - 1
		if failed != nil || i < 0 {
			return page{}, element{}, failed
		}
		e := at.element(i)
		if at.flags == branchFlag {
			at = page{file: p.file, id: e.child, head: at.head}
			continue
		}
		k, err := at.bytes(e.key, e.ksize, &s.keys[0])
		if err != nil || !bytes.Equal(k, key) {
			return page{}, element{}, err
		}
		return at, e, nil
	}
	return page{}, element{}, damaged(at.id, "it is %d pages below the root", maxPath)
}
