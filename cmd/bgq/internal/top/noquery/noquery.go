// Package noquery keeps the program silent when it starts on a terminal.
//
// Version 1 of bubbletea asks the terminal for its background colour in an init function, whether it is used
// or not: it switches the echo off, writes two queries, and waits up to seconds for
// the answers. Every bgq command would do so, and swallow what was typed ahead. With this
// package linked it does not ask: the answer has been given.
//
// That it is given before is a promise of the language: of the packages whose imports are
// initialized, the first by import path is next, and this one comes before bubbletea.
package noquery

import "github.com/charmbracelet/lipgloss"

func init() { lipgloss.SetHasDarkBackground(true) }
