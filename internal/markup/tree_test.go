package markup_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"example.com/chat/internal/markup"
	"example.com/chat/internal/markup/attack"
)

// grown is html as a tree builder has it, and what in the tree is not on the
// list: elements may be moved, renamed or made of another namespace.
func grown(t *testing.T, source string, images bool) (serialized, problem string) {
	t.Helper()
	list, err := html.ParseFragment(strings.NewReader(source), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return "", err.Error()
	}
	var look func(*html.Node)
	look = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
		case html.ElementNode:
			attributes, ok := allowed[n.Data]
			if n.Data == "img" && images {
				attributes, ok = shown, true
			}
			if !ok || n.Namespace != "" {
				problem = "element " + n.Namespace + ":" + n.Data
			}
			for _, a := range n.Attr {
				if pattern := attributes[a.Key]; pattern == nil || a.Namespace != "" || !pattern.MatchString(a.Val) {
					problem = "attribute " + a.Key + "=" + a.Val
				}
			}
		default:
			problem = "a node that is neither text nor an element"
		}
		for c := range n.ChildNodes() {
			look(c)
		}
	}
	var out strings.Builder
	for _, n := range list {
		look(n)
		if err := html.Render(&out, n); err != nil {
			problem = err.Error()
		}
	}
	return out.String(), problem
}

// TestATreeOfTheHTMLIsOnTheListToo: what a browser makes of the html holds
// nothing else either, and nothing else after it was written and read again.
func TestATreeOfTheHTMLIsOnTheListToo(t *testing.T) {
	attacks := attack.Mutating()
	corpus, err := attack.Load(filepath.Join("..", "..", "..", "shared", "corpus", "xss", "xss.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("the attack strings of ../shared/corpus/xss are not beside the repository: only others")
	} else if err != nil {
		t.Fatal(err)
	}
	for _, images := range []bool{true, false} {
		if !images { // which costs seconds, once
			attacks = append(attacks, corpus...)
		}
		r := markup.New(markup.Options{Images: images})
		for _, a := range attacks {
			for _, output := range attack.Outputs(r, a) {
				first, problem := grown(t, output, images)
				if problem == "" {
					_, problem = grown(t, first, images)
				}
				if problem != "" {
					t.Errorf("%q becomes %q: in its tree is %s", a, output, problem)
				}
			}
		}
	}
}
