package pagecheck

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
)

const sector = 512 // what a disk writes as a whole

// crashImages are small dirty files: one whose freelist finds room among the free
// pages, and one that has to become longer.
func crashImages(t *testing.T) map[string][]byte {
	s := dirty(shape{"", bbolt.Options{PageSize: 1024}, []func(*bbolt.Tx) error{manyKeys, inline, deleteSome, addFew}})
	return map[string][]byte{"room": trim(t, build(t, s)), "no room": trim(t, fragmented(t, 300))}
}

// fragmented builds a dirty image with about so many free pages, in which no row of
// them is long enough for a list of all.
func fragmented(t *testing.T, free int) []byte {
	// Two keys share a page. Every fourth one is written anew, and every other page.
	put := func(tx *bbolt.Tx, step int) error {
		b, err := tx.CreateBucketIfNotExists([]byte("values"))
		for i := 0; err == nil && i < 4*free; i += step {
			err = b.Put(fmt.Appendf(nil, "key %04d", i), make([]byte, 400))
		}
		return err
	}
	image := build(t, dirty(shape{"", bbolt.Options{PageSize: 1024}, []func(*bbolt.Tx) error{
		func(tx *bbolt.Tx) error { return put(tx, 1) },
		func(tx *bbolt.Tx) error { return put(tx, 4) },
	}}))
	for range 10 {
		pages, err := Walk(bytes.NewReader(image), int64(len(image)))
		if err != nil {
			t.Fatal(err)
		}
		if list := pages.placeFreelist(); list.end > uint64(pages.Pages) {
			return image
		}
		image = withBolt(t, image, bbolt.Options{NoFreelistSync: true}, func(db *bbolt.DB) error {
			return db.Update(func(tx *bbolt.Tx) error { return fillRows(tx, pages) })
		})
	}
	t.Fatal("a long row of pages stays free")
	return nil
}

// fillRows puts values where there are free pages in a row.
func fillRows(tx *bbolt.Tx, pages *Pages) error {
	b, err := tx.CreateBucketIfNotExists([]byte("filling"))
	row := 0
	for id := range uint64(pages.Pages) + 1 {
		if id < uint64(pages.Pages) && !pages.used.has(id) {
			row++
			continue
		}
		if err == nil && row > 2 {
			err = b.Put(fmt.Appendf(nil, "%d %d", tx.ID(), id), make([]byte, row*1024-200))
		}
		row = 0
	}
	return err
}

// trim cuts off what is behind the last page.
func trim(t *testing.T, image []byte) []byte {
	rep, err := ReadMeta(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	return image[:rep.Pages*rep.PageSize]
}

// cut is what a power cut leaves of writes that were not synced: some of their sectors.
func cut(r *rand.Rand, image []byte, writes []op) []byte {
	left := bytes.Clone(image)
	for _, w := range writes {
		for at := int64(0); at < int64(len(w.data)); {
			end := min(int64(len(w.data)), (w.off+at)/sector*sector+sector-w.off)
			if r.IntN(2) == 0 {
				left = overwrite(left, w.data[at:end], w.off+at)
			}
			at = end
		}
	}
	return left
}

// states yields files that a crash could leave behind after each of the operations.
func states(image []byte, ops []op, each int) (all [][]byte) {
	r := rand.New(rand.NewPCG(1, uint64(len(image))))
	for n := range len(ops) + 1 {
		synced := 0
		for i, o := range ops[:n] {
			if o.data == nil {
				synced = i
			}
		}
		base := bytes.Clone(image)
		for _, o := range ops[:synced] {
			base = overwrite(base, o.data, o.off)
		}
		whole := base
		for _, o := range ops[synced:n] {
			whole = overwrite(bytes.Clone(whole), o.data, o.off)
		}
		all = append(all, whole) // a process that was killed
		for range each {
			all = append(all, cut(r, base, ops[synced:n]))
		}
	}
	return all
}

// wantSame checks that a file holds together, says the same as before, and can be
// sealed and worked with.
func wantSame(t *testing.T, what string, image []byte, want string) {
	t.Helper()
	if _, err := Check(bytes.NewReader(image), int64(len(image))); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got := contents(t, sealed(t, image).b); got != want {
		t.Errorf("%s: the contents are not the same", what)
	}
}

// TestSealInterrupted: a crash at any moment leaves a file with all that was in it.
func TestSealInterrupted(t *testing.T) {
	for name, image := range crashImages(t) {
		t.Run(name, func(t *testing.T) {
			want := contents(t, image)
			m := sealed(t, image)
			if longer := len(m.b) > len(image); longer != (name == "no room") {
				t.Errorf("the file had %d bytes and has %d", len(image), len(m.b))
			}
			all := states(image, m.ops, 8)
			var clean int
			for i, left := range all {
				wantSame(t, fmt.Sprintf("state %d", i), left, want)
				if rep, _ := ReadMeta(bytes.NewReader(left), int64(len(left))); rep.Clean {
					clean++
				}
			}
			if clean == 0 || clean == len(all) {
				t.Errorf("%d of %d states are sealed", clean, len(all))
			}
		})
	}
}

// TestSealUnsyncedMeta: who wrote the newest meta page was killed before it was on disk.
// As long as it is not, the file is what the older one says.
func TestSealUnsyncedMeta(t *testing.T) {
	// Each commit but the first frees only the pages of the one before it: there the list
	// finds room.
	change := func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("many")).Put(fmt.Appendf(nil, "last by %d", tx.ID()), nil)
	}
	steps := []func(*bbolt.Tx) error{manyKeys}
	for commits := range 4 {
		steps = append(steps, change)
		image := trim(t, build(t, dirty(shape{"", bbolt.Options{PageSize: 1024}, steps})))
		t.Run(fmt.Sprintf("%d commits", commits+2), func(t *testing.T) {
			newer := contents(t, image)
			rep, err := ReadMeta(bytes.NewReader(image), int64(len(image)))
			if err != nil {
				t.Fatal(err)
			}
			at := rep.TxID % 2 * uint64(rep.PageSize)
			meta := op{int64(at), bytes.Clone(image[at : at+sector])}
			// In its place stands the one before the older one, which says about the same.
			before := bytes.Clone(image[uint64(rep.PageSize)-at:][:sector])
			native.PutUint64(before, at/uint64(rep.PageSize))
			raw := before[headerSize:][:metaSize]
			native.PutUint64(raw[metaTxID:], rep.TxID-2)
			native.PutUint64(raw[metaChecksum:], checksum(raw))
			disk := overwrite(bytes.Clone(image), before, int64(at))
			older := contents(t, disk)
			if older == newer {
				t.Fatal("the last commit has changed nothing")
			}
			for i, left := range states(disk, append([]op{meta}, sealed(t, image).ops...), 12) {
				want := older
				if rep, err := ReadMeta(bytes.NewReader(left), int64(len(left))); err == nil && rep.TxID%2*uint64(rep.PageSize) == at || rep.Clean {
					want = newer
				}
				wantSame(t, fmt.Sprintf("state %d", i), left, want)
			}
		})
	}
}

