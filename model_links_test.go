package chat_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelLate is how long a late page takes.
const modelLate = time.Microsecond

// previews are the options with which links lead to the model's sites. Where the
// clock is a real one nothing is late.
func (d modelDriver) previews() chat.PreviewOptions {
	o := chat.PreviewOptions{Enricher: chat.EnricherFunc(modelEnrich), Wait: 10 * time.Second}
	if d.fakeClock {
		o.Wait = time.Nanosecond
	}
	return o
}

func modelEnrich(ctx context.Context, link string) (chat.Attachment, error) {
	switch {
	case strings.HasPrefix(link, model.SiteEmpty):
		return chat.Attachment{}, nil
	case strings.HasPrefix(link, model.SiteDown):
		return chat.Attachment{}, errors.New("down")
	case strings.HasPrefix(link, model.SitePanic):
		panic("down")
	case strings.HasPrefix(link, model.SiteLate):
		select {
		case <-time.After(modelLate):
		case <-ctx.Done():
			return chat.Attachment{}, ctx.Err()
		}
	}
	return chat.Attachment{Title: "About " + link}, nil
}

// modelAttachments says whether a message has attachments of its own, and the
// link of which it has the preview.
func modelAttachments(m chat.Message) (titled bool, preview string) {
	for i, a := range m.Attachments {
		switch {
		case a.OGScrapeURL == "":
			titled = true
		case i < len(m.Attachments)-1 || a.Title != "About "+a.OGScrapeURL:
			return titled, "a wrong one: " + a.Title
		default:
			preview = a.OGScrapeURL
		}
	}
	return titled, preview
}

// given is the preview that an edit gives back, or a forgery.
func (r *modelRun) given(s model.Step) (list []chat.Attachment) {
	switch s.Gives {
	case model.Forges:
		return []chat.Attachment{{Title: "Win a prize", OGScrapeURL: model.SiteUp}}
	case model.GivesBack:
		m, err := r.app.OriginalMessage(context.Background(), r.id(s.ID))
		if _, preview := modelAttachments(m); err == nil && preview != "" {
			return m.Attachments[len(m.Attachments)-1:]
		}
	}
	return nil
}
