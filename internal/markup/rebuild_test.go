package markup

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestRebuildKeepsWhatIsAllowed(t *testing.T) {
	const link = `<a href="https://example.org/" rel="nofollow noopener noreferrer ugc">`
	for _, test := range []struct{ source, want string }{
		{"", ""},
		{"plain", "plain"},
		{"a &amp; b &lt; c", "a &amp; b &lt; c"},
		{"<p>one<br/>two</p>", "<p>one<br>two</p>"},
		{"<ul><li>a<li>b</ul>", "<ul><li>a<li>b</li></li></ul>"},
		{"<P CLASS=x onclick=y()>a</P>", "<p>a</p>"},
		{`<a href="https://example.org/" onclick="x" target=_blank>a</a>`, link + "a</a>"},
		{`<a href="https://example.org/"><b>a`, link + "<b>a</b></a>"},
		{`<a href="HTTPS://example.org/?a=1&b=&quot;">a</a>`, `<a href="HTTPS://example.org/?a=1&amp;b=&quot;" rel="nofollow noopener noreferrer ugc">a</a>`},
		{`<a href="javascript:alert(1)">a</a>`, "<a>a</a>"},
		{`<a href=" javascript:alert(1)">a</a>`, "<a>a</a>"},
		{`<a href="java&#9;script:alert(1)">a</a>`, "<a>a</a>"},
		{`<a href="//example.org">a</a>`, "<a>a</a>"},
		{`<a href="data:text/html,x">a</a>`, "<a>a</a>"},
		{`<a href="x" href="https://example.org/">a</a>`, "<a>a</a>"},
		{"<b><i>a</b>b</i>", "<b><i>a</i></b>b"},
		{"a</p>b", "ab"},
		{"<script>alert(1)</script>a", "a"},
		{"<style>p{}</style>a", "a"},
		{"<SCRIPT>alert(1)</SCRIPT >a", "a"},
		{"<script>alert(1)", ""},
		{"<textarea><b>x</b></textarea>a", "a"},
		{"<title>x</title>a", "a"},
		{"<!-- x -->a<!doctype html>b<![CDATA[c]]>", "ab"},
		{"<img src=x onerror=alert(1)>a", "a"},
		{"<svg onload=alert(1)><circle/></svg>a", "a"},
		{"<unknown><p>a</p></unknown>", "<p>a</p>"},
		{"a < b", "a &lt; b"},
		{"<p", ""},
	} {
		got, err := Rebuild(test.source)
		if err != nil {
			t.Errorf("%q: %v", test.source, err)
		} else if got != test.want {
			t.Errorf("%q is %q, want %q", test.source, got, test.want)
		}
	}
}

// TestNothingActiveComesThrough feeds known attacks as html of the application
// and as text of a message.
func TestNothingActiveComesThrough(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpus", "xss", "xss.json"))
	if os.IsNotExist(err) {
		t.Skip("skipped: the attack strings of ../shared/corpus/xss are not beside the repository")
	} else if err != nil {
		t.Fatal(err)
	}
	var attacks []string
	if err := json.Unmarshal(raw, &attacks); err != nil {
		t.Fatal(err)
	}
	r := New()
	for _, attack := range attacks {
		rebuilt, err := Rebuild(attack)
		if err != nil {
			t.Errorf("%q: %v", attack, err)
			continue
		}
		if problem := active(rebuilt, isOrdinary); problem != "" {
			t.Errorf("%q is rebuilt as %q: %s", attack, rebuilt, problem)
		}
		made, err := r.Render(attack)
		if err != nil {
			t.Errorf("%q: %v", attack, err)
			continue
		}
		if problem := active(made.HTML, runsNothing); problem != "" {
			t.Errorf("%q is shown as %q: %s", attack, made.HTML, problem)
		}
	}
	t.Logf("%d attacks", len(attacks))
}

// scheme is what a browser takes for the scheme of a link, once it has dropped
// the control characters that it drops.
var scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)

// runsNothing says that a link is of no scheme that runs code.
func runsNothing(link string) bool {
	link = strings.ToLower(strings.TrimLeftFunc(link, func(r rune) bool { return r <= ' ' }))
	link = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(link)
	switch scheme.FindString(link) {
	case "javascript:", "vbscript:", "file:":
		return false
	case "data:":
		return strings.HasPrefix(link, "data:image/") && !strings.HasPrefix(link, "data:image/svg")
	}
	return true
}

// active finds in html what a browser may run; empty if there is nothing.
func active(source string, goodLink func(string) bool) string {
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return ""
		}
		token := tokens.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		if _, known := elements[token.DataAtom]; !known && token.Data != "img" {
			return "element " + token.Data
		}
		for _, attribute := range token.Attr {
			switch attribute.Key {
			case "href", "src":
				if !goodLink(attribute.Val) && attribute.Val != "" {
					return "link " + attribute.Val
				}
			case "rel", "alt", "title", "class", "start":
			default:
				return "attribute " + attribute.Key
			}
		}
	}
}

// FuzzRebuild gives any bytes as html: nothing active comes out, and what comes
// out is rebuilt as itself.
func FuzzRebuild(f *testing.F) {
	for _, source := range []string{"<p>a<br>b</p>", "<b><i>a</b>", `<a href="https://a.example">x`, "<script>a</script>", "<a href='javascript:x'>", "&lt;b&gt;", "&#X00D", "<a href='http://a&#13;&#10;b'>"} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		rebuilt, err := Rebuild(source)
		if err != nil {
			t.Fatal(err)
		}
		if problem := active(rebuilt, isOrdinary); problem != "" {
			t.Errorf("%q is rebuilt as %q: %s", source, rebuilt, problem)
		}
		again, err := Rebuild(rebuilt)
		if err != nil || again != rebuilt {
			t.Errorf("%q is rebuilt as %q, and that as %q, %v", source, rebuilt, again, err)
		}
	})
}
