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
				for range 1 + r.IntN(3) {
					mutate(r, b, s.options.PageSize)
				}
				switch _, err := Check(bytes.NewReader(b), int64(len(b))); {
				case err == nil:
					passed++
					if err := exercise(t, b, round%2 == 0); err != nil {
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
