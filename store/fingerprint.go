package store

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// Fingerprint names the kind of trouble that a failure is, so that a thousand failures with one
// cause are one line: twelve hexadecimal digits over the kind of the job, the kind and type of
// the failure, and its [Failure.Pattern].
func (f *Failure) Fingerprint(jobKind string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{jobKind, string(f.Kind), f.Type(), f.Pattern()}, "\x00")))
	return hex.EncodeToString(sum[:6])
}

// The most bytes of a message that are looked at, and that a pattern has. The former is larger, so
// that what may vary is seldom cut in the middle.
const (
	maxLooked  = 2 << 10
	maxPattern = 300
)

// variable finds what differs between messages that mean the same: quoted texts, paths of files,
// addresses of mail, ids, hexadecimal words, and words with a digit. An apostrophe inside of a word opens no quote.
var variable = regexp.MustCompile(`"[^"]*"|\B'[^']*'|[\pL\pN_.+-]+@[\pL\pN_.-]*[\pL\pN]|(?:/[\pL\pN_.@+-]+){2,}|` +
	`\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|` +
	`\b[0-9a-fA-F]{8,}\b|[\pL_]*[0-9][\pL\pN_]*(?:[.:,-][\pL_]*[0-9][\pL\pN_]*)*`)

// Pattern is the first line of the message with what may vary replaced by an ellipsis, up to
// 300 bytes of it.
func (f *Failure) Pattern() string {
	line, _, _ := strings.Cut(f.Message, "\n")
	return cut(variable.ReplaceAllString(cut(line, maxLooked), "…"), maxPattern)
}

// cut returns the front of a text, without half a character at its end.
func cut(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	return strings.ToValidUTF8(text, "")
}
