package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// ask asks a yes-or-no question on stderr. It fails with exit code 6 unless the answer is yes.
func (a *app) ask(ctx context.Context, question string) error {
	answer, err := a.answer(ctx, question+" [y/N] ", "a yes")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return fail(exitDeclined, "", "nothing was changed")
}

// askNumber is ask for what cannot be taken back: the number must be typed.
func (a *app) askNumber(ctx context.Context, question string, n int64) error {
	answer, err := a.answer(ctx, fmt.Sprintf("%s Type the number to go on: ", question), "somebody who types the number")
	if err != nil {
		return err
	}
	if strings.ReplaceAll(answer, ",", "") != fmt.Sprint(n) {
		return fail(exitDeclined, "", "that is not %s: nothing was changed", number(n))
	}
	return nil
}

// answer asks and returns what was typed. The file is closed meanwhile.
func (a *app) answer(ctx context.Context, prompt, what string) (string, error) {
	if a.noInput || !terminal(a.stdin) {
		return "", fail(exitDeclined, "give -y to go on without being asked", "this needs %s, and nobody can be asked", what)
	}
	if err := a.hangUp(); err != nil {
		return "", err
	}
	fmt.Fprint(a.stderr, cleanLines(prompt))
	typed := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		typed <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return "", ctx.Err()
	case line := <-typed:
		return strings.TrimSpace(line), nil
	}
}
