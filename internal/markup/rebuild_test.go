package markup

import (
	"strings"
	"testing"
)

func TestRebuildKeepsWhatIsAllowed(t *testing.T) {
	const link = `<a href="https://example.org/" rel="nofollow noopener noreferrer ugc">`
	r := New(Options{})
	for _, test := range []struct{ source, want string }{
		{"", ""},
		{"plain", "plain"},
		{"a &amp; b &lt; c", "a &amp; b &lt; c"},
		{"<p>one<br/>two</p>", "<p>one<br>two</p>"},
		{"<ul><li>a<li>b</ul>", "<ul><li>a<li>b</li></li></ul>"},
		{"<P CLASS=x onclick=y()>a</P>", "<p>a</p>"},
		{`<a href="https://example.org/" onclick="x" target=_blank>a</a>`, link + "a</a>"},
		{`<a href="https://example.org/"><b>a`, link + "<b>a</b></a>"},
		{`<a href="HTTPS://example.org/?a=1&b=&quot;">a</a>`, `<a href="HTTPS://example.org/?a=1&amp;b=%22" rel="nofollow noopener noreferrer ugc">a</a>`},
		{`<a href="javascript:alert(1)">a</a>`, "a"},
		{`<a href=" javascript:alert(1)">a</a>`, "a"},
		{`<a href="java&#9;script:alert(1)">a</a>`, "a"},
		{`<a href="//example.org">a</a>`, "a"},
		{`<a href="data:text/html,x">a</a>`, "a"},
		{`<a href="x" href="https://example.org/">a</a>`, "a"},
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
		{`<a href=" https://example.org/ " title="t">a <a href="https://b.example">b</a></a>`, `<a href="https://example.org/" title="t" rel="nofollow noopener noreferrer ugc">a b</a>`},
		{`<a href="https:example.org">a</a><a href="https:///b">b</a>`, "ab"},
		{`<a href="tel:1">a</a>`, "a"},
		{`<img src="https://example.org/" alt="i">`, link + "i</a>"},
		{`<img src="https://example.org/">`, link + "https://example.org/</a>"},
		{`<a href="https://example.org/"><img src="https://b.example" alt="i"></a>`, link + "i</a>"},
		{`<img src="data:image/png;base64,x" alt="i">`, "i"},
		{`<pre><code class="language-go x">a</code></pre><code class="x">b</code>`, `<pre><code class="language-go">a</code></pre><code>b</code>`},
		{`<ol start="3"><li>a</li></ol><ol start="x"></ol>`, `<ol start="3"><li>a</li></ol><ol></ol>`},
		{"<p>a\u202eb</p><bdi>\u202ec</bdi>", "<p><bdi>a\u202eb</bdi></p><bdi>\u202ec</bdi>"},
		{strings.Repeat("<b>", 1000) + "a", strings.Repeat("<b>", deepest) + "a" + strings.Repeat("</b>", deepest)},
	} {
		if got := r.Rebuild(test.source); got != test.want {
			t.Errorf("%q is %q, want %q", test.source, got, test.want)
		}
	}
}
