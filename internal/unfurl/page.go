package unfurl

import (
	"net/url"
)

// Page is what a page says of itself, made fit to be shown: texts without
// markup and of bounded length, URLs absolute, http or https.
type Page struct {
	Title       string
	Description string
	Site        string // the name of the site
	Type        string // og:type: "website", "article", …
	Link        string // og:url or the canonical link, if it is on the page's own host
	Image       string
	Video       string // a file, or a page with a player
	Audio       string
}

// The most that is kept of a text, in runes, and of a URL, in bytes. A longer
// text is cut, a longer URL left out.
const (
	maxTitle       = 300
	maxDescription = 1000
	maxSite        = 100
	maxType        = 100
	maxLink        = 2048
)

// Preview is how a link to the page is shown. The URL is where the page comes
// from.
func (p Page) Preview(from *url.URL) Preview {
	shown := Preview{
		AuthorName: p.Site,
		Title:      p.Title,
		TitleLink:  p.Link,
		Text:       p.Description,
		ImageURL:   p.Image,
		ThumbURL:   p.Image,
	}
	if p.Site != "" {
		shown.AuthorLink = (&url.URL{Scheme: from.Scheme, Host: from.Host, Path: "/"}).String()
	}
	if p.Link == "" {
		shown.TitleLink = from.String()
	}
	switch {
	case p.Video != "":
		shown.Type, shown.AssetURL = "video", p.Video
	case p.Audio != "":
		shown.Type, shown.AssetURL = "audio", p.Audio
	case p.Image != "":
		shown.Type = "image"
	}
	return shown
}
