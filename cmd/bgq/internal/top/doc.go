// Package top is the live screen of bgq top: queues, what runs, what fails and why, operations and batches, with
// keys to look closer and to act.
//
// A [Model] asks the admin API once in a while and draws what it was told. It is a
// bubbletea model: keys and answers come in as messages, [Model.Update] changes the state and returns what
// is to be asked next, [Model.View] draws. Nothing else knows the terminal.
//
//	tick ─► fetch ─► client ─► answer ─► Update ─► View
//	key  ─► Update ─► question ─► y ─► client ─► notice, fetch
//
// What the API cannot tell at the moment, because the program restarts, stays on the screen as it was last
// known, and the first line says since when. Every text goes through Config.Clean on its way to
// the screen, in one place ([screen]): what stands in a queue is never trusted with the terminal.
package top
