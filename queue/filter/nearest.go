package filter

import "strings"

// nearest returns the name that word was probably meant to be, or "". One slip is
// forgiven for every three letters; created_at and sched are recognised by how
// they begin.
func nearest(word string, names []string) string {
	limit := max(1, len(word)/3)
	best, found := limit+1, ""
	for _, name := range names {
		// The difference in length is a lower bound, and keeps a long word cheap.
		if max(len(word)-len(name), len(name)-len(word)) >= best {
			continue
		}
		if d := distance(word, name); d < best {
			best, found = d, name
		}
	}
	if found != "" {
		return found
	}
	for _, name := range names {
		if min(len(word), len(name)) >= 3 && (strings.HasPrefix(word, name) || strings.HasPrefix(name, word)) {
			return name
		}
	}
	return ""
}

// distance counts the slips between two words: a byte too many, too few or wrong,
// or two neighbours exchanged.
func distance(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			wrong := last[j]
			if a[i] != b[j] {
				wrong++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, wrong)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
