package markup

import (
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// elements are what html that an application gives may hold; those that are
// true have no end.
var elements = map[atom.Atom]bool{
	atom.P: false, atom.Br: true, atom.Hr: true, atom.Em: false, atom.Strong: false, atom.Del: false,
	atom.B: false, atom.I: false, atom.S: false, atom.Code: false, atom.Pre: false, atom.Blockquote: false,
	atom.Ul: false, atom.Ol: false, atom.Li: false, atom.A: false,
	atom.H1: false, atom.H2: false, atom.H3: false, atom.H4: false, atom.H5: false, atom.H6: false,
}

// silenced are elements whose content is not for people.
var silenced = []atom.Atom{
	atom.Script, atom.Style, atom.Iframe, atom.Object, atom.Template, atom.Noscript, atom.Textarea, atom.Title,
	atom.Xmp, atom.Noembed, atom.Noframes, atom.Plaintext,
}

// Rebuild makes html anew of html that an application gives: allowed elements
// with an allowed href are written again, each one closed; of everything else
// the text stays, escaped.
func Rebuild(source string) (string, error) {
	var out strings.Builder
	var open []atom.Atom
	silent := atom.Atom(0)
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			if err := tokens.Err(); err != io.EOF {
				return "", err
			}
			break
		}
		token := tokens.Token()
		switch {
		case silent != 0:
			if kind == html.EndTagToken && token.DataAtom == silent {
				silent = 0
			}
		case kind == html.TextToken:
			out.WriteString(escape(token.Data))
		case kind == html.StartTagToken && slices.Contains(silenced, token.DataAtom):
			silent = token.DataAtom
		case kind == html.StartTagToken || kind == html.SelfClosingTagToken:
			void, allowed := elements[token.DataAtom]
			if !allowed {
				continue
			}
			writeStart(&out, token)
			if !void {
				open = append(open, token.DataAtom)
			}
		case kind == html.EndTagToken && slices.Contains(open, token.DataAtom):
			for last := atom.Atom(0); last != token.DataAtom; {
				last = open[len(open)-1]
				open = open[:len(open)-1]
				out.WriteString("</" + last.String() + ">")
			}
		}
	}
	for _, element := range slices.Backward(open) {
		out.WriteString("</" + element.String() + ">")
	}
	return out.String(), nil
}

func writeStart(out *strings.Builder, token html.Token) {
	out.WriteString("<" + token.DataAtom.String())
	if token.DataAtom == atom.A {
		for _, attribute := range token.Attr {
			if attribute.Namespace == "" && attribute.Key == "href" && isOrdinary(attribute.Val) {
				out.WriteString(` href="` + escape(attribute.Val) + `" rel="nofollow noopener noreferrer ugc"`)
				break
			}
		}
	}
	out.WriteString(">")
}

// escape has text read as the text it is. A carriage return, which only a
// character reference makes, is a newline to whoever reads the html.
func escape(s string) string { return escaper.Replace(strings.ReplaceAll(s, "\r", "\n")) }

// isOrdinary says that a link is absolute and of an ordinary scheme.
func isOrdinary(link string) bool {
	lower := strings.ToLower(link)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "mailto:")
}
