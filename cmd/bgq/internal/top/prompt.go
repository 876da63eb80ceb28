package top

import (
	tea "github.com/charmbracelet/bubbletea"
)

// prompt is a question on the last line. While there is one, all keys are its own.
type prompt struct {
	question string
	// typed tells that a text is asked for, which Enter ends; otherwise y is yes, and any other key is no.
	typed bool
	input []rune
	// then does what is asked about. A text that it refuses can be mended: it returns why.
	then func(input string) (cmd tea.Cmd, refused string)
	why  string // the last text was refused
}

// confirm asks a question that y answers.
func confirm(question string, yes tea.Cmd) *prompt {
	return &prompt{question: question + " [y/N] ", then: func(string) (tea.Cmd, string) { return yes, "" }}
}

// maxInput bounds what is typed or pasted, in characters.
const maxInput = 4096

// answer takes a key.
func (m *Model) answer(key tea.KeyMsg) tea.Cmd {
	p := m.prompt
	if key.Type == tea.KeyEsc || key.Type == tea.KeyCtrlC {
		m.prompt = nil
		return nil
	}
	if !p.typed {
		m.prompt = nil
		if key.String() != "y" && key.String() != "Y" {
			m.say("nothing was changed")
			return nil
		}
		cmd, _ := p.then("")
		return cmd
	}
	switch key.Type {
	case tea.KeyEnter:
		cmd, refused := p.then(string(p.input))
		if refused != "" {
			p.why = refused
			return nil
		}
		m.prompt = nil
		return cmd
	case tea.KeyBackspace:
		p.input = p.input[:max(len(p.input)-1, 0)]
	case tea.KeyCtrlU:
		p.input = nil
	case tea.KeySpace, tea.KeyRunes:
		if len(p.input)+len(key.Runes) <= maxInput && !key.Alt {
			p.input = append(p.input, key.Runes...)
		}
	default:
		return nil
	}
	p.why = ""
	return nil
}
