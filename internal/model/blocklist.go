package model

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// BlockList is words and phrases that are looked for in what users say.
type BlockList struct {
	Name  string
	Words []string
}

// Use says what becomes of what holds something of a list.
type Use struct{ List, Action string }

// NoLists is, among the lists that a step says are used, that there are none.
const NoLists = "-"

// The actions of block lists, the stricter the later.
const (
	ListFlags   = "flag"
	ListHolds   = "hold"
	ListRejects = "reject"
)

var strictness = []string{"", ListFlags, ListHolds, ListRejects}

// listNames are the lists that steps make.
func listNames() []string { return []string{"slight", "grave", "odd"} }

// listWords are the words and phrases of lists.
func listWords() []string {
	return []string{"damn", "Hold me", "gosh", softened[:len(softened)-1], "naïve", "本"}
}

// rude are texts that hold words of lists, or nearly do.
func (g *Generator) rude(words string, n int) string {
	if !g.chance(n) {
		return words
	}
	return words + " " + pick(g, []string{
		"damn", "DAMN!", "(damn)", "damned", "goddamn", "da\u200bmn", "hold me", "HOLD; me", "hold him; me", "me hold",
		"gosh-hold", "Gosh. Damn", "NAÏVE", "naive", "日本語", "mildly", "Mild",
		"da\ufe0fm\u034fn", "nai\u0308ve",
	})
}

// Lists are the block lists there are, by name.
func (w *World) Lists() []BlockList {
	return slices.SortedFunc(slices.Values(w.blockLists), func(a, b BlockList) int { return strings.Compare(a.Name, b.Name) })
}

// list is the words of a block list, and whether there is one.
func (w *World) list(name string) (words []string, found bool) {
	for _, l := range w.blockLists {
		if l.Name == name {
			return l.Words, true
		}
	}
	return nil, false
}

func usesOf(lists []string) []Use {
	var uses []Use
	for _, each := range lists {
		if name, action := pair(each); each != NoLists {
			uses = append(uses, Use{name, action})
		}
	}
	return uses
}

// missesList says whether one of the lists that are to be used does not exist.
func (w *World) missesList(lists []string) bool {
	return slices.ContainsFunc(usesOf(lists), func(use Use) bool {
		_, found := w.list(use.List)
		return !found
	})
}

func (w *World) expectList(s Step, v *verdict) {
	_, found := w.list(s.List)
	if s.Op == CreateList {
		v.add(found, Conflict)
		return
	}
	v.add(!found, NotFound)
	for _, t := range w.Types {
		v.add(found && s.Op == DeleteList && slices.ContainsFunc(t.Lists, func(use Use) bool { return use.List == s.List }), State)
	}
}

func (w *World) applyList(s Step) {
	w.blockLists = slices.DeleteFunc(w.blockLists, func(l BlockList) bool { return l.Name == s.List })
	if s.Op != DeleteList {
		w.blockLists = append(w.blockLists, BlockList{s.List, s.Words})
	}
}

// wordsIn are the words of a text: runs of letters, digits and marks, without
// what has no width; of Chinese each character.
func wordsIn(text string) []string {
	var spaced strings.Builder
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		case unicode.Is(unicode.Han, r):
			spaced.WriteString(" " + string(r) + " ")
		default:
			spaced.WriteRune(r)
		}
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) })
}

// Screened is what a text holds of block lists: the strictest that it holds.
type Screened struct{ Action, List, Word string }

// uses are the block lists of a channel.
func (w *World) uses(ch *Channel) []Use {
	if ch.Overrides.lists != nil {
		return *ch.Overrides.lists
	}
	return w.Types[ch.Type].Lists
}

// screen holds a text against the block lists of a channel.
func (w *World) screen(ch *Channel, text string) (s Screened) {
	for _, use := range w.uses(ch) {
		words, _ := w.list(use.List)
		word := firstIn(wordsIn(text), words)
		if word != "" && slices.Index(strictness, use.Action) > slices.Index(strictness, s.Action) {
			s = Screened{use.Action, use.List, word}
		}
	}
	return s
}

