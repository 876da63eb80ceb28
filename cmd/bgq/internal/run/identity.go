package run

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
)

// key is the identity of an input: a digest of its bytes and of which occurrence of
// them it is, from 0.
type key [16]byte

func keyOf(input string, occurrence uint32) key {
	h := sha256.New()
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], occurrence)
	h.Write(n[:])
	h.Write([]byte(input))
	var sum [sha256.Size]byte
	return key(h.Sum(sum[:0])[:len(key{})])
}

// unique returns the unique key of the job of an input.
func (k key) unique(batch string) string { return "run/" + batch + "/" + hex.EncodeToString(k[:]) }

// parseUnique is the inverse of unique.
func parseUnique(unique, batch string) (key, error) {
	var k key
	digits, ok := strings.CutPrefix(unique, "run/"+batch+"/")
	if ok && len(digits) == hex.EncodedLen(len(k)) {
		if _, err := hex.Decode(k[:], []byte(digits)); err == nil {
			return k, nil
		}
	}
	return k, fmt.Errorf("batch %q has a member with the unique key %q, which bgq run did not make: give another --name", batch, unique)
}

// fingerprint identifies a command: its words and whether a shell reads them.
func fingerprint(command []string, shell bool) string {
	h := sha256.New()
	fmt.Fprintf(h, "%v %d", shell, len(command))
	for _, w := range command {
		fmt.Fprintf(h, " %d:%s", len(w), w)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// defaultName names the batch of a command, the same one for the same command in
// the same directory: relative inputs mean other files in another one.
func defaultName(t *template.Template, command []string, dir string) string {
	word := "command"
	if program, fixed := t.Program(); fixed && !t.Shell() {
		word = filepath.Base(program)
	} else if fields := strings.Fields(command[0]); t.Shell() && len(fields) > 0 {
		word = filepath.Base(fields[0])
	}
	word = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return -1
	}, word)
	sum := sha256.Sum256([]byte(fingerprint(command, t.Shell()) + dir))
	return fmt.Sprintf("run-%.40s-%s", word, hex.EncodeToString(sum[:4]))
}
