// Package migrations turns the bytes of an older bgq file into those of this one.
//
// The format of a file is one number, kept in the file itself. Each step raises it
// by one, in one transaction, so that a crash between two steps leaves a file that
// the next open goes on with.
//
// # The rules
//
//   - Steps are numbered and only go forward. A file with a larger number than
//     [Latest] was written by a newer bgq; it is refused, never guessed at.
//   - A step that was released is never changed. For that reason this package
//     shares nothing with the code of today: names of buckets and layouts of bytes
//     are written out again here, as they were when the step was written, and the
//     only import is bbolt.
//   - A step may run on a file that holds an application's own buckets, and leaves
//     them alone.
//   - Every released format has a file in store/boltstore/testdata, and a test that
//     opens it.
package migrations
