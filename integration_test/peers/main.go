// Command peers measures bgq beside other queues, and beside bbolt without a queue, on one
// machine in one run:
//
//	cd integration_test/peers && go run . [-scenario work,bulk] [-peer bgq,asynq] [-rounds 3] [-short] [-o markdown]
//
// README.md says what is measured and how it is kept fair. Each contestant is one file peer_*.go
// and each kind of scenario one file scenario_*.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	child()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	scenario := flags.String("scenario", "", "only these, with commas: "+list(scenarios, func(s scenario) string { return s.name }))
	peer := flags.String("peer", "", "only these contestants, with commas: "+list(contestants, func(c contestant) string { return c.name }))
	rounds := flags.Int("rounds", 3, "how often everything is measured")
	short := flags.Bool("short", false, "less of everything: a look, not a measurement")
	form := flags.String("o", "table", "what to print: table, markdown or json")
	dir := flags.String("dir", os.TempDir(), "where to put the files: on the disk that is to be measured")
	bgq := flags.String("bgq", "", "the command bgq (default: built from this tree)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p := plan{scenarios: words(*scenario), contestants: words(*peer), rounds: *rounds, size: "full", bgq: *bgq}
	if *short {
		p.size = "short"
	}
	if err := p.check(*form, flags.Args()); err != nil {
		return err
	}
	if p.dir, err = workplace(*dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	if p.bgq == "" && p.needsCommand() {
		if p.bgq, err = buildBgq(ctx, p.dir); err != nil {
			return err
		}
	}
	o, err := p.run(ctx, stderr)
	facts := about(context.WithoutCancel(ctx), p)
	if err := o.print(stdout, stderr, *form, facts); err != nil {
		return err
	}
	return errors.Join(append(o.failed, err)...)
}

// print prints what there is, also of a run that was ended early.
func (o *outcome) print(stdout, stderr io.Writer, form string, facts []fact) error {
	for _, who := range slices.Sorted(maps.Keys(o.leftOut)) {
		fmt.Fprintf(stderr, "%s is left out: %v\n", who, o.leftOut[who])
		if form != "json" { // which has them apart
			facts = append(facts, fact{"left out", fmt.Sprintf("%s: %v", who, o.leftOut[who])})
		}
	}
	if len(o.scores) == 0 {
		return nil
	}
	if form == "json" {
		return o.json(stdout, facts)
	}
	printAbout(stdout, facts, form == "markdown")
	o.tables(stdout, form == "markdown")
	return nil
}

// check finds words that name nothing.
func (p *plan) check(form string, rest []string) error {
	for _, s := range p.scenarios {
		if scenarioNamed(s) == nil {
			return fmt.Errorf("there is no scenario %q: see -help", s)
		}
	}
	for _, c := range p.contestants {
		if contestantNamed(c) == nil {
			return fmt.Errorf("there is no contestant %q: see -help", c)
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is no flag: see -help", rest[0])
	case p.rounds < 1:
		return errors.New("-rounds must be 1 or more")
	case !slices.Contains([]string{"table", "markdown", "json"}, form):
		return fmt.Errorf("-o %s: it is table, markdown or json", form)
	}
	return nil
}

func words(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) }

func list[T any](all []T, name func(T) string) string {
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = name(v)
	}
	return strings.Join(names, " ")
}
