package pagecheck

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

// sealed seals a copy of an image.
func sealed(t rapid.TB, image []byte) *memory {
	t.Helper()
	pages, err := Walk(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{b: bytes.Clone(image), failAt: -1}
	if err := pages.Seal(m); err != nil {
		t.Fatal(err)
	}
	after, err := Check(bytes.NewReader(m.b), int64(len(m.b)))
	if err != nil {
		t.Fatalf("the sealed file: %v", err)
	}
	if after != pages.Report || !after.Clean {
		t.Fatalf("Seal says %+v, Check then %+v", pages.Report, after)
	}
	at := int(after.TxID%2)*after.PageSize + headerSize
	if txid := native.Uint64(m.b[at+metaTxID:]); txid != after.TxID {
		t.Fatalf("transaction %d is not in the meta page that bbolt would have used", after.TxID)
	}
	return m
}

// storedFreelist returns the numbers in the freelist, and its own pages.
func storedFreelist(t rapid.TB, image []byte) (free, own []uint64) {
	t.Helper()
	f, m, err := open(bytes.NewReader(image), int64(len(image)))
	if err != nil || m.freelist == noFreelist {
		t.Fatalf("there is no freelist: %v", err)
	}
	b := image[f.offset(m.freelist):]
	count, ids := uint64(native.Uint16(b[10:])), b[16:]
	for id := range uint64(native.Uint32(b[12:])) + 1 {
		own = append(own, m.freelist+id)
	}
	if count == 0xFFFF {
		count, ids = native.Uint64(ids), ids[8:]
	}
	for i := range count {
		free = append(free, native.Uint64(ids[8*i:]))
	}
	return free, own
}

// freeBelow returns which pages below the number end no tree uses, by the freelist.
func freeBelow(t rapid.TB, image []byte, end int) []uint64 {
	t.Helper()
	free, own := storedFreelist(t, image)
	all := slices.Sorted(slices.Values(append(free, own...)))
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Fatalf("%d of %d free pages are named twice", len(all)-n, len(all))
	}
	i, _ := slices.BinarySearch(all, uint64(end))
	return all[:i]
}

// dirty is a shape in which no freelist is stored.
func dirty(s shape) shape {
	s.options.NoFreelistSync = true
	return s
}

// sealLikeBolt holds a sealed image against the same one as bbolt would have used it.
func sealLikeBolt(t rapid.TB, image []byte) {
	t.Helper()
	before, err := ReadMeta(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	m := sealed(t, image)
	got, want := freeBelow(t, m.b, before.Pages), freeBelow(t, scannedByBolt(t, image), before.Pages)
	if !slices.Equal(got, want) {
		t.Errorf("%d pages are free, bbolt finds %d", len(got), len(want))
	}
	if contents(t, m.b) != contents(t, image) {
		t.Error("the contents have changed")
	}
	for id := range uint64(before.Pages) {
		at := int(id) * before.PageSize
		if _, free := slices.BinarySearch(got, id); id >= firstPage && !free &&
			!bytes.Equal(m.b[at:at+before.PageSize], image[at:at+before.PageSize]) {
			t.Errorf("page %d is in use, and was written to", id)
		}
	}
}

func TestSeal(t *testing.T) {
	for _, s := range shapes() {
		if s.fill == nil {
			continue // bbolt stores a freelist when it makes a file
		}
		t.Run(s.name, func(t *testing.T) {
			image := build(t, dirty(s))
			sealLikeBolt(t, image)
			if err := exercise(t, sealed(t, image).b, true); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSealHistories seals what a process leaves behind that is killed after a random
// history, and one that goes on after it, and is killed again.
func TestSealHistories(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		image := build(t, dirty(shape{"", bbolt.Options{PageSize: rapid.SampledFrom([]int{1024, 4096}).Draw(rt, "page size")}, nil}))
		for range rapid.IntRange(1, 2).Draw(rt, "lives") {
			path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
			if err := os.WriteFile(path, image, 0o600); err != nil {
				rt.Fatal(err)
			}
			db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true})
			if err != nil {
				rt.Fatal(err)
			}
			for range rapid.IntRange(1, 4).Draw(rt, "transactions") {
				if err := db.Update(func(tx *bbolt.Tx) error { return step(rt, tx) }); err != nil {
					rt.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				rt.Fatal(err)
			}
			if image, err = os.ReadFile(path); err != nil {
				rt.Fatal(err)
			}
			sealLikeBolt(rt, image)
			image = sealed(rt, image).b
		}
		os.Remove(filepath.Join(dir, fmt.Sprintf("%d.db", n)))
	})
}

// TestSealCopies: in a copy that bbolt made of a file that is in use, the newest meta
// page may stand in the place of the other one. It must not be overwritten even so.
func TestSealCopies(t *testing.T) {
	fill := []func(*bbolt.Tx) error{manyKeys}
	for range 2 { // an odd and an even number of transactions
		var backup bytes.Buffer
		build(t, dirty(shape{"", bbolt.Options{PageSize: 4096}, append(fill, func(tx *bbolt.Tx) error {
			return tx.DB().View(func(tx *bbolt.Tx) error {
				_, err := tx.WriteTo(&backup)
				return err
			})
		})}))
		fill = append(fill, addFew)
		image := backup.Bytes()
		before, err := ReadMeta(bytes.NewReader(image), int64(len(image)))
		if err != nil {
			t.Fatal(err)
		}
		m := sealed(t, image)
		if !bytes.Equal(m.b[:4096], image[:4096]) {
			t.Errorf("the meta page of transaction %d was overwritten", before.TxID)
		}
		sealLikeBolt(t, image)
		if err := exercise(t, m.b, true); err != nil {
			t.Error(err)
		}
	}
}

// TestSealOneMeta: beside one meta page that is torn, the other one is the newest.
func TestSealOneMeta(t *testing.T) {
	image := build(t, dirty(shapeNamed(t, "after deletes")))
	for slot := range 2 {
		torn := bytes.Clone(image)
		clear(torn[slot*4096+headerSize : (slot+1)*4096])
		if _, err := Check(bytes.NewReader(torn), int64(len(torn))); err != nil {
			continue // what the older one leads to has been overwritten since
		}
		m := sealed(t, torn)
		if other := (1 - slot) * 4096; !bytes.Equal(m.b[other:other+4096], image[other:other+4096]) {
			t.Errorf("meta page %d was overwritten", 1-slot)
		}
		sealLikeBolt(t, torn)
	}
}

// TestSealClean: a file with a freelist is not written to.
func TestSealClean(t *testing.T) {
	for _, s := range shapes() {
		if s.options.NoFreelistSync {
			continue
		}
		if m := sealed(t, build(t, s)); len(m.ops) > 0 {
			t.Errorf("%s: %d operations", s.name, len(m.ops))
		}
	}
}
