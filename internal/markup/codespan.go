package markup

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// codeSpans is goldmark's parser of code within text, which reads on to the end
// of the block for every run of backticks that nothing closes. It remembers for
// which lengths there was nothing.
type codeSpans struct{ parser.InlineParser }

// unclosed is what is known of one block: nothing closes runs of these lengths
// any more.
type unclosed struct {
	block   ast.Node
	lengths uint64 // a bit each, of those up to 63
}

// unclosedKey is where a parse keeps what it knows.
var unclosedKey = parser.NewContextKey()

// Parse makes a code span, or text of backticks that begin none.
func (p codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	length := 0
	for length < len(line) && line[length] == '`' {
		length++
	}
	known, _ := pc.Get(unclosedKey).(*unclosed)
	if known == nil || known.block != parent {
		known = &unclosed{block: parent}
		pc.Set(unclosedKey, known)
	}
	if known.lengths>>length&1 == 1 {
		block.Advance(length)
		return ast.NewTextSegment(segment.WithStop(segment.Start + length))
	}
	node := p.InlineParser.Parse(parent, block, pc)
	if _, isText := node.(*ast.Text); isText && length < 64 {
		known.lengths |= 1 << length
	}
	return node
}
