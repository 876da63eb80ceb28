package pagecheck

import (
	"bytes"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
)

// TestSealLarge has more free pages than the header of a freelist can count.
func TestSealLarge(t *testing.T) {
	m := sealed(t, build(t, dirty(shapeNamed(t, "large freelist"))))
	if free, own := storedFreelist(t, m.b); len(free) <= 65_535 || len(own) <= len(free)*8/1024 {
		t.Errorf("%d pages are free, in a list of %d pages", len(free), len(own))
	}
}

// TestSealCounts goes through the numbers of free pages around which the freelist needs
// one page more, and around which it changes its form.
func TestSealCounts(t *testing.T) {
	for _, around := range []int{126, 254, 65_535, 65_535 + 517} { // with the list itself
		for n := around - 1; n <= around+1; n++ {
			image := withFreePages(t, n)
			free, own := storedFreelist(t, sealed(t, image).b)
			if len(free)+len(own) != n {
				t.Errorf("%d free pages: %d in a list of %d", n, len(free), len(own))
			}
			if n < 300 {
				sealLikeBolt(t, image)
			}
		}
	}
}

// TestFreelistFits: a list has the pages that it needs, and not more than if it named its
// own pages too.
func TestFreelistFits(t *testing.T) {
	for _, apart := range []bool{false, true} {
		for _, around := range []int{0, 126, 254, 65_535, 65_662, 66_052} {
			for free := max(0, around-3); free <= around+3; free++ {
				p := &Pages{file: &file{pageSize: 1024}, meta: meta{pages: uint64(firstPage + 2*free)}}
				p.used = newBitmap(p.meta.pages)
				for id := range p.meta.pages {
					if id < firstPage || apart && id%2 == 0 || !apart && id < uint64(firstPage+free) {
						p.used.add(id)
					}
				}
				l := p.placeFreelist()
				need := headerSize + idSize*l.count
				if l.count >= largeCount {
					need += idSize
				}
				if room := l.pages * 1024; need > room || room >= headerSize+idSize*uint64(free+1)+1024 {
					t.Errorf("%d free pages: %d take %d bytes, and have %d", free, l.count, need, room)
				}
			}
		}
	}
}

// TestSealBehindTheLast: where too few pages are free in a row, the list is put behind
// the last page, and the file becomes longer.
func TestSealBehindTheLast(t *testing.T) {
	for name, taken := range map[string]func(uint64) bool{
		"no free pages":         func(uint64) bool { return true },
		"every other page free": func(id uint64) bool { return id%2 == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			image := withFreePages(t, 600)
			pages, err := Walk(bytes.NewReader(image), int64(len(image)))
			if err != nil {
				t.Fatal(err)
			}
			for id := range pages.used.missing(uint64(pages.Pages)) {
				if taken(id) {
					pages.used.add(id)
				}
			}
			before := pages.Report
			m := &memory{b: image, failAt: -1}
			if err := pages.Seal(m); err != nil {
				t.Fatal(err)
			}
			free, own := storedFreelist(t, m.b)
			if own[0] != uint64(before.Pages) || pages.Pages != before.Pages+len(own) || len(m.b) != pages.Pages*pages.PageSize {
				t.Errorf("the list has the pages %v, and of %d pages the file has now %d, in %d bytes", own, before.Pages, pages.Pages, len(m.b))
			}
			if slices.ContainsFunc(free, taken) {
				t.Errorf("pages in use are called free: %v", free)
			}
			if err := exercise(t, m.b, true); err != nil {
				t.Error(err)
			}
		})
	}
}

// withFreePages builds a small dirty image of small pages, in which about so many
// pages are free: as if the file had been larger once.
func withFreePages(t testing.TB, free int) []byte {
	t.Helper()
	image := build(t, dirty(shape{"", bbolt.Options{PageSize: 1024}, []func(*bbolt.Tx) error{inline}}))
	f, m, err := open(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := Walk(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	m.pages = uint64(pages.Reachable + free)
	native.PutUint64(m.raw[metaPages:], m.pages)
	native.PutUint64(m.raw[metaChecksum:], checksum(m.raw[:]))
	copy(image[f.offset(m.slot)+headerSize:], m.raw[:])
	image = image[:min(len(image), int(f.offset(m.pages)))]
	return overwrite(image, nil, f.offset(m.pages))
}
