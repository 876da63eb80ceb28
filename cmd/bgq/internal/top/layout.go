package top

// lists draws the panes into a number of lines; 0: as many as there are.
func (m *Model) lists(room int) []line {
	if m.data.status == nil {
		return nil
	}
	var all []pane
	blocks := make([][]line, panes)
	for p := range pane(panes) {
		if m.shows(p) {
			all = append(all, p)
			blocks[p] = m.block(p)
		}
	}
	var lines []line
	for _, share := range m.shares(all, blocks, room) {
		if len(lines) > 0 {
			lines = append(lines, nil)
		}
		lines = append(lines, m.window(share.pane, blocks[share.pane], share.lines)...)
	}
	return lines
}

// block draws a whole pane: the header, the rows, and the note.
func (m *Model) block(p pane) []line {
	l := m.list(p)
	head, selected := faint, -1
	if p == m.focus && !m.still {
		head, selected = bold, m.selected(p, l.rows)
	}
	lines := m.screen.layout(l.columns, l.rows, head, selected)
	if l.note != "" {
		lines = append(lines, line{{plain, noMark}, {faint, l.note}})
	}
	return lines
}

// window returns so many lines of a pane: the header, and the part with the selection.
func (m *Model) window(p pane, block []line, lines int) []line {
	if lines >= len(block) {
		return block
	}
	rows := lines - 1
	first := 0
	if p == m.focus {
		selected := max(m.selected(p, m.list(p).rows), 0)
		first = min(max(selected-rows/2, 0), len(block)-1-rows)
	}
	return append([]line{block[0]}, block[1+first:1+first+rows]...)
}

// share is how many lines a pane gets.
type share struct {
	pane  pane
	lines int
}

// leastRows is what a pane keeps besides its header when there is not room for all.
const leastRows = 2

// shares divides the room between the panes: each gets a little, that in focus then what it needs, and the
// others what is left, from the top. Where there is not even a little for all, the last ones are left out.
func (m *Model) shares(all []pane, blocks [][]line, room int) []share {
	if room <= 0 {
		out := make([]share, len(all))
		for i, p := range all {
			out[i] = share{p, len(blocks[p])}
		}
		return out
	}
	var out []share
	add := func(p pane) {
		need := min(len(blocks[p]), 1+leastRows)
		between := 0
		if len(out) > 0 {
			between = 1
		}
		if room >= need+between || len(out) == 0 {
			out = append(out, share{p, max(min(need, room), 1)})
			room -= need + between
		}
	}
	add(m.focus)
	for _, p := range all {
		if p != m.focus {
			add(p)
		}
	}
	for i := range out { // the one in focus is the first
		more := min(len(blocks[out[i].pane])-out[i].lines, max(room, 0))
		out[i].lines += more
		room -= more
	}
	return inOrder(out)
}

func inOrder(shares []share) []share {
	var out []share
	for p := range pane(panes) {
		for _, s := range shares {
			if s.pane == p {
				out = append(out, s)
			}
		}
	}
	return out
}