// firstIn is the first of some words and phrases that there is among the words
// of a text; empty if there is none.
func firstIn(said, forbidden []string) string {
	for i := range said {
		for _, phrase := range forbidden {
			words := wordsIn(phrase)
			if i+len(words) <= len(said) && slices.EqualFunc(said[i:i+len(words)], words, strings.EqualFold) {
				return phrase
			}
		}
	}
	return ""
}

// refuses says whether block lists refuse a step by which a message says
// something. What cannot become pending is not held.
func (w *World) refuses(s Step, text string) bool {
	ch := w.Channel(s.CID)
	if m := w.Message(s.ID); s.Op != Send {
		ch = m.Channel
		if _, given := newText(s); s.Op == PatchMessage && !given && text == m.shown(s.By).Text && !w.shows(s, m) {
			return false
		}
	}
	if !w.judges(s.By, ch) {
		return false
	}
	holds := s.Op == RunAction || s.Op == Send && w.outcome(s) == nil
	action := w.screen(ch, text).Action
	return action == ListRejects || action == ListHolds && !holds
}

// shows says whether an edit lets others read a text that its author alone was shown
// until now.
func (w *World) shows(s Step, m *Message) bool {
	return m.shown(s.By).Text != m.Text && !w.Shadows(s.By, m.Channel)
}

// screenNew has block lists hold or flag a message that a user sends.
func (w *World) screenNew(m *Message, by string) {
	if !w.judges(by, m.Channel) {
		return
	}
	found := w.screen(m.Channel, m.Text)
	if found.Action == ListHolds {
		m.Pending, m.WasPending = true, true
	}
	if m.Pending && found.Action != "" {
		m.Meta = "list " + found.List
	}
	w.flagScreened(m, by)
}

// flagScreened has block lists flag what a user says, in nobody's name.
func (w *World) flagScreened(m *Message, by string) {
	if !w.judges(by, m.Channel) || m.Pending {
		return
	}
	if found := w.screen(m.Channel, m.Text); found.Action == ListFlags {
		w.flag(Flag{Message: m, User: m.Author, Reason: "block list " + found.List + ": " + found.Word})
	}
}

// Screened is what block lists have of a step that a user does.
func (w *World) Screened(s Step) Screened {
	text, judged := w.says(s)
	if m := w.Message(s.ID); judged && m != nil {
		return w.screen(m.Channel, text)
	}
	if !judged {
		return Screened{}
	}
	return w.screen(w.Channel(s.CID), text)
}

// uses are lists with what becomes of what holds something of them, or none.
func (g *Generator) uses() []string {
	if g.chance(5) {
		return []string{NoLists}
	}
	names := g.some(listNames(), 3)
	for i, name := range names {
		names[i] = name + "=" + pick(g, strictness[1:])
	}
	return names
}

// listing thinks of block lists.
func (g *Generator) listing(w *World, ch *Channel) []choice {
	name := func() string { return pick(g, listNames()) }
	create := 1
	if len(w.blockLists) < len(listNames()) {
		create = 10
	}
	return []choice{
		{12, func() Step { return Step{Op: SetOverrides, CID: ch.CID, Lists: g.uses()} }},
		{5, func() Step { return Step{Op: ChangeType, Type: ch.Type, Lists: g.uses()} }},
		{create, func() Step { return Step{Op: CreateList, List: name(), Words: g.some(listWords(), 4)} }},
		{3, func() Step { return Step{Op: UpdateList, List: name(), Words: g.some(listWords(), 4)} }},
		{3, func() Step { return g.deleteList(w, name()) }},
	}
}

// deleteList deletes a block list: now and then the types that use it drop theirs
// first, or it would hardly ever be done.
func (g *Generator) deleteList(w *World, name string) Step {
	var steps []Step
	if g.chance(3) {
		for _, t := range slices.Sorted(maps.Keys(w.Types)) {
			if slices.ContainsFunc(w.Types[t].Lists, func(use Use) bool { return use.List == name }) {
				steps = append(steps, Step{Op: ChangeType, Type: t, Lists: []string{NoLists}})
			}
		}
	}
	steps = append(steps, Step{Op: DeleteList, List: name})
	g.todo = append(g.todo, steps[1:]...)
	return steps[0]
}
