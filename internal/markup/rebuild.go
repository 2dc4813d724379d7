package markup

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// elements are what html may hold; those that are true have no end. With
// images allowed there is img, too. What they may bear is in [rebuilding.start].
var elements = map[atom.Atom]bool{
	atom.P: false, atom.Br: true, atom.Hr: true, atom.Em: false, atom.Strong: false, atom.Del: false,
	atom.B: false, atom.I: false, atom.S: false, atom.Code: false, atom.Pre: false, atom.Blockquote: false,
	atom.Ul: false, atom.Ol: false, atom.Li: false, atom.A: false, atom.Bdi: false,
	atom.H1: false, atom.H2: false, atom.H3: false, atom.H4: false, atom.H5: false, atom.H6: false,
}

// silenced are elements whose content is not for people.
var silenced = []atom.Atom{
	atom.Script, atom.Style, atom.Iframe, atom.Object, atom.Template, atom.Noscript, atom.Textarea, atom.Title,
	atom.Xmp, atom.Noembed, atom.Noframes, atom.Plaintext,
}

// deepest is how many elements Rebuild leaves in each other: more than Render
// makes, where code counts twice and a bdi not at all.
const deepest = 2*maxDepth + 2

// rebuilding is html in the making.
type rebuilding struct {
	policy policy
	out    strings.Builder
	open   []atom.Atom
}

// Rebuild makes html anew of html that an application gives: elements and
// attributes that Render may write, and b, i and s, are written again, each one
// closed; of everything else the text stays, escaped. What Render made comes out
// as it is.
func (r *Renderer) Rebuild(source string) string {
	b := rebuilding{policy: r.policy}
	silent := atom.Atom(0)
	// Bytes that are no characters could become one where a tag between them
	// is left out.
	tokens := html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(source, "\ufffd")))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken { // the end: a string is read without errors
			break
		}
		token := tokens.Token()
		switch {
		case silent != 0:
			if kind == html.EndTagToken && token.DataAtom == silent {
				silent = 0
			}
		case kind == html.TextToken:
			b.text(token.Data)
		case kind == html.StartTagToken && slices.Contains(silenced, token.DataAtom):
			silent = token.DataAtom
		case kind == html.StartTagToken || kind == html.SelfClosingTagToken:
			b.start(token)
		case kind == html.EndTagToken:
			b.end(token.DataAtom)
		}
	}
	b.closeFrom(0)
	return b.out.String()
}

// text writes text. A carriage return, which only a character reference makes,
// is a newline to whoever reads the html.
func (b *rebuilding) text(s string) {
	s = strings.ReplaceAll(s, "\r", "\n")
	if len(b.open) > 0 && b.open[len(b.open)-1] == atom.Bdi {
		b.out.WriteString(escape(s)) // it is isolated as it is
		return
	}
	writeText(&b.out, s)
}

// start writes an element that is allowed.
func (b *rebuilding) start(token html.Token) {
	element := token.DataAtom
	if element == atom.Img || element == atom.Image { // a browser's other name for it
		b.image(token)
		return
	}
	void, allowed := elements[element]
	if !allowed || !void && len(b.open) == deepest {
		return
	}
	switch element {
	case atom.A:
		address, ok := b.policy.address(strings.TrimSpace(valueOf(token, "href")))
		if !ok || slices.Contains(b.open, atom.A) {
			return
		}
		b.out.WriteString(linkStart(address, valueOf(token, "title")))
	case atom.Code:
		language, _ := strings.CutPrefix(valueOf(token, "class"), languagePrefix)
		if language == valueOf(token, "class") {
			language = ""
		}
		b.out.WriteString("<code" + languageClass(language) + ">")
	case atom.Ol:
		b.out.WriteString("<ol" + startAttribute(valueOf(token, "start")) + ">")
	default:
		b.out.WriteString("<" + element.String() + ">")
	}
	if !void {
		b.open = append(b.open, element)
	}
}

// end closes an element that is open, and those in it.
func (b *rebuilding) end(element atom.Atom) {
	i := len(b.open) - 1
	for i >= 0 && b.open[i] != element {
		i--
	}
	if i >= 0 {
		b.closeFrom(i)
	}
}

func (b *rebuilding) closeFrom(i int) {
	for _, inner := range slices.Backward(b.open[i:]) {
		b.out.WriteString("</" + inner.String() + ">")
	}
	b.open = b.open[:i]
}

// image writes what an image is to people here: an image, a link, or the text
// that stands for it.
func (b *rebuilding) image(token html.Token) {
	alt, title := valueOf(token, "alt"), valueOf(token, "title")
	address, ok := b.policy.imageAddress(strings.TrimSpace(valueOf(token, "src")))
	switch {
	case ok && b.policy.images:
		b.out.WriteString(imageElement(address, alt, title))
	case ok && !slices.Contains(b.open, atom.A):
		if alt == "" {
			alt = address
		}
		b.out.WriteString(linkStart(address, title))
		writeText(&b.out, strings.ReplaceAll(alt, "\r", "\n"))
		b.out.WriteString("</a>")
	default:
		b.text(alt)
	}
}

// startAttribute is the number that a list starts with, if it is one.
func startAttribute(value string) string {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n == 1 || n > 999_999_999 {
		return ""
	}
	return ` start="` + strconv.FormatUint(n, 10) + `"`
}

// valueOf is the value of the first attribute of that name, as browsers have it.
func valueOf(token html.Token, name string) string {
	for _, attribute := range token.Attr {
		if attribute.Namespace == "" && attribute.Key == name {
			return attribute.Val
		}
	}
	return ""
}
