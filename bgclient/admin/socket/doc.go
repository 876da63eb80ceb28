// Package socket is where a program that has a queue open and the command that asks
// it about the queue meet: a unix socket beside the file, FILE.sock.
//
// [Listen] is for who holds the lock of the file, and only for them. The lock proves that no
// other program serves the file, so a socket that is found in its place was left behind by
// one that died, and is replaced. [Dial] and [Transport] are for everybody else.
// Nothing has to be configured: both sides compute the same [Path] from the name of the
// file, and it does not matter how each of them names it.
//
// The socket has mode 0600 from the first moment: only its owner and root can connect.
// Who they are is told by the operating system, see [Peer].
//
// An address of a unix socket holds about a hundred bytes. That limits neither the name of
// the file nor that of its folder, except on Windows.
package socket
