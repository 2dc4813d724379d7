package main

import (
	"bytes"
	"io"

	goreadability "codeberg.org/readeck/go-readability/v2"
	"github.com/markusmobius/go-trafilatura"
	"golang.org/x/net/html/charset"

	"example.com/chat/internal/unfurl"
)

const (
	ours        = "chat"
	readability = "go-readability"
	trafil      = "go-trafilatura"
)

// reader reads pages: title, description, image, site_name and type of each, by
// these names.
type reader struct {
	name string
	read func(*page) map[string]string
}

// readers are all that are compared, ours first.
func readers() []reader {
	return []reader{{ours, readOurs}, {readability, readReadability}, {trafil, readTrafilatura}}
}

func readOurs(p *page) map[string]string {
	got := unfurl.Parse(p.body, p.header, p.from)
	return map[string]string{"title": got.Title, "description": got.Description, "image": got.Image, "site_name": got.Site, "type": got.Type}
}

func readReadability(p *page) map[string]string {
	article, err := goreadability.FromReader(utf8Of(p), p.from)
	if err != nil {
		return nil
	}
	return map[string]string{"title": article.Title(), "description": article.Excerpt(), "image": article.ImageURL(), "site_name": article.SiteName()}
}

func readTrafilatura(p *page) map[string]string {
	result, err := trafilatura.Extract(utf8Of(p), trafilatura.Options{OriginalURL: p.from})
	if err != nil {
		return nil
	}
	m := result.Metadata
	return map[string]string{"title": m.Title, "description": m.Description, "image": m.Image, "site_name": m.Sitename, "type": m.PageType}
}

// utf8Of is a page as those who read UTF-8 alone are given it.
func utf8Of(p *page) io.Reader {
	r, err := charset.NewReader(bytes.NewReader(p.body), p.header)
	if err != nil {
		return bytes.NewReader(p.body)
	}
	return r
}
