//go:build !linux

package bench

// filesystem returns the name of the file system of a folder, or "" if it is not known.
func filesystem(string) string { return "" }
