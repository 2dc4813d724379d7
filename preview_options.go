package chat

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"example.com/chat/internal/safehttp"
	"example.com/chat/internal/unfurl"
)

// PreviewOptions is about previews of links: which there are, and how the
// library finds out what a page says of itself. The zero value is the default
// that each field's comment states.
type PreviewOptions struct {
	// Off has no previews made and nothing fetched. Those that messages have
	// stay, as long as their text has the link. Default: they are made.
	Off bool

	// Wait is how long a send or an edit waits for the preview of a new link: up
	// to 10 s, or None for not at all. What comes later changes the message
	// then. Default 1 s.
	Wait time.Duration

	// Enricher makes the previews. The fields below are for the default alone:
	// ErrInvalid where both are set.
	//
	// The default fetches the page that the link leads to, from public
	// addresses only, and reads its Open Graph data, or else a Twitter card,
	// JSON-LD, title and description. It fetches at most 16 pages at once and 2
	// of one host, reads 1 MiB of each, and remembers what it found for an hour,
	// that there was nothing for five minutes.
	Enricher Enricher

	// UserAgent is what pages are asked with. Default: one that names the
	// library and ends in facebookexternalhit/1.1, which many sites look for.
	UserAgent string

	// AcceptLanguage is sent along, such as "en, de;q=0.5". Default: none.
	AcceptLanguage string

	// Timeout is the time for one page, redirects included: up to 10 s. Default
	// 4 s.
	Timeout time.Duration

	// RobotsTxt has nothing fetched but what the robots.txt of its host allows,
	// as RFC 9309 says, to the name that UserAgent begins with. It is fetched
	// within Timeout, and remembered as pages are; a host whose robots.txt cannot
	// be reached has no previews, one without has them all. Default: it is not
	// asked for, as a person sent the link and no robot found it.
	RobotsTxt bool

	// Ports are those that may be connected to. Default 80 and 443.
	Ports []uint16

	// AllowedNetworks may be connected to although they are not public: an
	// intranet. Default: none.
	AllowedNetworks []netip.Prefix

	// AllowedHosts, if there are any, are the only ones asked. A name stands for
	// itself and all names below it; with a dot in front, for those below alone.
	// Default: all hosts.
	AllowedHosts []string

	// DeniedHosts are never asked, allowed or not. The application's own host
	// belongs here. Default: none.
	DeniedHosts []string

	// Logger is told why a link has no preview: its host and the reason. It is
	// apart from Options.Logger because the host is text of a message. Default:
	// nobody is told.
	Logger *slog.Logger
}

// withDefaults fills in what the App itself uses.
func (o *PreviewOptions) withDefaults() error {
	switch {
	case o.Wait == 0:
		o.Wait = time.Second
	case o.Wait < None || o.Wait > previewLimit:
		return invalid("Options.Previews.Wait", "is %v; must be up to %v, or None", o.Wait, previewLimit)
	}
	o.Ports, o.AllowedNetworks = slices.Clone(o.Ports), slices.Clone(o.AllowedNetworks)
	o.AllowedHosts, o.DeniedHosts = slices.Clone(o.AllowedHosts), slices.Clone(o.DeniedHosts)
	if o.Enricher == nil {
		return nil
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"UserAgent", o.UserAgent != ""},
		{"AcceptLanguage", o.AcceptLanguage != ""},
		{"Timeout", o.Timeout != 0},
		{"RobotsTxt", o.RobotsTxt},
		{"Ports", len(o.Ports) > 0},
		{"AllowedNetworks", len(o.AllowedNetworks) > 0},
		{"AllowedHosts", len(o.AllowedHosts) > 0},
		{"DeniedHosts", len(o.DeniedHosts) > 0},
		{"Logger", o.Logger != nil},
	} {
		if f.set {
			return invalid("Options.Previews."+f.name, "is for the default Enricher, and there is one of your own")
		}
	}
	return nil
}

// previewer makes what asks for previews; nil if they are off.
func (o *PreviewOptions) previewer() (*previewer, error) {
	switch {
	case o.Off:
		return nil, nil
	case o.Enricher != nil:
		return newPreviewer(o.Enricher, o.Wait), nil
	}
	fetcher, err := unfurl.New(unfurl.Options{
		AcceptLanguage: o.AcceptLanguage,
		RobotsTxt:      o.RobotsTxt,
		Logger:         o.Logger,
		HTTP: safehttp.Options{
			UserAgent: o.UserAgent, Timeout: o.Timeout, Ports: o.Ports,
			AllowedNetworks: o.AllowedNetworks, AllowedHosts: o.AllowedHosts, DeniedHosts: o.DeniedHosts,
		},
	})
	if err != nil {
		return nil, invalid("Options.Previews", "%v", err)
	}
	p := newPreviewer(pages{fetcher}, o.Wait)
	p.end = fetcher.Close
	return p, nil
}

// pages is the default Enricher.
type pages struct{ fetcher *unfurl.Fetcher }

// Enrich fetches the page.
func (p pages) Enrich(ctx context.Context, link string) (Attachment, error) {
	found, err := p.fetcher.Preview(ctx, link)
	if err != nil {
		return Attachment{}, err
	}
	preview := Attachment{
		Type: found.Type, AuthorName: found.AuthorName, AuthorLink: found.AuthorLink, Title: found.Title, TitleLink: found.TitleLink,
		Text: found.Text, ImageURL: found.ImageURL, ThumbURL: found.ThumbURL, AssetURL: found.AssetURL,
	}
	for _, text := range attachmentTexts(&preview) { // what is good of it is shown
		if checkText("", *text.value) != nil || text.isURL && checkAttachmentURL("", *text.value) != nil {
			*text.value = ""
		}
	}
	return preview, nil
}
