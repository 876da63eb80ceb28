// Package pagecheck decides whether a bbolt file may be given to bbolt.
//
// bbolt trusts its pages. On a damaged file it panics inside Open, kills the
// process from a goroutine of its own where nobody can recover, reads beyond the
// mapped file, or walks in a circle for ever. This package reads the same bytes
// first, through an io.ReaderAt, and answers with an error.
//
// # The promise
//
// When [Check] returns nil, bbolt opens the file, reads every key of every
// bucket, and goes on writing to it, without a panic and without an endless
// loop. Whatever the bytes are, Check itself ends: it visits a page at most once.
// It is not a checksum. A bit flipped inside a value, or inside a key so that the
// order still holds, is not seen; records have to carry a checksum of their own.
//
// # What is checked
//
// The meta page is chosen as bbolt chooses it. Starting at the root bucket, every
// page that belongs to a tree must
//
//   - say its own number and be a branch or a leaf, no other kind;
//   - lie, with its overflow, below the high-water mark, and be used once;
//   - hold its elements, keys and values packed one behind the other, the only
//     layout bbolt writes, so that a false count, position or size shows at once;
//   - hold its keys in ascending order, the first one equal to the key that leads
//     to the page from the branch above, the last one below the next key there;
//   - have the same kind as its siblings, and at least two children as a branch,
//     or one key as a leaf below a branch.
//
// Some of this is stricter than bbolt's own check, which asks only that the first
// key is not below the key in the branch, and says nothing of siblings and counts.
// bbolt always writes its pages so, and relies on it when it writes again: with
// another key in the branch it adds the new page beside the old one instead of
// replacing it, and a delete below a branch with one child panics.
//
// A bucket inside a leaf is followed in the same way, or checked in place when its
// only page lies inline in the value. A stored freelist must be in ascending order
// and must not name a page that is in use. A page that is neither free nor in use
// is only lost space, and no damage.
//
// # Sealing
//
// A process that keeps no freelist while it runs, and is killed, leaves none behind.
// bbolt then walks the whole file to make one. [Walk] knows already which pages are in
// use, and [Pages.Seal] stores the list as a commit of bbolt would. It is the only
// thing here that writes.
//
// # Wrecks
//
// What Check refuses may hold much that can yet be read. [Wreck] finds it: it goes through
// the trees as far as they can be followed, says where something may be missing, and then
// shows what stands in pages that no tree leads to. It says nothing of whether a value is
// right: the records' own checksums must.
//
// # The cost
//
// One bit of memory for each page of the file, and for each goroutine that reads, of
// which there are a few, one buffer for each page on its path from the root and one to
// read ahead. Values that reach beyond the first page of their leaf are not read. All
// goroutines have ended when Check returns.
package pagecheck
