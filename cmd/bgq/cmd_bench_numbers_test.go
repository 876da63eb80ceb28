package main

import "testing"

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.1234: "0.12", 1: "1", 1.5: "1.50", 9.996: "10.00", 12.34: "12.3", 12: "12", 99.4: "99.4", 123.6: "124", 1234567.8: "1,234,568",
	} {
		if got := figure(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}

func TestTook(t *testing.T) {
	for us, want := range map[float64]string{
		0.5: "500ns", 7.204: "7.2µs", 329.4: "329µs", 1234.5: "1.23ms", 35649: "35.6ms", 2_500_000: "2.5s",
	} {
		if got := took(&us); got != want {
			t.Errorf("%v µs are written %s, want %s", us, got, want)
		}
	}
}

func TestAmount(t *testing.T) {
	for text, want := range map[string]amount{
		"0": 0, "42": 42, "1,000": 1000, "100k": 100_000, "1.5M": 1_500_000, "10m": 10_000_000,
	} {
		var n amount
		if err := n.Set(text); err != nil || n != want {
			t.Errorf("%s is read as %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "M", "-1", "1.5", "1G", "NaN", "2000M"} {
		var n amount
		if err := n.Set(text); err == nil {
			t.Errorf("%s is read as %d", text, n)
		}
	}
	for n, want := range map[amount]string{0: "", 42: "42", 12345: "12345", 100_000: "100k", 10_000_000: "10M", 1_500_000: "1.5M"} {
		if got := n.String(); got != want {
			t.Errorf("%d is written %s, want %s", int(n), got, want)
		}
	}
}
