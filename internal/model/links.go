package model

import (
	"strings"
	"time"
)

// The sites that the links of steps lead to, and what becomes of their previews.
const (
	SiteUp    = "https://up.example/"    // there at once
	SiteLate  = "https://late.example/"  // too late for the send
	SiteEmpty = "https://empty.example/" // nothing to show
	SiteDown  = "https://down.example/"
	SitePanic = "https://panic.example/" // whoever looks it up panics
)

// LinkOf is the link of a text: the first word that is one. In code it is none.
func LinkOf(text string) string {
	for word := range strings.FieldsSeq(text) {
		if strings.HasPrefix(word, "https://") {
			return word
		}
	}
	return ""
}

// newText is the text that an edit gives a message, if it does.
func newText(s Step) (text string, given bool) {
	if s.Op == Update {
		return s.Text, true
	}
	return field(s, "text")
}

// latePreview is the preview of a message that is still to come.
type latePreview struct {
	message *Message
	link    string
	since   time.Time
}

// enrich gives a message the preview of its link, or has it come later.
func (w *World) enrich(m *Message, s Step, made Made) {
	link := LinkOf(m.Text)
	if link == "" || s.NoPreview || !w.On(m.Channel, Links) {
		return
	}
	switch {
	case strings.HasPrefix(link, SiteUp):
		m.Preview = link
	case strings.HasPrefix(link, SiteLate):
		w.late = append(w.late, latePreview{m, link, made.At.Truncate(time.Microsecond)})
	}
}

// Late says whether previews are still to come that may come now.
func (w *World) Late() bool {
	for _, l := range w.late {
		if !l.since.After(w.Now) {
			return true
		}
	}
	return false
}

// Enrich has the late previews come, and returns for how many messages there
// still was a place.
func (w *World) Enrich() (came int) {
	defer clear(w.lists)
	var left []latePreview
	for _, l := range w.late {
		m := l.message
		switch {
		case l.since.After(w.Now): // the clock was set back
			left = append(left, l)
		case w.Sees("", m) && !m.Deleted && !m.Channel.Deleted && w.On(m.Channel, Links) && LinkOf(m.Text) == l.link && m.Preview == "":
			m.Preview = l.link
			came++
		}
	}
	w.late = left
	return came
}
