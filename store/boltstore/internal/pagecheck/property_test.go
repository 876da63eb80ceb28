package pagecheck

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestDamagedAtRandom is the promise of the package: whatever happened to a file,
// if Check has nothing against it then bbolt can work with it.
func TestDamagedAtRandom(t *testing.T) {
	const rounds = 120 // for each file
	for i, name := range []string{"all of it", "no freelist", "nested buckets", "inline buckets", "deep tree of small pages"} {
		t.Run(name, func(t *testing.T) {
			s := shapeNamed(t, name)
			sound := build(t, s)
			var passed, refused int
			for round := range uint64(rounds) {
				r := rand.New(rand.NewPCG(uint64(i), round))
				b := slices.Clone(sound)
				// One aimed change, or a few blind ones.
				if round%2 == 0 {
					aim(r, b, s.options.PageSize)
				} else {
					for range 1 + r.IntN(3) {
						mutate(r, b, s.options.PageSize)
					}
				}
				switch _, err := Check(bytes.NewReader(b), int64(len(b))); {
				case err == nil:
					passed++
					if err := exercise(t, b, round%4 < 2); err != nil {
						t.Errorf("round %d: Check passed what bbolt cannot use: %v", round, err)
					}
				case errors.Is(err, ErrDamaged), errors.Is(err, ErrNotBolt):
					refused++
				default:
					t.Errorf("round %d: %v", round, err)
				}
			}
			if passed < rounds/20 || refused < rounds/20 {
				t.Errorf("%d passed and %d were refused: too few of one to prove anything", passed, refused)
			}
		})
	}
}

// mutate damages an image in one of the ways that disks, memory and bugs do it.
func mutate(r *rand.Rand, b []byte, pageSize int) {
	pages := len(b) / pageSize
	page := func() []byte { return b[r.IntN(pages)*pageSize:][:pageSize] }
	switch r.IntN(7) {
	case 0: // a bit anywhere
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	case 1: // a bit among the headers and elements
		page()[r.IntN(128)] ^= 1 << r.IntN(8)
	case 2: // a byte
		page()[r.IntN(256)] = byte(r.Uint32())
	case 3: // a zeroed sector
		p := page()
		at := r.IntN(pageSize/512) * 512
		clear(p[at : at+512])
	case 4: // a page written to the wrong place, which even says so
		from, to := r.IntN(pages), r.IntN(pages)
		copy(b[to*pageSize:][:pageSize], b[from*pageSize:][:pageSize])
		if r.IntN(2) == 0 {
			native.PutUint64(b[to*pageSize:], uint64(to))
		}
	case 5: // the number of another page
		native.PutUint64(page()[r.IntN(32)*8:], uint64(r.IntN(pages+2)))
	case 6: // a small number a little off
		at := page()[r.IntN(64)*4:]
		native.PutUint32(at, native.Uint32(at)+r.Uint32N(5)-2)
	}
}

// aim changes one number or key of a sound image so that the page still looks well
// by itself: what a stray write of the program, or a lost one of the disk, leaves.
func aim(r *rand.Rand, b []byte, pageSize int) {
	pages := len(b) / pageSize
	other := func() uint64 { return uint64(r.IntN(pages)) }
	for {
		p := page{head: b[r.IntN(pages)*pageSize:][:pageSize]}
		p.header()
		if p.count == 0 {
			continue
		}
		i := r.IntN(p.count)
		at := p.head[headerSize+i*elementSize%(pageSize-headerSize):]
		switch p.flags {
		case freelistFlag:
			native.PutUint64(p.head[headerSize+i*idSize%(pageSize-headerSize):], other())
			return
		case branchFlag:
			e := p.element(i)
			next := p.element(r.IntN(p.count))
			switch r.IntN(4) {
			case 0:
				native.PutUint64(at[8:], other())
			case 1:
				native.PutUint64(at[8:], next.child)
			case 2: // this child comes next too, with its key
				native.PutUint32(at, uint32(next.key)-uint32(e.key)+native.Uint32(at))
				native.PutUint32(at[4:], uint32(next.ksize))
			case 3:
				bend(r, &p, e)
			}
			return
		case leafFlag:
			e := p.element(i)
			end := e.key + e.ksize + e.vsize
			if end > int64(pageSize) {
				continue
			}
			switch value := p.head[end-e.vsize : end]; {
			case e.flags == bucketFlag && r.IntN(2) == 0:
				native.PutUint64(value[r.IntN(len(value)/8)*8:], other())
			case r.IntN(4) == 0 && len(value) >= bucketSize:
				native.PutUint32(at, bucketFlag)
				native.PutUint64(value, other())
			case r.IntN(4) == 0:
				native.PutUint16(p.head[10:], uint16(i))
			default:
				bend(r, &p, e)
			}
			return
		}
	}
}

// bend makes a key of p a little larger or smaller.
func bend(r *rand.Rand, p *page, e element) {
	if end := int(e.key + e.ksize); end <= len(p.head) {
		p.head[end-1-r.IntN(min(4, int(e.ksize)))] += byte(1 - 2*r.IntN(2))
	}
}

// FuzzCheck lets the fuzzer write edits to sound files, since it would not get far
// with whole files. An edit is four bytes (a page, a place in it counted in steps of
// four bytes, and what to add to the 16 bits there).
func FuzzCheck(f *testing.F) {
	var sound [][]byte
	for _, name := range []string{"empty", "inline buckets", "nested buckets", "deep buckets", "no freelist"} {
		s := shapeNamed(f, name)
		s.options.PageSize = 1024
		sound = append(sound, build(f, s))
		f.Add(byte(len(sound)), uint16(0), []byte("edits"))
	}
	f.Add(byte(2), uint16(200), []byte{3, 1, 1, 0, 3, 5, 0, 1})
	f.Fuzz(func(t *testing.T, which byte, cut uint16, edits []byte) {
		b := slices.Clone(sound[int(which)%len(sound)])
		for e := range slices.Chunk(edits, 4) {
			if at := int(e[0]) * 1024; len(e) == 4 && at < len(b) {
				at += int(e[1]) * 4
				native.PutUint16(b[at:], native.Uint16(b[at:])+native.Uint16(e[2:]))
			}
		}
		b = b[:max(0, len(b)-int(cut))]
		rep, err := Check(bytes.NewReader(b), int64(len(b)))
		switch {
		case err == nil:
			if err := exercise(t, b, !rep.Clean); err != nil {
				t.Error(err)
			}
		case !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotBolt):
			t.Error(err)
		}
	})
}
