package socket

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
)

const suffix = ".sock"

// maxName is the most bytes of the socket's own name. It leaves room, in the shortest
// address that a system has, for the ways in which reach names a folder.
const maxName = 64

// Path returns the name of the socket of a file: FILE.sock, beside the file.
//
// The file's name is made absolute and every symbolic link in it is resolved, that of the
// file itself too. So it is the same socket whether the file is named by a relative
// path, through a link to its folder, or by a link to the file, which may be elsewhere: the
// socket is beside the file that holds the data. A file with several hard links has a socket
// for each, so use one of its names only. The file does not have to exist.
//
// If FILE is longer than 59 bytes, the socket has the beginning of the name and a hash of
// all of it instead.
func Path(db string) string { return filepath.Join(locate(db)) }

// locate returns the folder and the name of the socket. The name depends on nothing
// but the file's own: a container may know the folder by another path.
func locate(db string) (dir, name string) {
	if abs, err := filepath.Abs(db); err == nil {
		db = abs
	}
	if real, err := filepath.EvalSymlinks(db); err == nil {
		db = real
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(db)); err == nil {
		db = filepath.Join(dir, filepath.Base(db))
	}
	return filepath.Dir(db), nameFor(filepath.Base(db))
}

// nameFor returns the name of the socket of a file with that name.
func nameFor(base string) string {
	if len(base)+len(suffix) <= maxName {
		return base + suffix
	}
	sum := sha256.Sum256([]byte(base))
	// Some file systems take no broken character, so none is left where the name is cut.
	return strings.ToValidUTF8(base[:32], "") + "~" + hex.EncodeToString(sum[:8]) + suffix
}
