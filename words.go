package chat

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"example.com/chat/internal/markup"
)

// words is a text as block lists look at it: its words, folded so that upper and
// lower case are the same, with one space between them.
type words struct {
	text   string // as it was
	folded string
	starts []int // of the words in folded

	others []*words // those that its reader sees where there is markup between, and what was typed after a command
}

// alone are the scripts that put no space between words: there each character
// counts as a word.
var alone = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// invisible are the characters that show nothing: not looked at.
var invisible = []*unicode.RangeTable{unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector}

func isInvisible(r rune) bool { return r >= unicode.MaxASCII && unicode.In(r, invisible...) }

// uniform is a text without what is invisible, and with accents apart from their
// letters, in one order: the same accented letter can be written in several ways.
func uniform(text string) string {
	visible := strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, text)
	return norm.NFD.String(visible)
}

// wordsOfMessage finds the words of a text and those of the html made of it,
// which is empty where both say the same.
func wordsOfMessage(text, html string) *words {
	w := wordsOf(text)
	if html != "" {
		w.others = append(w.others, wordsOf(markup.Text(html)))
	}
	return w
}

// wordsOf finds the words of a text: what is between other characters than
// letters, digits and marks.
func wordsOf(text string) *words {
	w := &words{text: text}
	var b strings.Builder
	b.Grow(len(text))
	within := false
	for _, r := range uniform(text) {
		letter := unicode.IsLetter(r) || unicode.IsNumber(r)
		switch {
		case isInvisible(r):
			continue // a very long row of marks is broken by one
		case !letter && !(within && unicode.IsMark(r)):
			within = false
			continue
		}
		lone := letter && r >= 0x0e00 && unicode.In(r, alone...)
		if !within || lone {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			w.starts = append(w.starts, b.Len())
		}
		within = true
		b.WriteRune(foldRune(r))
	}
	w.folded = b.String()
	return w
}

// foldRune is the least of the characters that differ from r in case alone.
func foldRune(r rune) rune {
	if r < unicode.MaxASCII {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// wordAt is the first word from a place on.
func wordAt(folded string, start int) string {
	word, _, _ := strings.Cut(folded[start:], " ")
	return word
}

// phrase is what a block list forbids.
type phrase struct {
	folded string
	said   string // as it is in the list
}

// phrases are those of a list, by their first word.
type phrases map[string][]phrase

func (p phrases) add(said string) {
	w := wordsOf(said)
	first := wordAt(w.folded, 0)
	p[first] = append(p[first], phrase{w.folded, said})
}

// find returns what a text holds of the list, the first there is, in time
// proportional to the text.
func (p phrases) find(w *words) (said string, found bool) {
	for _, start := range w.starts {
		for _, ph := range p[wordAt(w.folded, start)] {
			rest, ok := strings.CutPrefix(w.folded[start:], ph.folded)
			if ok && (rest == "" || rest[0] == ' ') {
				return ph.said, true
			}
		}
	}
	for _, other := range w.others {
		if said, found := p.find(other); found {
			return said, true
		}
	}
	return "", false
}
