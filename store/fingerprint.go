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

// maxPattern is the most bytes of a message that count.
const maxPattern = 300

// variable finds what differs between messages that mean the same: quoted texts, paths of files,
// hexadecimal words and ids, and numbers.
var variable = regexp.MustCompile(`"[^"]*"|'[^']*'|(?:/[\pL\pN_.@+-]+){2,}|` +
	`\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|` +
	`\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b|` +
	`\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]*[0-9][0-9a-fA-F]{7,}\b|\b[0-9]+(?:[.:,][0-9]+)*`)

// Pattern is the first line of the message with what may vary replaced by an ellipsis.
func (f *Failure) Pattern() string {
	line, _, _ := strings.Cut(f.Message, "\n")
	if len(line) > maxPattern {
		line = strings.ToValidUTF8(line[:maxPattern], "")
	}
	return variable.ReplaceAllString(line, "…")
}