// TestSealMetaTorn tears the last write at each of its bytes.
func TestSealMetaTorn(t *testing.T) {
	image := crashImages(t)["room"]
	want := contents(t, image)
	m := sealed(t, image)
	last := len(m.ops) - 1
	before := m.b
	for _, o := range m.ops[:last] {
		before = overwrite(bytes.Clone(image), o.data, o.off)
	}
	for n := range m.ops[last].data {
		wantSame(t, fmt.Sprintf("torn after %d bytes", n), overwrite(bytes.Clone(before), m.ops[last].data[:n], m.ops[last].off), want)
	}
}

// TestSealFails: a file that cannot be written to stays what it is.
func TestSealFails(t *testing.T) {
	for name, image := range crashImages(t) {
		t.Run(name, func(t *testing.T) {
			want := contents(t, image)
			for failAt := range sealed(t, image).ops {
				pages, err := Walk(bytes.NewReader(image), int64(len(image)))
				if err != nil {
					t.Fatal(err)
				}
				m := &memory{b: bytes.Clone(image), failAt: failAt}
				if err := pages.Seal(m); !errors.Is(err, errDisk) {
					t.Errorf("operation %d: Seal returns %v", failAt, err)
				}
				if len(m.ops) != failAt+1 || pages.Clean {
					t.Errorf("operation %d: it went on, to %d; clean: %t", failAt, len(m.ops), pages.Clean)
				}
				wantSame(t, fmt.Sprintf("operation %d failed", failAt), m.b, want)
			}
		})
	}
}

// TestSealThenCommit: the last write of Seal is not synced, and bbolt goes on. Until
// the sync of its first commit, any of the new writes may be lost.
func TestSealThenCommit(t *testing.T) {
	for name, image := range crashImages(t) {
		t.Run(name, func(t *testing.T) {
			want := contents(t, image)
			m := sealed(t, image)
			after := withBolt(t, m.b, bbolt.Options{NoFreelistSync: true}, func(db *bbolt.DB) error {
				return db.Update(func(tx *bbolt.Tx) error { return errors.Join(manyKeys(tx), deleteSome(tx)) })
			})
			rep, err := ReadMeta(bytes.NewReader(after), int64(len(after)))
			if err != nil {
				t.Fatal(err)
			}
			last := len(m.ops) - 1
			// The commit replaces the meta page beside the one that Seal has written, when all
			// else is synced.
			meta := rep.TxID % 2 * uint64(rep.PageSize)
			ops := slices.Clone(m.ops)
			for at := 0; at < len(after); at += sector {
				now := after[at : at+sector]
				if at != int(meta) && (at >= len(m.b) || !bytes.Equal(now, m.b[at:at+sector])) {
					ops = append(ops, op{int64(at), now})
				}
			}
			data := len(ops)
			ops = append(ops, op{}, op{int64(meta), after[meta : meta+sector]})
			if data-last < 10 {
				t.Errorf("the commit wrote %d sectors", data-last)
			}
			r := rand.New(rand.NewPCG(2, 3))
			synced := bytes.Clone(image)
			for _, o := range ops[:last] {
				synced = overwrite(synced, o.data, o.off)
			}
			for i := range 30 {
				wantSame(t, fmt.Sprintf("cut %d", i), cut(r, synced, ops[last:data]), want)
			}
			whole := synced
			for _, o := range ops[last:data] {
				whole = overwrite(whole, o.data, o.off)
			}
			wantSame(t, "before the meta page", whole, want)
			torn := overwrite(bytes.Clone(whole), make([]byte, 40), int64(meta)+headerSize)
			wantSame(t, "the meta page torn", torn, want)
			wantSame(t, "all of it", overwrite(whole, ops[data+1].data, int64(meta)), contents(t, after))
		})
	}
}
