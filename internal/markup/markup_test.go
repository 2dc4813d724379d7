package markup

import (
	"strings"
	"testing"
)

// parsed is what goldmark makes of a text, without the fast path.
func parsed(t *testing.T, r *Renderer, source string) string {
	t.Helper()
	out, err := r.parse(source)
	if err != nil {
		t.Fatal(err)
	}
	return string(out.html)
}

// html is the html of a text, stored or not.
func (r Result) html(source string) string {
	if r.Plain {
		return Paragraph(source)
	}
	return r.HTML
}

func TestPlainTextIsAParagraph(t *testing.T) {
	r := New(Options{})
	for _, source := range []string{
		"a", "hello", "Hello, world", "See you at 5:", "Is it? Yes.", "it's 100% (nearly) done; really", "one/two",
		`she said "no"`, "two  spaces", "日本語のテキスト", "naïve café", "ends with a dot.", "a: b", "www. example", "http: //x",
	} {
		if !isPlain(source) {
			t.Errorf("%q takes the parser", source)
		}
		made, err := r.Render(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := made.html(source), parsed(t, r, source); got != want {
			t.Errorf("%q is %q, by goldmark %q", source, got, want)
		}
		if made.FirstURL != "" {
			t.Errorf("%q links to %q", source, made.FirstURL)
		}
	}
}

func TestMarkupTakesTheParser(t *testing.T) {
	for _, source := range []string{
		"*a*", "_a_", "`a`", "# a", "- a", "1. a", "1) a", "> a", "    a", "a\nb", "a\r\nb", "a ", "~~a~~", "[a](b)", "![a](b)", "<b>",
		"a&amp;b", "www.example.org", "WWW.example.org", "see wWw.example.org", "http://example.org", "a@example.org", "a\\b", "+ a", "\ta", "a\u202eb", "1. a", " a",
	} {
		if isPlain(source) {
			t.Errorf("%q passes for plain", source)
		}
	}
}

func TestMessagesBecomeHTML(t *testing.T) {
	r := New(Options{})
	for _, test := range []struct{ source, html, url string }{
		{"", "", ""},
		{" \n\t ", "", ""},
		{"hello", "<p>hello</p>\n", ""},
		{"**one** minute", "<p><strong>one</strong> minute</p>\n", ""},
		{"a\nb", "<p>a<br>\nb</p>\n", ""},
		{"~~gone~~", "<p><del>gone</del></p>\n", ""},
		{"a < b & c", "<p>a &lt; b &amp; c</p>\n", ""},
		{"https://example.org/map", `<p><a href="https://example.org/map"` + rel + `>https://example.org/map</a></p>` + "\n", "https://example.org/map"},
		{"www.example.org", `<p><a href="http://www.example.org"` + rel + `>www.example.org</a></p>` + "\n", "http://www.example.org"},
		{"`https://a.example` [b](HTTPS://b.example)", `<p><code>https://a.example</code> <a href="HTTPS://b.example"` + rel + `>b</a></p>` + "\n", "HTTPS://b.example"},
		{"    https://a.example", "<pre><code>https://a.example\n</code></pre>\n", ""},
		{"[mail](mailto:a@b.example)", `<p><a href="mailto:a@b.example"` + rel + `>mail</a></p>` + "\n", ""},
		{"[x](javascript:alert(1))", "<p>x</p>\n", ""},
		{"<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n", ""},
		{"it <fails> so", "<p>it &lt;fails&gt; so</p>\n", ""},
		{"<x:y>", "<p>&lt;x:y&gt;</p>\n", ""},
		{"a\n---\n[b]: /c", "<p>a</p>\n<hr>\n<p>[b]: /c</p>\n", ""},
		{"a\r\nb\rc", "<p>a<br>\nb<br>\nc</p>\n", ""},
		{"![a *b*](https://c.example/i \"t\")", `<p><a href="https://c.example/i" title="t"` + rel + `>a <em>b</em></a></p>` + "\n", "https://c.example/i"},
		{"![](https://c.example)", `<p><a href="https://c.example"` + rel + `>https://c.example</a></p>` + "\n", "https://c.example"},
		{"[![a](https://b.example)](https://c.example)", `<p><a href="https://c.example"` + rel + `>a</a></p>` + "\n", "https://c.example"},
		{"![a](x)", "<p>a</p>\n", ""},
		{"[a](//b.example) [c](/d) [e](https:f) [g](tel:1)", "<p>a c e g</p>\n", ""},
		{"[a](https://b.example?c=1&amp;d)", `<p><a href="https://b.example?c=1&amp;d"` + rel + `>a</a></p>` + "\n", "https://b.example?c=1&d"},
		{"```go&#32;evil x\na\n```", "<pre><code class=\"language-go\">a\n</code></pre>\n", ""},
		{"a \u202eb *c*", "<p><bdi>a \u202eb </bdi><em>c</em></p>\n", ""},
		{"`\u202e`", "<p><code><bdi>\u202e</bdi></code></p>\n", ""},
		{"&#x202e;a", "<p><bdi>\u202ea</bdi></p>\n", ""},
		{"[a](https://b.example '\u202ec')", `<p><a href="https://b.example" title="c"` + rel + `>a</a></p>` + "\n", "https://b.example"},
		{"<https://b.example/\u202e>", `<p><a href="https://b.example/%E2%80%AE"` + rel + `>https://b.example/%E2%80%AE</a></p>` + "\n", "https://b.example/\u202e"},
		{"(see http://b.example/d_(e).)", `<p>(see <a href="http://b.example/d_(e)"` + rel + `>http://b.example/d_(e)</a>.)</p>` + "\n", "http://b.example/d_(e)"},
		{"\"http://bücher.example/ü\"", `<p>&quot;<a href="http://b%C3%BCcher.example/%C3%BC"` + rel + `>http://bücher.example/ü</a>&quot;</p>` + "\n", "http://bücher.example/ü"},
		{"3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n", ""},
	} {
		made, err := r.Render(test.source)
		if err != nil {
			t.Fatal(err)
		}
		if got := made.html(test.source); got != test.html {
			t.Errorf("%q is %q, want %q", test.source, got, test.html)
		}
		if made.FirstURL != test.url {
			t.Errorf("%q links to %q, want %q", test.source, made.FirstURL, test.url)
		}
	}
}

func TestParagraphEscapesAll(t *testing.T) {
	for source, want := range map[string]string{
		"":                    "",
		"  ":                  "",
		`<b a="c">&amp;</b>'`: "<p>&lt;b a=&quot;c&quot;&gt;&amp;amp;&lt;/b&gt;'</p>\n",
	} {
		if got := Paragraph(source); got != want {
			t.Errorf("%q is %q, want %q", source, got, want)
		}
	}
}

// FuzzPlain looks for a text that the fast path and goldmark see differently.
func FuzzPlain(f *testing.F) {
	for _, source := range []string{"hello", "a. b", "a  b", "x: y; (z)", "é\u00a0", "a\u2028b", "www. a", "WwW.a.b", `"a"`, "a/b%20"} {
		f.Add(source)
	}
	r := New(Options{})
	f.Fuzz(func(t *testing.T, source string) {
		// Whoever calls has checked the text so far.
		source = strings.ReplaceAll(strings.ToValidUTF8(source, ""), "\x00", "")
		if len(source) > 1000 || strings.TrimSpace(source) == "" || !isPlain(source) {
			return
		}
		if got, want := Paragraph(source), parsed(t, r, source); got != want {
			t.Errorf("%q is %q, by goldmark %q", source, got, want)
		}
	})
}
