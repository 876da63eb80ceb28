package template

import "strings"

// The parts of a path as GNU parallel cuts them, on "/" alone, on every system.

// trimExtension drops the last "." of the last part and what follows it. A dot at the very
// end is no extension.
func trimExtension(s string) string {
	dot := strings.LastIndexByte(s, '.')
	if dot < 0 || dot == len(s)-1 || dot < strings.LastIndexByte(s, '/') {
		return s
	}
	return s[:dot]
}

// base returns what follows the last "/".
func base(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// directory returns the path without its last part, as dirname(1) does.
func directory(s string) string {
	trimmed := strings.TrimRight(s, "/")
	if trimmed == "" {
		if s == "" {
			return "."
		}
		return "/"
	}
	slash := strings.LastIndexByte(trimmed, '/')
	if slash < 0 {
		return "."
	}
	if dir := strings.TrimRight(trimmed[:slash], "/"); dir != "" {
		return dir
	}
	return "/"
}
