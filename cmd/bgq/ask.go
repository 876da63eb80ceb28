package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// ask asks a yes-or-no question on stderr. It fails with exit code 6 unless the answer is yes.
func (a *app) ask(ctx context.Context, question string) error {
	if !terminal(a.stdin) {
		return fail(exitDeclined, "give -y to go on without being asked", "this needs a yes, and nobody can be asked")
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return ctx.Err()
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return nil
		}
		return fail(exitDeclined, "", "nothing was changed")
	}
}
