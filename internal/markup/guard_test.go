package markup

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

func TestCostlyTextsAreShownAsTyped(t *testing.T) {
	r := New(Options{})
	for name, source := range map[string]string{
		"nesting on a line":     strings.Repeat("> ", maxNesting+1) + "a",
		"nesting over lines":    strings.Repeat("- ", 10) + "a\n" + strings.Repeat("\n", maxNestedLines/10) + "b",
		"brackets":              strings.Repeat("[a](b", 2000),
		"emphasis":              strings.Repeat("*a _b ", 1000),
		"emphasis in blocks":    strings.Repeat(strings.Repeat("*a _b ", 350)+"\n\n", 6),
		"long run of backticks": "a " + strings.Repeat("`", maxTicks+1) + "b",
		"much html":             strings.Repeat("> > > > > > > > > >\n\n", 40),
	} {
		made, err := r.Render(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := made.html(source), Escaped(source); got != want {
			t.Errorf("%s: %.80q, want %.80q", name, got, want)
		}
	}
}

// TestNothingHidesBehindAFence: what follows the end of a code block is counted,
// though the fence that began it was indented.
func TestNothingHidesBehindAFence(t *testing.T) {
	costly := strings.Repeat("[a](", 4000)
	for _, before := range []string{"```\n```\n", " ```\n```\n", "   ~~~\na\n~~~\n", "- a\n  ```\n```\nb\n```\n", " ```\n```\n```\na\n```\n"} {
		if !isCostly(before + costly) {
			t.Errorf("behind %q nothing is counted", before)
		}
	}
}

func TestLargeTextsOfPeopleAreParsed(t *testing.T) {
	for name, source := range map[string]string{
		"a list of links":         strings.Repeat("- [a page](https://a.example/page) and *more*\n", 400),
		"paragraphs":              strings.Repeat("Some **words**, `code` and [a link](https://a.example).\n\n", 300),
		"code in a fence":         "```json\n" + strings.Repeat("[[1,2],[3,4]],", 1400) + "\n```\n",
		"many fences":             strings.Repeat("```\na[1][2]*b*c\n```\n", 800),
		"a deep list, then lines": "- a\n  - b\n    - c\n" + strings.Repeat("a line\n", 2500),
	} {
		if isCostly(source) {
			t.Errorf("%s of %d bytes is too costly", name, len(source))
		}
	}
}

// FuzzGuard: what the guard does not count because it is code, is code; and it
// sees all the nesting there is.
func FuzzGuard(f *testing.F) {
	for _, s := range []string{
		"```\n[\n```\n[", "- a\n```\n[\n", "> ```\n[\n```\n", "~~~ a\n```\n[\n~~~~\n[", "``` a`\n[", "  ```\n[\n```", "- > 1. a\n  > - b", "1)\n\n   -\ta",
		"- a\n\n      b\n  - c", "\t- a", "```\n ```  \n[", ">- a\n>   - b", "```\nր[",
		" ```\n```\n`", "- a\n  ```\n```\n[",
	} {
		f.Add(s)
	}
	r := New(Options{})
	f.Fuzz(func(t *testing.T, source string) {
		source = newlines.Replace(strings.ToValidUTF8(source, ""))
		if len(source) > 2000 || strings.TrimSpace(source) == "" {
			return
		}
		b := []byte(source)
		document := r.markdown.Parser().Parse(text.NewReader(b))
		code, depth, deepest := make([]bool, len(b)+1), 0, 0
		_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			switch n.Kind() {
			case ast.KindListItem, ast.KindBlockquote:
				if entering {
					depth++
					deepest = max(deepest, depth)
				} else {
					depth--
				}
			case ast.KindFencedCodeBlock:
				for i := range n.Lines().Len() {
					line := n.Lines().At(i)
					for at := line.Start; at < line.Stop; at++ {
						code[at] = true
					}
				}
			}
			return ast.WalkContinue, nil
		})
		var g guard
		at := 0
		for line := range strings.Lines(source) {
			within := g.fence != ""
			g.line(strings.TrimRight(line, " \t\n"), line)
			if trimmed := strings.TrimSpace(line); within && g.fence != "" && trimmed != "" {
				if first := at + bytes.IndexByte(b[at:], trimmed[0]); !code[first] {
					t.Errorf("in %q the line %q is taken for code", source, line)
				}
			}
			at += len(line)
		}
		if g.nesting < deepest {
			t.Errorf("%q nests %d deep, counted are %d", source, deepest, g.nesting)
		}
	})
}
