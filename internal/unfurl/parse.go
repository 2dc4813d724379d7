package unfurl

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Bounds of what is read of a page, whatever is in it.
const (
	maxAttributes = 100 // of one tag
	maxMedia      = 8   // images, videos, audios
	maxScripts    = 16  // of JSON-LD
	maxScript     = 64 << 10
)

// Parse reads the tags of a page, all of it, for many have them where a browser
// sees the body. Of a name that comes twice, the first that is not empty counts.
// There is no tree and no recursion: the time is linear in the length. The
// content type is the header's, the URL where the page comes from.
func Parse(body []byte, contentType string, from *url.URL) Page {
	r := reader{tokens: html.NewTokenizer(bytes.NewReader(decode(body, contentType)))}
	r.read()
	return r.page(from)
}

// reader collects the values of a page as they are written in it.
type reader struct {
	tokens *html.Tokenizer

	values               [fields]string
	title                string // <title>
	heading              string // <h1>
	image, video, audio  media
	base                 string
	canonical, imageLink string
	scripts              []string // of JSON-LD

	svg       int // how deep in images, which have titles too
	inHeading bool
}

func (r *reader) read() {
	for {
		switch r.tokens.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken:
			r.start(tagName(r.tokens.Raw()))
		case html.SelfClosingTagToken:
			r.tag(tagName(r.tokens.Raw()))
		case html.EndTagToken:
			r.end(tagName(r.tokens.Raw()))
		case html.TextToken:
			if r.inHeading && len(r.heading) < 4*maxTitle {
				r.heading += string(r.tokens.Text())
			}
		}
	}
}

// tagName is the name of a tag as it is written, if it is one that matters.
// [html.Tokenizer.TagName] makes a copy of every name of a page.
func tagName(raw []byte) string {
	if raw = raw[1:]; len(raw) > 0 && raw[0] == '/' {
		raw = raw[1:]
	}
	var name [len("script")]byte
	for i, c := range raw {
		switch c {
		case ' ', '\t', '\n', '\f', '\r', '/', '>':
			switch string(name[:i]) {
			case "meta":
				return "meta"
			case "link":
				return "link"
			case "base":
				return "base"
			case "script":
				return "script"
			case "title":
				return "title"
			case "svg":
				return "svg"
			case "h1":
				return "h1"
			}
			return ""
		}
		if i == len(name) {
			return ""
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		name[i] = c
	}
	return ""
}

func (r *reader) start(name string) {
	switch name {
	case "title":
		if r.tokens.Next() == html.TextToken && r.svg == 0 && r.title == "" {
			r.title = strings.TrimSpace(string(r.tokens.Text()))
		}
	case "svg":
		r.svg++
	case "h1":
		r.inHeading = r.heading == ""
	default:
		r.tag(name)
	}
}

func (r *reader) end(name string) {
	switch name {
	case "svg":
		r.svg = max(r.svg-1, 0)
	case "h1":
		r.inHeading = false
		r.heading = strings.TrimSpace(r.heading)
	}
}

// tag reads a tag whose attributes say something.
func (r *reader) tag(name string) {
	switch name {
	case "meta":
		r.meta()
	case "link":
		r.link()
	case "base":
		if r.base == "" {
			r.base = r.attributes("href")[0]
		}
	case "script":
		kind, _, _ := strings.Cut(r.attributes("type")[0], ";")
		if strings.EqualFold(strings.TrimSpace(kind), "application/ld+json") && r.tokens.Next() == html.TextToken {
			if raw := r.tokens.Raw(); len(raw) <= maxScript && len(r.scripts) < maxScripts {
				r.scripts = append(r.scripts, string(raw))
			}
		}
	}
}

// attributes is the values of the named attributes, each the first of its name.
func (r *reader) attributes(names ...string) []string {
	values := make([]string, len(names))
	seen := make([]bool, len(names))
	for range maxAttributes {
		key, value, more := r.tokens.TagAttr()
		for i, name := range names {
			if string(key) == name && !seen[i] {
				values[i], seen[i] = strings.TrimSpace(string(value)), true
			}
		}
		if !more {
			break
		}
	}
	return values
}

func (r *reader) meta() {
	a := r.attributes("content", "property", "name", "itemprop")
	content := a[0]
	if content == "" {
		return
	}
	for _, name := range a[1:] {
		name = strings.ToLower(name)
		switch {
		case name == "":
		case r.image.add("og:image", name, content), r.video.add("og:video", name, content), r.audio.add("og:audio", name, content):
		default:
			if f, ok := fieldOf(name); ok && r.values[f] == "" {
				r.values[f] = content
			}
		}
	}
}

func (r *reader) link() {
	a := r.attributes("rel", "href")
	for rel := range strings.FieldsSeq(a[0]) {
		switch strings.ToLower(rel) {
		case "canonical":
			r.canonical = first(r.canonical, a[1])
		case "image_src":
			r.imageLink = first(r.imageLink, a[1])
		}
	}
}

// page chooses among the values.
func (r *reader) page(from *url.URL) Page {
	base := baseOf(from, r.base)
	v := &r.values
	data := &linkedData{scripts: r.scripts}
	p := Page{
		Title: text(maxTitle, v[ogTitle], v[twitterTitle]),
		Description: text(maxDescription, v[ogDescription], v[twitterDescription],
			v[description]),
		Site:  text(maxSite, v[ogSite]),
		Type:  text(maxType, v[ogType]),
		Video: r.video.link(base),
		Audio: r.audio.link(base),
		Image: r.image.link(base),
	}
	if p.Title == "" {
		p.Title = text(maxTitle, data.read().headline, r.title, v[title], v[dcTitle], data.read().name, r.heading)
	}
	if p.Description == "" {
		p.Description = text(maxDescription, data.read().description, v[dcDescription])
	}
	if p.Image == "" {
		p.Image = base.media(v[twitterImage], v[twitterImageSrc], r.imageLink)
	}
	if p.Image == "" {
		p.Image = base.media(data.read().image, data.read().thumbnail)
	}
	if p.Site == "" {
		p.Site = text(maxSite, data.read().publisher, v[applicationName], v[appName], v[publisher], data.read().site)
	}
	if p.Link = base.own(v[ogURL]); p.Link == "" {
		p.Link = base.own(r.canonical)
	}
	return p
}

// first is the first value that is not empty.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
