package halt

import "testing"

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Policy
	}{
		{"never", Policy{}},
		{"soon", Policy{When: Soon, Fail: 1}},
		{"now", Policy{When: Now, Fail: 1}},
		{"now,fail=3", Policy{When: Now, Fail: 3}},
		{"soon,fail=10%", Policy{When: Soon, Percent: 10}},
		{"soon,fail=0.5%", Policy{When: Soon, Percent: 0.5}},
		{"now,fail=100%", Policy{When: Now, Percent: 100}},
	} {
		got, err := Parse(c.in)
		if err != nil || got != c.want {
			t.Errorf("Parse(%q) = %+v, %v", c.in, got, err)
		}
		again, err := Parse(got.String())
		if err != nil || again != got {
			t.Errorf("%q printed as %q, read as %+v, %v", c.in, got, again, err)
		}
	}
	for _, in := range []string{"", "later", "now,", "now,fail", "now,fail=", "now,fail=0", "now,fail=-1", "now,fail=x",
		"now,fail=0%", "now,fail=101%", "now,fail=NaN%", "now,fail=%", "never,fail=1", "now,done=1", "NOW", "now,fail=1,fail=2"} {
		if got, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %+v", in, got)
		}
	}
}

func TestReached(t *testing.T) {
	for _, c := range []struct {
		policy        string
		failed, ended int64
		want          bool
	}{
		{"never", 1000, 1000, false},
		{"now", 0, 100, false},
		{"now", 1, 1, true},
		{"soon,fail=3", 2, 100, false},
		{"soon,fail=3", 3, 3, true},
		{"soon,fail=3", 4, 4, true}, // several may fail at once
		{"now,fail=50%", 1, 1, false},
		{"now,fail=50%", 2, 2, false}, // too few to tell
		{"now,fail=50%", 2, 3, true},
		{"now,fail=50%", 1, 3, false},
		{"now,fail=50%", 5, 10, true},
		{"now,fail=50%", 4, 10, false},
		{"now,fail=0.1%", 0, 5000, false},
		{"now,fail=0.1%", 1, 1000, true},
		{"now,fail=0.1%", 1, 1001, false},
	} {
		p, err := Parse(c.policy)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Reached(c.failed, c.ended); got != c.want {
			t.Errorf("%s, %d of %d failed: %v", c.policy, c.failed, c.ended, got)
		}
	}
}
