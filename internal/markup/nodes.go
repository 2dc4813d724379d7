package markup

import (
	"bytes"
	"strconv"

	"github.com/yuin/goldmark/ast"
	extension "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// nodes writes html of each kind of node. Only what is on the list of Rebuild is
// written, and what an extension adds.
type nodes struct{ policy policy }

// RegisterFuncs tells goldmark which function writes which node. Nodes of raw
// html, which only an extension can bring back, are text.
func (r *nodes) RegisterFuncs(to renderer.NodeRendererFuncRegisterer) {
	for kind, write := range map[ast.NodeKind]func(*output, []byte, ast.Node, bool) ast.WalkStatus{
		ast.KindHeading:             heading,
		ast.KindBlockquote:          blockquote,
		ast.KindCodeBlock:           codeBlock,
		ast.KindFencedCodeBlock:     codeBlock,
		ast.KindHTMLBlock:           htmlBlock,
		ast.KindList:                list,
		ast.KindListItem:            listItem,
		ast.KindParagraph:           paragraph,
		ast.KindTextBlock:           textBlock,
		ast.KindThematicBreak:       thematicBreak,
		ast.KindAutoLink:            r.autoLink,
		ast.KindCodeSpan:            codeSpan,
		ast.KindEmphasis:            emphasis,
		ast.KindImage:               r.image,
		ast.KindLink:                r.link,
		ast.KindRawHTML:             rawHTML,
		ast.KindText:                textNode,
		ast.KindString:              stringNode,
		extension.KindStrikethrough: strikethrough,
	} {
		to.Register(kind, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
			o := w.(*output)
			status := write(o, source, n, entering)
			if o.full {
				return ast.WalkStop, errFull
			}
			return status, nil
		})
	}
}

// element writes the ends of an element that has no attributes.
func element(o *output, entering bool, start, end string) ast.WalkStatus {
	if entering {
		o.open(start)
	} else {
		o.close(end)
	}
	return ast.WalkContinue
}

func heading(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	level := strconv.Itoa(n.(*ast.Heading).Level)
	return element(o, entering, "<h"+level+">", "</h"+level+">\n")
}

func blockquote(o *output, _ []byte, _ ast.Node, entering bool) ast.WalkStatus {
	return element(o, entering, "<blockquote>\n", "</blockquote>\n")
}

func paragraph(o *output, _ []byte, _ ast.Node, entering bool) ast.WalkStatus {
	return element(o, entering, paragraphStart, paragraphEnd)
}

func emphasis(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	if n.(*ast.Emphasis).Level == 2 {
		return element(o, entering, "<strong>", "</strong>")
	}
	return element(o, entering, "<em>", "</em>")
}

func strikethrough(o *output, _ []byte, _ ast.Node, entering bool) ast.WalkStatus {
	return element(o, entering, "<del>", "</del>")
}

func list(o *output, _ []byte, node ast.Node, entering bool) ast.WalkStatus {
	n := node.(*ast.List)
	switch {
	case !n.IsOrdered():
		return element(o, entering, "<ul>\n", "</ul>\n")
	case n.Start != 1 && entering:
		return element(o, entering, `<ol start="`+strconv.Itoa(n.Start)+"\">\n", "")
	}
	return element(o, entering, "<ol>\n", "</ol>\n")
}

func listItem(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	start := "<li>"
	if first := n.FirstChild(); entering && first != nil && first.Kind() != ast.KindTextBlock {
		start = "<li>\n"
	}
	return element(o, entering, start, "</li>\n")
}

// textBlock is the text of an item of a list without blank lines.
func textBlock(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	if !entering && n.NextSibling() != nil && n.FirstChild() != nil {
		o.put("\n")
	}
	return ast.WalkContinue
}

func thematicBreak(o *output, _ []byte, _ ast.Node, entering bool) ast.WalkStatus {
	if entering {
		o.put("<hr>\n")
	}
	return ast.WalkContinue
}

func codeBlock(o *output, source []byte, node ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		o.close("</code></pre>\n")
		return ast.WalkContinue
	}
	class := ""
	if fenced, ok := node.(*ast.FencedCodeBlock); ok {
		class = languageClass(resolved(fenced.Language(source)))
	}
	o.open("<pre><code" + class + ">")
	start := len(o.html)
	putLines(o, source, node)
	o.isolate(start)
	return ast.WalkContinue
}

// languagePrefix is how the class of a code block tells its language.
const languagePrefix = "language-"

// languageClass is the attribute for a language: one class, whatever the text
// says.
func languageClass(language string) string {
	for i := range len(language) {
		if c := language[i]; c <= ' ' || c == 0x7f {
			language = language[:i]
			break
		}
	}
	if language == "" {
		return ""
	}
	return ` class="` + languagePrefix + attribute(language) + `"`
}

func putLines(o *output, source []byte, n ast.Node) {
	lines := n.Lines()
	for i := range lines.Len() {
		line := lines.At(i)
		putRaw(o, line.Value(source))
	}
}

func codeSpan(o *output, source []byte, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		o.close("</code>")
		return ast.WalkContinue
	}
	o.open("<code>")
	start := len(o.html)
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		value := c.(*ast.Text).Segment.Value(source)
		if line, broken := bytes.CutSuffix(value, []byte("\n")); broken {
			putRaw(o, line)
			o.put(" ")
			continue
		}
		putRaw(o, value)
	}
	o.isolate(start)
	return ast.WalkSkipChildren
}

func textNode(o *output, source []byte, node ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	n := node.(*ast.Text)
	value := n.Segment.Value(source)
	if n.HardLineBreak() {
		value = bytes.TrimRight(value, " ")
	}
	o.putText(value, n.IsRaw())
	if n.HardLineBreak() || n.SoftLineBreak() {
		o.put("<br>\n")
	}
	return ast.WalkContinue
}

// stringNode is text that is not of the source: an extension's. By goldmark's
// convention one that is marked as code is html.
func stringNode(o *output, _ []byte, node ast.Node, entering bool) ast.WalkStatus {
	n := node.(*ast.String)
	switch {
	case !entering:
	case n.IsCode():
		_, _ = o.Write(n.Value)
	default:
		o.putText(n.Value, n.IsRaw())
	}
	return ast.WalkContinue
}

func rawHTML(o *output, source []byte, node ast.Node, entering bool) ast.WalkStatus {
	if entering {
		o.putText(node.(*ast.RawHTML).Segments.Value(source), true)
	}
	return ast.WalkSkipChildren
}

func htmlBlock(o *output, source []byte, node ast.Node, entering bool) ast.WalkStatus {
	n := node.(*ast.HTMLBlock)
	if !entering {
		o.close(paragraphEnd)
		return ast.WalkContinue
	}
	o.open(paragraphStart)
	start := len(o.html)
	putLines(o, source, n)
	if n.HasClosure() {
		putRaw(o, n.ClosureLine.Value(source))
	}
	o.isolate(start)
	return ast.WalkContinue
}

// plainText is the text of a node without markup.
func plainText(source []byte, n ast.Node) string {
	var text []byte
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			if n.IsRaw() {
				text = append(text, n.Segment.Value(source)...)
			} else {
				text = append(text, resolved(n.Segment.Value(source))...)
			}
			if n.SoftLineBreak() || n.HardLineBreak() {
				text = append(text, '\n')
			}
		case *ast.String:
			text = append(text, n.Value...)
		case *ast.AutoLink:
			text = append(text, n.Label(source)...)
		}
		return ast.WalkContinue, nil
	})
	return string(text)
}
