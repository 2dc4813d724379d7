package main

import (
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/report"
	"example.com/chat/internal/unfurl"
)

// shape is a page that is made to take long.
type shape struct {
	name        string
	head, again string
	tail        string
}

// of is the page of about so many bytes. In what is repeated, %d is a number of
// its own each time.
func (s shape) of(size int) []byte {
	var b strings.Builder
	b.WriteString(s.head)
	for i := 0; b.Len() < size; i++ {
		if strings.Contains(s.again, "%d") {
			fmt.Fprintf(&b, s.again, i)
		} else {
			b.WriteString(s.again)
		}
	}
	b.WriteString(s.tail)
	return []byte(b.String())
}

// shapes measures how the time grows when a page is eight times as long: by
// eight, give or take what caches do, and not by sixty-four. The longer page is
// more than is ever read of one.
func shapes(r *report.Report) {
	const bound = 16
	for _, s := range hostileShapes() {
		growth, long := s.growth(bound)
		r.AtMost("eight times as long: "+s.name, growth, bound, fmt.Sprintf("%.0f ms for 4 MiB", long.Seconds()*1000))
	}
}

// growth is by how much more time a page takes that is eight times as long, and
// the time of that one: the best of three, and of up to twelve while it is not
// clearly within the bound. The shorter page is read eight times at once, so that
// as much garbage is collected meanwhile.
func (s shape) growth(bound float64) (float64, time.Duration) {
	const size, times = 512 << 10, 8
	from := &url.URL{Scheme: "https", Host: "example.org", Path: "/"}
	least := func(best *time.Duration, page []byte, reads int) {
		runtime.GC()
		took, _ := measure.Time(func() {
			for range reads {
				unfurl.Parse(page, "text/html", from)
			}
		})
		*best = min(*best, took/time.Duration(reads))
	}
	shortPage, longPage := s.of(size), s.of(size*times)
	short, long := time.Hour, time.Hour
	var growth float64
	for tries := 0; tries < 3 || tries < 12 && growth > bound*3/4; tries++ {
		least(&short, shortPage, times)
		least(&long, longPage, 1)
		growth = float64(long) / float64(max(short, time.Millisecond))
	}
	return growth, long
}

func hostileShapes() []shape {
	ld := `<script type="application/ld+json">`
	return []shape{
		{"attributes of one tag", "<meta", " a%d=1", ">"},
		{"attributes of one name", "<meta", " content=1", ">"},
		{"bodies with attributes", "", "<body a%d=1>", ""},
		{"html tags with attributes", "", "<html a%d=1>", ""},
		{"nested elements", "", "<div>", ""},
		{"nested formatting", "", "<b><i><a href=x>", ""},
		{"nested tables", "", "<table><tr><td>", ""},
		{"ends without start", "", "</div>", ""},
		{"elements of unknown names", "", "<x%d>", ""},
		{"open brackets", "", "<", ""},
		{"open tags", "", "<a", ""},
		{"open ends", "", "</", ""},
		{"declarations", "", "<!", ""},
		{"instructions", "", "<?x", ""},
		{"comments", "", "<!-- x -->", ""},
		{"a comment without end", "<!--", "-- >", ""},
		{"CDATA", "", "<![CDATA[x]]>", ""},
		{"a long doctype", "<!DOCTYPE ", "x ", ">"},
		{"a long tag name", "<", "x", ">"},
		{"a long attribute name", "<meta ", "x", ">"},
		{"a value without end", "<meta content=\"", "x ", ""},
		{"quotes", "<meta ", `"'`, ">"},
		{"references", "", "&amp;", ""},
		{"references without end", "", "&a", ""},
		{"numbered references in a value", `<meta property="og:title" content="`, "&#x26;amp;", `">`},
		{"tags in a value", `<meta property="og:description" content="`, "<b<b></", `">`},
		{"spaces in a value", `<meta property="og:description" content="`, "  ", `x">`},
		{"marks of direction in a value", `<meta property="og:description" content="`, "\u202e", `x">`},
		{"metas of one name", "", `<meta property="og:title" content="x">`, ""},
		{"empty metas", "", `<meta property="og:title" content="">`, ""},
		{"metas of unknown names", "", `<meta property="og:a:b%d:c:d" content="x">`, ""},
		{"images", "", `<meta property="og:image" content="data:x">`, ""},
		{"links", "", `<link rel="canonical" href="//other.example/%d">`, ""},
		{"a link of many relations", `<link rel="`, "canonical ", `" href=x>`},
		{"bases", "", `<base href="data:%d">`, ""},
		{"charsets", "", `<meta charset="x%d">`, ""},
		{"titles", "", "<title> </title>", ""},
		{"a title without end", "<title>", "</titl", ""},
		{"titles in images", "", "<svg><title>x</title>", ""},
		{"headings", "", "<h1> </h1>", ""},
		{"a heading of many parts", "<h1>", "<b>x</b>", ""},
		{"scripts", "", "<script>x</script>", ""},
		{"a script without end", "<script>", "<!--<script>", ""},
		{"text areas", "<textarea>", "</textare", ""},
		{"JSON-LD", "", ld + `{"@type":"Article","name":"x"}</script>`, ""},
		{"deep JSON-LD", "", ld + strings.Repeat("[", 8000) + "</script>", ""},
		{"wide JSON-LD", "", ld + "[" + strings.Repeat(`{"@id":"x"},`, 5000) + "{}]</script>", ""},
		{"broken JSON-LD", "", ld + `{"name":"` + strings.Repeat(`\u0026`, 5000) + "</script>", ""},
		{"zero bytes", "", "\x00", ""},
		{"bytes that are not UTF-8", "", "\xff<", ""},
		{"half characters", "", "\xe2\x82", ""},
		{"Japanese by escapes", `<meta charset="iso-2022-jp">`, "\x1b$B\x1b(B", ""},
		{"UTF-16", "\xff\xfe", "<\x00a\x00 \x00", ""},
	}
}
