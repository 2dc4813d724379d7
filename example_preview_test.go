package chat_test

import (
	"context"
	"fmt"
	"time"

	"example.com/chat"
)

// exampleSite stands for the application's knowledge of its own pages.
func exampleSite(_ context.Context, link string) (chat.Attachment, error) {
	return chat.Attachment{Type: "image", AuthorName: "City Maps", Title: "The corner", TitleLink: link, ImageURL: link + ".png"}, nil
}

// The first link of a text becomes a preview, the last of the message's
// attachments. By default the library fetches the page; here the application
// makes previews itself.
func ExampleEnricher() {
	ctx, app := exampleChat(&chat.Options{Previews: chat.PreviewOptions{Enricher: chat.EnricherFunc(exampleSite)}})
	defer app.Close()
	jane := app.As("jane")

	m, err := jane.Send(ctx, exampleRide, chat.Draft{Text: "I am here: https://maps.example/42"})
	mustDo(err)
	fmt.Println(m.Attachments[0].Title, "by", m.Attachments[0].AuthorName, "from", m.Attachments[0].OGScrapeURL)

	// As long as the text has the link, the preview stays.
	m, err = jane.UpdateMessage(ctx, m.ID, chat.MessageUpdate{Text: "No, here: https://maps.example/42"})
	mustDo(err)
	fmt.Println("previews:", len(m.Attachments))
	m, err = jane.UpdateMessage(ctx, m.ID, chat.MessageUpdate{Text: "Never mind"})
	mustDo(err)
	fmt.Println("previews:", len(m.Attachments))

	m, err = jane.Send(ctx, exampleRide, chat.Draft{Text: "https://maps.example/43", SkipEnrichURL: true})
	mustDo(err)
	fmt.Println("previews:", len(m.Attachments))
	// Output:
	// The corner by City Maps from https://maps.example/42
	// previews: 1
	// previews: 0
	// previews: 0
}

// A composer shows the preview before the message is sent.
func ExampleApp_Preview() {
	ctx, app := exampleChat(&chat.Options{Previews: chat.PreviewOptions{Enricher: chat.EnricherFunc(exampleSite)}})
	defer app.Close()

	preview, err := app.Preview(ctx, "https://maps.example/42")
	fmt.Println(preview.Title, err)
	_, err = app.Preview(ctx, "ftp://maps.example/42")
	fmt.Println(err)
	// Output:
	// The corner <nil>
	// chat: Preview: url: is no absolute http or https URL
}

// A page that takes longer than a send waits changes the message later. The
// options say how long that is, who is never asked, and as whom.
func ExamplePreviewOptions() {
	slow := func(ctx context.Context, link string) (chat.Attachment, error) {
		time.Sleep(20 * time.Millisecond)
		return exampleSite(ctx, link)
	}
	ctx, app := exampleChat(&chat.Options{Previews: chat.PreviewOptions{Enricher: chat.EnricherFunc(slow), Wait: time.Millisecond}})
	defer app.Close()

	m := exampleSay(app, "jane", "https://maps.example/42")
	fmt.Println("sent with", len(m.Attachments))
	for len(m.Attachments) == 0 {
		time.Sleep(time.Millisecond)
		var err error
		m, err = app.Message(ctx, m.ID)
		mustDo(err)
	}
	fmt.Println("later", m.Attachments[0].Title)

	// For the library's own: a name of one's own, never one's own host, and only
	// where robots.txt lets that name.
	_ = chat.Options{Previews: chat.PreviewOptions{
		UserAgent:   "ride-chat/1.0 (+https://rides.example/bot) facebookexternalhit/1.1",
		DeniedHosts: []string{"rides.example"},
		RobotsTxt:   true,
	}}
	// Output:
	// sent with 0
	// later The corner
}
