package top

import "context"

// Frame asks once, and returns the screen as plain text, with all the rows that there are. width is where lines are
// cut; 0: nowhere.
func Frame(ctx context.Context, cfg Config, width int) (string, error) {
	cfg.Colours = false
	m := New(cfg)
	m.still, m.screen.width = true, width
	d := data{}
	if err := d.read(ctx, cfg.Client, false, m.cfg.Now()); err != nil {
		return "", err
	}
	m.data = d
	if g, ok := m.group("", m.live())().(groups); ok {
		if g.err != nil {
			return "", g.err
		}
		m.groups = g
	}
	lines := append([]line{m.header(), nil}, m.lists(0)...)
	return m.screen.render(lines) + "\n", nil
}
