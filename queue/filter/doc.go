// Package filter is the language in which people select jobs: on the command
// line, in the admin API and on the page, always through this one parser.
//
//	state:failed kind:resize queue:img,mail error~"timed out" age>1h attempts>=3 -batch:nov
//
// A space means and, a comma means or, a leading minus means not. [Parse] turns a
// text into a [store.Filter], and [Format] turns the filter back into its
// canonical text. The empty text selects every job.
//
// # Promises
//
//   - No input makes Parse panic, run long or take much memory: a text has at most
//     [MaxLength] bytes and [MaxValues] values.
//   - Whatever Parse accepts, Format prints so that Parse reads an equal filter.
//   - A text that is nearly right is refused and never guessed at, because bulk
//     commands delete by it. The [SyntaxError] shows the word, what was expected
//     there, and if possible what was meant.
//   - A text that plainly selects nothing, like kind:a kind:b, is refused too.
//
// # Grammar
//
//	filter   = [ term { space term } ] .
//	term     = [ "-" ] ( field operator values | id { "," id } ) .
//	values   = value { "," value } .
//	value    = { character | quoted } .
//	quoted   = `"` { character | space | "," | `\"` | `\\` } `"` .
//	operator = ":" | "=" | "~" | ">" | ">=" | "<" | "<=" .
//
// What a value may be depends on the field:
//
//	number   = [ "-" ] digits | number ".." number .
//	time     = RFC 3339 | date | [ "+" ] duration .
//	duration = digits unit { digits unit } .
//	unit     = "w" | "d" | "h" | "m" | "s" .
//
// A character is anything but a space, a comma and a double quote; between quotes
// those are ordinary too, and only there is the backslash special. Quotes may
// stand around any part of a word, and "" is the empty text: batch:"" selects
// the jobs that belong to no batch. The names of fields and states may be
// written in any case, all other text counts as it stands.
//
// A date like 2026-11-01 is a whole day: created>2026-11-01 begins when that day
// has ended. A duration in place of a time means that long ago, and with a plus
// that long from now: run_at<+1h is due within the hour.
//
// A fingerprint has twelve hexadecimal digits, see [store.Failure.Fingerprint]; it is
// always given whole. Whoever groups failures gets them from there.
//
// [Fields] describes the fields, for help texts and completion.
package filter
