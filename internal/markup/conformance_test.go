package markup

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// example is one of a specification.
type example struct {
	Markdown, HTML, Section string
	Example                 int
	Extensions              []string
}

// leftOut is what of a specification is not part of the subset. An example is
// outside when goldmark, with everything on, makes something else of it once
// this is off: so it is known by what it shows, not by its number.
type leftOut struct {
	name string
	// off says which parsers there are without it.
	off func(parser any) bool
}

func is(want ...any) func(any) bool {
	return func(p any) bool { return slices.Contains(want, p) }
}

var outside = []leftOut{
	{"raw html, which is shown as text", is(parser.NewHTMLBlockParser(), parser.NewRawHTMLParser())},
	{"link reference definitions", is(parser.LinkReferenceParagraphTransformer)},
	{"underlined headings", func(p any) bool {
		b, ok := p.(parser.BlockParser)
		return ok && bytes.Equal(b.Trigger(), []byte{'-', '='})
	}},
	{"tables", nil},
	{"task lists", nil},
	{"footnotes", nil},
	{bareAddresses, nil},
}

const bareAddresses = "bare addresses, which CommonMark has as text"

// whole is goldmark with all that the specifications have, but one thing.
func whole(without *leftOut) goldmark.Markdown {
	keep := func(list []util.PrioritizedValue) (kept []util.PrioritizedValue) {
		for _, p := range list {
			if without == nil || without.off == nil || !without.off(p.Value) {
				kept = append(kept, p)
			}
		}
		return kept
	}
	extensions := map[string]goldmark.Extender{
		"tables": extension.Table, "task lists": extension.TaskList, "footnotes": extension.Footnote,
		bareAddresses: extension.Linkify,
	}
	if without != nil {
		delete(extensions, without.name)
	}
	list := []goldmark.Extender{extension.Strikethrough}
	for _, e := range extensions {
		list = append(list, e)
	}
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(keep(parser.DefaultBlockParsers())...),
			parser.WithInlineParsers(keep(parser.DefaultInlineParsers())...),
			parser.WithParagraphTransformers(keep(parser.DefaultParagraphTransformers())...),
		)),
		goldmark.WithRendererOptions(html.WithUnsafe(), html.WithXHTML()),
		goldmark.WithExtensions(list...),
	)
}

// TestSpecifications: every example of CommonMark and of GitHub's Markdown that
// lies within the subset gives what the specification says. Three things are
// written otherwise by rule: a newline breaks the line, links have a rel, and
// elements without content have no slash. Addresses are not judged here.
func TestSpecifications(t *testing.T) {
	r := newRenderer(Options{}, policy{any: true, images: true})
	complete := whole(nil)
	reduced := make([]goldmark.Markdown, len(outside))
	for i := range outside {
		reduced[i] = whole(&outside[i])
	}
	convert := func(m goldmark.Markdown, source string) string {
		var out bytes.Buffer
		if err := m.Convert([]byte(source), &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for _, name := range []string{"commonmark-0.31.2", "gfm-0.29", "gfm-extensions"} {
		within, excepted := 0, map[string][]int{}
		for _, e := range examples(t, name) {
			made, err := r.Render(e.Markdown)
			if err != nil {
				t.Fatal(err)
			}
			got, want := made.html(e.Markdown), ours(e.HTML)
			if got == want {
				within++
				continue
			}
			reason := differs(e)
			all := convert(complete, e.Markdown)
			for i := range outside {
				if reason == "" && convert(reduced[i], e.Markdown) != all {
					reason = outside[i].name
				}
			}
			if reason == "" {
				t.Errorf("%s, example %d (%s): %q\nis   %q\nwant %q", name, e.Example, e.Section, e.Markdown, got, want)
				continue
			}
			excepted[reason] = append(excepted[reason], e.Example)
		}
		t.Logf("%s: %d examples as the specification says", name, within)
		for reason, list := range excepted {
			t.Logf("%s: %d outside, %s: %v", name, len(list), reason, list)
		}
		if within < 4 {
			t.Errorf("%s: only %d examples were compared", name, within)
		}
	}
}

// differs is why an example is not held, other than by what is left out.
func differs(e example) string {
	switch {
	case strings.Contains(e.Markdown, "&#10;"):
		return "a newline written as a reference, which this test takes for one that breaks the line"
	case strings.Contains(e.Markdown, "~mismatch~~"):
		return "one tilde that two end, which goldmark pairs"
	case e.HTML == "<IGNORE>\n":
		return "no output is said"
	}
	return ""
}

func examples(t *testing.T, name string) (list []example) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpus", "markdown", name+".json"))
	if os.IsNotExist(err) {
		t.Skip("skipped: the examples of ../shared/corpus/markdown are not beside the repository")
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	tag        = regexp.MustCompile(`<[^>]*>`)
	verbatim   = regexp.MustCompile(`(?s)<pre>.*?</pre>`)
	blockStart = regexp.MustCompile(`^</?(?:p|ul|ol|li|h[1-6]|hr|blockquote|pre)\b`)
	blockEnd   = regexp.MustCompile(`</?(?:p|ul|ol|li|h[1-6]|hr|blockquote|pre|br)\b[^>]*>$`)
)

// ours is what a specification says, in the three ways that are ours.
func ours(spec string) string {
	spec = strings.ReplaceAll(spec, " />", ">")
	var out strings.Builder
	for {
		at := verbatim.FindStringIndex(spec)
		if at == nil {
			break
		}
		out.WriteString(brokenLines(spec[:at[0]]))
		out.WriteString(spec[at[0]:at[1]])
		spec = spec[at[1]:]
	}
	out.WriteString(brokenLines(spec))
	return tag.ReplaceAllStringFunc(out.String(), func(s string) string {
		if strings.HasPrefix(s, `<a `) {
			return strings.TrimSuffix(s, ">") + rel + ">"
		}
		return s
	})
}

// brokenLines has a newline within text break the line: one that neither follows
// nor precedes the tag of a block, nor stands in a tag.
func brokenLines(s string) string {
	var out strings.Builder
	for i := range len(s) {
		before, after := s[:i], s[i:]
		inTag := strings.LastIndexByte(before, '<') > strings.LastIndexByte(before, '>')
		if s[i] == '\n' && len(after) > 1 && before != "" && !inTag && !blockEnd.MatchString(before) && !blockStart.MatchString(after[1:]) {
			out.WriteString("<br>")
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
