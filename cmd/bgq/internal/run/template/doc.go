// Package template turns a command with replacement strings and one input into a
// command line, by the rules of GNU parallel:
//
//	{}    the input                     a/b.txt
//	{.}   without its extension         a/b
//	{/}   its last part                 b.txt
//	{//}  its directory                 a
//	{/.}  its last part, no extension   b
//	{#}   the sequence number, from 1
//	{%}   the slot number, from 1
//
// A command without any of them gets the input appended as its last argument.
//
// Inputs are bytes: nothing is decoded, trimmed or split. Without a shell each
// word of the template becomes exactly one argument, so nothing in an input can
// become an option separator, a wildcard or a second command. With a shell the
// words are joined by blanks and every replaced value is quoted.
package template
