package markup

import "strings"

// goldmark takes some texts time that grows with their square, or worse: it
// looks again at what is open for each bracket, mark of emphasis and line. What
// may be long to parse is told by counting, before it is parsed.
const (
	// maxNesting is how many quotes and lists may lie in each other, and
	// maxNestedLines that number times the lines of the text.
	maxNesting     = 32
	maxNestedLines = 60_000

	// maxMarks is the sum, over all blocks of text, of brackets times bytes and
	// of the square of the marks of emphasis.
	maxMarks = 2_000_000

	// maxTicks is how long a run of backticks may be. [codeSpans] looks for each
	// length once in a block.
	maxTicks = 16
)

// guard counts what makes a text costly.
type guard struct {
	lines, nesting int
	marks          int
	size           int // of the block of text that the line belongs to
	brackets       int // in it
	emphasis       int
	ticks          int    // in the longest run
	fence          string // of the code block that the line is in
	unsure         bool   // whether it is in one: all is counted
}

// isCostly says that a text may take the parser long. What it counts is never
// less than what the parser meets: a block of text ends at a blank line, if not
// before, and code is not counted only where it surely is code.
func isCostly(source string) bool {
	var g guard
	for line := range strings.Lines(source) {
		g.line(strings.TrimRight(line, " \t\n"), line)
		if g.nesting > maxNesting || g.ticks > maxTicks || g.marks+g.pending() > maxMarks {
			return true
		}
	}
	return g.nesting*g.lines > maxNestedLines
}

// pending is the cost of the block of text so far.
func (g *guard) pending() int { return g.brackets*g.size + g.emphasis*g.emphasis }

func (g *guard) endBlock() {
	g.marks += g.pending()
	g.size, g.brackets, g.emphasis = 0, 0, 0
}

func (g *guard) line(trimmed, line string) {
	g.lines++
	switch {
	case g.fence != "":
		if closesFence(trimmed, g.fence) {
			g.fence = ""
		}
		return
	case trimmed == "":
		g.endBlock()
		return
	}
	// The next fence at the margin ends one that was indented, or begins another if
	// that one was in a list.
	if g.unsure = g.unsure || mayOpenFence(trimmed); !g.unsure {
		if g.fence = opensFence(trimmed); g.fence != "" {
			g.endBlock()
			return
		}
	}
	depth, bullet := nesting(trimmed)
	g.nesting = max(g.nesting, depth)
	if bullet {
		g.endBlock()
	}
	g.count(line)
}

func (g *guard) count(line string) {
	g.size += len(line)
	run := 0
	for i := range len(line) {
		c := line[i]
		if c == '`' {
			run++
			g.ticks = max(g.ticks, run)
			continue
		}
		run = 0
		switch c {
		case '[', ']':
			g.brackets++
		case '*', '_', '~':
			g.emphasis++
		}
	}
}

// nesting is how deep in quotes and lists a line may lie that has marks of them:
// a mark each, and two columns for each list that goes on. bullet says that it
// surely begins an item, and with it a block.
func nesting(line string) (depth int, bullet bool) {
	marks, columns := 0, 0
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ':
			columns++
			i++
		case c == '\t':
			columns += 4
			i++
		case c == '>':
			marks++
			i++
		case isListMark(line[i:]) > 0:
			bullet = bullet || marks == 0 && columns < 4 && (c < '0' || c > '9') && len(line) > i+1
			marks++
			i += isListMark(line[i:])
		default:
			if marks == 0 {
				return 0, false
			}
			return marks + columns/2, bullet
		}
	}
	return marks + columns/2, bullet
}

// isListMark is the length of a list's mark at the start of a text.
func isListMark(s string) int {
	n := 0
	for n < len(s) && n < 9 && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	switch {
	case n == len(s):
		return 0
	case n == 0 && s[0] != '-' && s[0] != '*' && s[0] != '+', n > 0 && s[n] != '.' && s[n] != ')':
		return 0
	case n+1 < len(s) && s[n+1] != ' ' && s[n+1] != '\t':
		return 0
	}
	return n + 1
}

// opensFence is the fence with which a line at the margin begins a code block.
// There it is one whatever comes before, but in another code block.
func opensFence(line string) string {
	if line == "" || line[0] != '`' && line[0] != '~' {
		return ""
	}
	rest := strings.TrimLeft(line, line[:1])
	fence := line[:len(line)-len(rest)]
	if len(fence) < 3 || line[0] == '`' && strings.Contains(rest, "`") {
		return ""
	}
	return fence
}

// mayOpenFence says whether a line begins a code block away from the margin, unless
// it is in another.
func mayOpenFence(line string) bool {
	indented := strings.TrimLeft(line, " ")
	n := len(line) - len(indented)
	return 0 < n && n < 4 && opensFence(indented) != ""
}

func closesFence(line, fence string) bool {
	indented := strings.TrimLeft(line, " ")
	return len(line)-len(indented) < 4 && strings.HasPrefix(indented, fence) && strings.Trim(indented, fence[:1]) == ""
}
