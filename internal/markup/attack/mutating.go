package attack

import "strings"

// Mutating is shapes of html that sanitizers let through because a tree builder,
// or writing a tree and reading it again, made of them something else; and some
// of which the first half is taken for the whole.
func Mutating() []string {
	return []string{
		`<svg><style><img src=x onerror=alert(1)></style></svg>`,
		`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
		`<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>`,
		`<svg><foreignObject><p><style><!--</style><img src=x onerror=alert(1)>--></style></p></foreignObject></svg>`,
		`<svg><title><a href="</title><img src=x onerror=alert(1)>">x</a></title></svg>`,
		`<svg><desc><noscript><p title="</noscript><img src=x onerror=alert(1)>"></desc></svg>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
		`<template><p title="</template><script>alert(1)</script>">`,
		`<select><template><style><!--</style><a rel="--></style></template></select><img src onerror=alert(1)>">`,
		`<select><option><style></option></select><b><img src=x onerror=alert(1)></style></option>`,
		`<table><tr><td><a href="https://a.example"><table><a href="javascript:alert(1)">x</table>`,
		`<a href="https://a.example"><p><a href="https://b.example">x</a></p></a>`,
		`<p><p><ul><p><li><p></ul></p><h1><h2></h1><em><p></em><strong></p></strong>`,
		`<pre>` + "\n\n" + `a</pre><pre>` + "\r\n" + `<code class="language-x">` + "\n" + `b</pre>`,
		`<plaintext>&lt;img src=x onerror=alert(1)&gt;`, `<xmp><p title="</xmp><img src=x onerror=alert(1)>">`,
		`<![CDATA[<img src=x onerror=alert(1)>]]>`, `<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>`,
		`<!--><img src=x onerror=alert(1)>-->`, `<!--!><img src=x onerror=alert(1)>--!>`, `<!x><?xml <img src=x onerror=alert(1)>?>`, `</ x><img src=x onerror=alert(1)>`,
		`<p/onclick=alert(1)/class=x>`, `<a/href="https://a.example"/onclick=alert(1)>x`, `<a href="https://a.example" HREF="javascript:alert(1)">x`,
		`<a href="https://a.example" href="javascript:alert(1)">x`, `<a href="java` + "\t" + `script:alert(1)">x`, `<a href="https://a.example&quot; onclick=&quot;alert(1)">x`,
		`<code class="language-x&quot; onclick=alert(1) x=&quot;">`, `<code class="language-x onclick">`, `<bdi><bdi>` + "\u202e" + `</bdi>a</bdi>`,
		`<image src=https://a.example/i onerror=alert(1)>`, `<img src=https://a.example/i alt="&quot;&gt;&lt;script&gt;">`, `<ol start="1&quot;onclick=alert(1)">`,
		"<a href=\"https://a.example\x00\">x", "<scr\x00ipt>alert(1)</scr\x00ipt>", "<p\x0conclick=alert(1)>", "<\u017fcript>alert(1)</\u017fcript>", "<a href='\u212aavascript:x'>",
		strings.Repeat("<em>", 600) + "x", strings.Repeat("<a href=https://a.example><p>", 300), strings.Repeat("<ul><li>", 300) + "</ul>x",
	}
}
