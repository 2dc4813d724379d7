package main

import (
	"fmt"
	"html"
	"net/url"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"

	"example.com/chat/bench/internal/report"
	"example.com/chat/internal/unfurl"
)

// measureOf is what is scored, and what is required of us.
type measureOf struct {
	field    string
	required float64
}

var (
	requiredA = []measureOf{{"title", 104}, {"description", 96}, {"image", 54}, {"site_name", 57}, {wholePage, 108}}
	requiredB = []measureOf{{"title", 112}, {"description", 104}, {"image", 106}, {"site_name", 95}, {"type", 107}}
)

// wholePage is title, description and image of a page, all that are expected.
const wholePage = "page"

// score counts what was right, of what there was.
type score struct{ right, all map[string]int }

func newScore() score { return score{map[string]int{}, map[string]int{}} }

func (s score) add(field string, right bool) {
	s.all[field]++
	if right {
		s.right[field]++
	}
}

func (s score) String() string {
	var parts []string
	for _, field := range []string{"title", "description", "image", "site_name", "type", wholePage} {
		if s.all[field] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d/%d", field, s.right[field], s.all[field]))
		}
	}
	return strings.Join(parts, ", ")
}

func scores(r *report.Report, pages []*page) {
	for i, one := range readers() {
		a, b := newScore(), newScore()
		for _, p := range pages {
			got := one.read(p)
			scoreA(a, p, got)
			scoreB(b, p, got)
		}
		if i > 0 {
			r.Note("A: "+one.name, a.String())
			r.Note("B: "+one.name, b.String())
			continue
		}
		for _, m := range requiredA {
			r.AtLeast("A: "+m.field, float64(a.right[m.field]), m.required, fmt.Sprintf("of %d", a.all[m.field]))
		}
		for _, m := range requiredB {
			r.AtLeast("B: "+m.field, float64(b.right[m.field]), m.required, fmt.Sprintf("of %d", b.all[m.field]))
		}
	}
}

// scoreA compares with what the test of some product expects, where that is a
// whole tag: no part of one, no heading, nothing that only a rule for the site
// finds.
func scoreA(s score, p *page, got map[string]string) {
	whole, scored := true, false
	for _, field := range []string{"title", "description", "image", "site_name"} {
		want, _ := p.Expected[field].(string)
		source, _ := p.Source[field].(string)
		if want == "" || source == "" || source == "h1" || strings.HasPrefix(source, "in~") || strings.HasPrefix(source, "prefix~") {
			continue
		}
		right := same(field, got[field], want)
		s.add(field, right)
		if field != "site_name" {
			scored = true
			whole = whole && right
		}
	}
	if scored {
		s.add(wholePage, whole)
	}
}

// scoreB compares with the page's own Open Graph tags.
func scoreB(s score, p *page, got map[string]string) {
	for _, field := range []string{"title", "description", "image", "site_name", "type"} {
		want, _ := p.OG[field].(string)
		if want == "" {
			continue
		}
		// A picture that is a program is to be left out.
		if field == "image" && strings.HasSuffix(strings.ToLower(want), ".svg") {
			s.add(field, got[field] == "" || same(field, got[field], want))
			continue
		}
		s.add(field, same(field, got[field], want))
	}
}

func same(field, got, want string) bool {
	if field == "image" {
		return imageForm(got) == imageForm(want)
	}
	return textForm(got) == textForm(want)
}

// imageForm is an image's URL without scheme and escapes.
func imageForm(raw string) string {
	raw = html.UnescapeString(strings.TrimPrefix(strings.TrimPrefix(raw, "https:"), "http:"))
	if plain, err := url.PathUnescape(raw); err == nil {
		return plain
	}
	return raw
}

// textForm is a text with entities, white space, quotes and dashes folded, and
// without what a preview has to leave out: tags and marks of direction.
func textForm(s string) string {
	for {
		plain := html.UnescapeString(s)
		if plain == s {
			break
		}
		s = plain
	}
	var b strings.Builder
	for s != "" {
		before, after, found := strings.Cut(s, "<")
		b.WriteString(before)
		if !found {
			break
		}
		tag, rest, closed := strings.Cut(after, ">")
		if !closed || strings.Contains(tag, "<") || tag == "" || tag[0] == ' ' {
			b.WriteByte('<')
			s = after
			continue
		}
		b.WriteByte(' ')
		s = rest
	}
	s = folded().Replace(b.String())
	return norm.NFC.String(strings.Join(strings.Fields(s), " "))
}

func folded() *strings.Replacer {
	return strings.NewReplacer(
		"‘", "'", "’", "'", "‚", "'", "`", "'", "´", "'", "“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`,
		"–", "-", "—", "-", "―", "-", "‐", "-", "‑", "-", "−", "-", "…", "...",
		"\u200e", "", "\u200f", "", "\u061c", "", "\u202a", "", "\u202b", "", "\u202c", "", "\u202d", "", "\u202e", "")
}

// charsetCase is a page whose encoding has to be found out.
type charsetCase struct {
	File        string
	ContentType string `json:"content_type"`
	Title       *string
	Description string
	Required    bool
}

func charsets(r *report.Report, dir string) error {
	var cases []charsetCase
	if err := readJSON(filepath.Join(dir, "charset", "cases.json"), &cases); err != nil {
		return err
	}
	right := map[bool]int{}
	all := map[bool]int{}
	from := &url.URL{Scheme: "https", Host: "example.org", Path: "/"}
	for _, one := range cases {
		body, err := readFile(dir, "charset", one.File)
		if err != nil {
			return err
		}
		p := unfurl.Parse(body, one.ContentType, from)
		want := ""
		if one.Title != nil {
			want = *one.Title
		}
		all[one.Required]++
		if p.Title == want && p.Description == one.Description {
			right[one.Required]++
		}
	}
	r.AtLeast("charset cases", float64(right[true]), float64(all[true]), fmt.Sprintf("of %d", all[true]))
	r.Note("charset cases that are optional", fmt.Sprintf("%d of %d", right[false], all[false]))
	return nil
}
