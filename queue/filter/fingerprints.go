package filter

import (
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// fingerprints is the field fingerprint: whole fingerprints, which are alternatives.
type fingerprints struct{}

// fingerprintLength is that of [store.Failure.Fingerprint].
const fingerprintLength = 12

func (x fingerprints) read(t *term, f *store.Filter, _ time.Time) error {
	if len(f.Fingerprints) > 0 {
		return t.twice(f.Fingerprints)
	}
	for _, text := range t.texts() {
		text = strings.ToLower(text)
		if !isFingerprint(text) {
			return t.fail(show(text)+" is no fingerprint", "a fingerprint has 12 hexadecimal digits, like 8c7eca56eb16")
		}
		f.Fingerprints = append(f.Fingerprints, text)
	}
	return nil
}

func isFingerprint(text string) bool {
	return len(text) == fingerprintLength && strings.Trim(text, "0123456789abcdef") == ""
}

func (fingerprints) write(f *store.Filter) []string { return writeList(f.Fingerprints) }
