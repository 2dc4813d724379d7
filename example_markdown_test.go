package chat_test

import (
	"context"
	"fmt"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// sayIn opens a chat with these options, says something and returns its HTML.
func sayIn(o chat.MarkdownOptions, text string) (string, error) {
	ctx := context.Background()
	app, err := chat.New(memstore.New(), &chat.Options{Markdown: o})
	if err != nil {
		return "", err
	}
	defer app.Close()
	if err := app.UpsertUsers(ctx, chat.User{ID: "jane"}); err != nil {
		return "", err
	}
	room, err := app.EnsureChannel(ctx, "messaging:ride", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane"}})
	if err != nil {
		return "", err
	}
	m, err := app.Send(ctx, room.CID, "jane", chat.Draft{Text: text}, nil)
	return m.HTML, err
}

func ExampleMarkdownOptions() {
	html, err := sayIn(chat.MarkdownOptions{}, "**Hi**\n<b>you</b>, [call me](tel:555) ![map](https://example.org/map.png)")
	fmt.Print(html, err)
	// Output:
	// <p><strong>Hi</strong><br>
	// &lt;b&gt;you&lt;/b&gt;, call me <a href="https://example.org/map.png" rel="nofollow noopener noreferrer ugc">map</a></p>
	// <nil>
}

func ExampleMarkdownOptions_schemes() {
	html, err := sayIn(chat.MarkdownOptions{Schemes: []string{"tel"}}, "[call me](tel:555)")
	fmt.Print(html, err)
	// Output:
	// <p><a href="tel:555" rel="nofollow noopener noreferrer ugc">call me</a></p>
	// <nil>
}

func ExampleMarkdownOptions_images() {
	html, err := sayIn(chat.MarkdownOptions{Images: true}, "![map](https://example.org/map.png)")
	fmt.Print(html, err)
	// Output:
	// <p><img src="https://example.org/map.png" alt="map"></p>
	// <nil>
}

func ExampleMarkdownOptions_off() {
	html, err := sayIn(chat.MarkdownOptions{Off: true}, "**Hi**\nhttps://example.org")
	fmt.Print(html, err)
	// Output:
	// <p>**Hi**<br>
	// https://example.org</p>
	// <nil>
}

func ExampleMarkdownOptions_extensions() {
	html, err := sayIn(chat.MarkdownOptions{Extensions: []goldmark.Extender{extension.TaskList}}, "- [x] fuel\n- [ ] tyres")
	fmt.Print(html, err)
	// Output:
	// <ul>
	// <li><input checked="" disabled="" type="checkbox"> fuel</li>
	// <li><input disabled="" type="checkbox"> tyres</li>
	// </ul>
	// <nil>
}
