package main

import (
	"fmt"
	"strings"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// printRepaired says first what is saved, then what is not, then what to do.
func (a *app) printRepaired(v *repaired) {
	of := ""
	if v.Expected != nil {
		of = " of " + number(*v.Expected)
	}
	how := "saved in " + clean(v.Out)
	if v.DryRun {
		how = "can be saved"
	}
	var states []string
	for _, state := range store.AllStates() {
		if n := v.States[state.String()]; n > 0 {
			states = append(states, number(n)+" "+state.String())
		}
	}
	a.printf("%s: %s%s %s%s\n", clean(v.File), plural(v.Jobs, "job"), of, how, prefixed(": ", strings.Join(states, ", ")))
	a.printPages(v)
	a.printLost(v)
	a.printSettings(v)
	a.printApplication(v)
	if v.Whole {
		a.printf("nothing is lost\n")
	}
	then := "to put it in its place, while no program has it open"
	if v.DryRun {
		then = "to do it"
	}
	a.printf("\n%s:\n", then)
	for _, line := range v.Next {
		a.printf("  %s\n", clean(line))
	}
}

func prefixed(by, s string) string {
	if s == "" {
		return ""
	}
	return by + s
}

// shownPages and shownIDs are how many are listed for people; JSON has up to a thousand.
const (
	shownPages = 5
	shownIDs   = 3
)

func (a *app) printPages(v *repaired) {
	switch v.Tree {
	case "older":
		a.printf("the last commit cannot be read: this is an earlier state, and nothing of it runs by itself\n")
	case "none":
		a.printf("no tree of pages can be followed: single pages were read, and nothing of it runs by itself\n")
	}
	if v.MetaDamaged {
		a.printf("one of the two meta pages is damaged: if it was the newer one, the last commit is lost\n")
	}
	if v.DamagedPages == 0 {
		a.printf("none of %s is damaged\n", plural(int64(v.Pages), "page"))
		return
	}
	a.printf("%s of %s damaged\n", number(int64(v.DamagedPages)), plurals(int64(v.Pages), "page is", "pages are"))
	for _, p := range v.Damaged[:min(len(v.Damaged), shownPages)] {
		a.printf("  page %d: %s\n", p.Page, clean(p.What))
	}
	if more := v.DamagedPages - shownPages; more > 0 {
		a.printf("  … and %s more\n", number(int64(more)))
	}
}

// printLost says what became of jobs and tables that are not as they were.
func (a *app) printLost(v *repaired) {
	held := ""
	if v.Held > 0 {
		held = fmt.Sprintf("; held, since not ended: %s, reason:%s", number(v.Held), boltstore.ReasonDoubtful)
	}
	marked := ""
	if v.Marked > 0 {
		marked = fmt.Sprintf("; of members of batches a mark is left: %s, reason:%s", number(v.Marked), boltstore.ReasonLost)
	}
	for _, l := range []struct {
		jobs      *repairedJobs
		one, many string // behind the count
	}{
		{&v.Lost, "job is lost" + marked, "jobs are lost" + marked},
		{&v.Strayed, "job was found behind damaged pages, as it was", "jobs were found behind damaged pages, as they were"},
		{&v.Doubtful, "job is doubtful, perhaps an older state of it" + held, "jobs are doubtful, perhaps older states of them" + held},
		{&v.ArgsLost, "job has lost its arguments: reason:" + boltstore.ReasonArgsLost, "jobs have lost their arguments: reason:" + boltstore.ReasonArgsLost},
		{&v.ResultLost, "job has lost its result: reason:" + boltstore.ReasonResultLost, "jobs have lost their results: reason:" + boltstore.ReasonResultLost},
		{&v.FailuresLost, "job has lost some of its failures", "jobs have lost some of their failures"},
		{&v.KeyLost, "job has lost its unique key to another, and is held", "jobs have lost their unique keys to others, and are held"},
	} {
		if l.jobs.Count > 0 {
			a.printf("%s\n%s", plurals(l.jobs.Count, l.one, l.many), shownJobs(l.jobs))
		}
	}
	if v.LostUnknown {
		a.printf("other jobs may be lost that nothing names any more\n")
	}
	for _, t := range v.Tables {
		told := t.Name == "job" || t.Name == "args" || t.Name == "result" || t.Name == "failure"
		switch {
		case t.Derived || told:
		case t.Missing:
			a.printf("the table %s is damaged: %s found, others may be lost\n", t.Name, plural(t.Found, "record"))
		case t.Damaged > 0:
			a.printf("the table %s is damaged: %s of %s lost\n", t.Name, number(t.Damaged), plurals(t.Found+t.Damaged, "record is", "records are"))
		}
	}
}

func shownJobs(jobs *repairedJobs) string {
	var b strings.Builder
	for _, id := range jobs.IDs[:min(len(jobs.IDs), shownIDs)] {
		fmt.Fprintf(&b, "  %s\n", id)
	}
	if more := jobs.Count - shownIDs; more > 0 {
		fmt.Fprintf(&b, "  … and %s more: -o json lists up to 1,000\n", number(more))
	}
	return b.String()
}

func (a *app) printSettings(v *repaired) {
	for _, s := range v.Settings {
		switch s.Became {
		case "paused":
			a.printf("queue %s is paused, since its settings are lost: bgq queues resume\n", clean(s.Name))
		case "rebuilt":
			a.printf("batch %s was rebuilt from its members: its size and fingerprint are lost\n", clean(s.Name))
		case "older":
			a.printf("%s %s may be an older state of it\n", s.Kind, clean(s.Name))
		default:
			a.printf("%s %s is lost\n", s.Kind, clean(s.Name))
		}
	}
}

func (a *app) printApplication(v *repaired) {
	for _, b := range v.Application {
		how := "copied"
		if !b.Whole {
			how = "copied, others are lost"
		}
		a.printf("bucket %s of the application: %s %s\n", clean(b.Name), plural(b.Items, "item"), how)
	}
	if v.AppUnknown {
		a.printf("an application may have had buckets that are lost\n")
	}
}
