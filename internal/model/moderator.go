package model

import (
	"slices"
	"strings"
)

// What the moderator says of a step, beside letting it through.
const (
	Softens  = "soften" // changes the text
	Holds    = "hold"
	Rejects  = "reject"
	softened = "mild "
)

// Softened is what the moderator makes of a text.
func Softened(text string) string { return strings.TrimSpace(softened + text) }

// Asked says whether the moderator is asked about a step that may be done, and
// what the message says then: not about what block lists refuse.
func (w *World) Asked(s Step) (text string, asked bool) {
	text, asked = w.says(s)
	return text, asked && !w.refuses(s, text) && !w.holdsPinned(s, text)
}

// holdsPinned says whether block lists hold a send that is to be pinned.
func (w *World) holdsPinned(s Step, text string) bool {
	return s.Op == Send && s.Pinned && w.outcome(s) == nil && w.screen(w.Channel(s.CID), text).Action == ListHolds
}

// says is what a message says after a step that may be done, if that is to be
// judged.
func (w *World) says(s Step) (text string, judged bool) {
	m := w.Message(s.ID)
	switch s.Op {
	case Send:
		if m != nil || !w.judges(s.By, w.Channel(s.CID)) {
			return "", false
		}
		o := w.outcome(s)
		if o == nil {
			return s.Text, true
		}
		return o.text, o.command == Echo
	case Update:
		return s.Text, w.judges(s.By, m.Channel)
	case PatchMessage:
		return patchedText(s, m), len(s.Set)+len(s.Unset) > 0 && w.judges(s.By, m.Channel)
	case RunAction:
		switch s.Action {
		case "send":
			return m.Text, w.judges(s.By, m.Channel)
		case "done":
			return m.Text + " done", w.judges(s.By, m.Channel)
		}
	}
	return "", false
}

func patchedText(s Step, m *Message) string {
	if text, given := field(s, "text"); given {
		return text
	}
	return m.shown(s.By).Text
}

// judges says whether the moderator is asked about what a user says.
func (w *World) judges(by string, ch *Channel) bool {
	return by != "" && !w.Can(by, ch, "skip-moderation")
}

// Judge is what a step that may answer kinds answers by the words of the
// moderator and of block lists, and what is done then.
func (w *World) Judge(s Step, kinds []Kind) ([]Kind, Step) {
	text, judged := "", false
	if slices.Contains(kinds, OK) {
		text, judged = w.says(s)
	}
	if !judged {
		return kinds, s
	}
	instead := OK
	edit := s.Op == Update || s.Op == PatchMessage
	switch command := s.Op == Send && w.outcome(s) != nil; {
	case command: // see command
	case w.refuses(s, text) || s.Verdict == Rejects:
		instead = Rejected
	case w.holdsPinned(s, text) || s.Pinned && s.Verdict == Holds || s.Verdict == Softens && w.holdsPinned(s, Softened(text)):
		instead = IsPending
	case s.Verdict == Softens:
		if edit {
			s = s.saying(Softened(text))
		}
		if w.refuses(s, Softened(text)) {
			instead = Rejected
		}
	case s.Verdict == Holds && edit:
		instead = Invalid
	}
	kinds = slices.Clone(kinds)
	kinds[slices.Index(kinds, OK)] = instead
	return kinds, s
}

// saying is an edit that makes the text another.
func (s Step) saying(text string) Step {
	if s.Op == Update {
		s.Text = text
		return s
	}
	of := func(path string) bool { return path == "text" || strings.HasPrefix(path, "text=") }
	s.Set = append(slices.DeleteFunc(slices.Clone(s.Set), of), "text="+text)
	s.Unset = slices.DeleteFunc(slices.Clone(s.Unset), of)
	return s
}

// judged is a send as the moderator lets it through.
func (w *World) judged(s Step, by string, ch *Channel) Step {
	if !w.judges(by, ch) {
		return s
	}
	switch s.Verdict {
	case Softens:
		s.Text = Softened(s.Text)
	case Holds:
		s.Hold = Held
	}
	return s
}
