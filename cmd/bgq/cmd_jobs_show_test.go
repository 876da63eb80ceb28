package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestShowValueIsBounded(t *testing.T) {
	long, err := json.Marshal(strings.Split(strings.Repeat("0123456789 ", 10_000), " "))
	if err != nil {
		t.Fatal(err)
	}
	if got := showValue(long); len(got) > shownValue+200 || !strings.Contains(got, "-o json shows it whole") {
		t.Errorf("%d bytes: …%s", len(got), got[len(got)-80:])
	}
	if got := showValue([]byte(`"a` + "\x7f" + `"`)); got != `"a\u007f"` {
		t.Error(got)
	}
}
