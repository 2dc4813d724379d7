package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"example.com/chat"
)

// A moderator changes, holds back or rejects what users post, before anyone
// sees it.
func ExampleModerator() {
	moderate := func(_ context.Context, p chat.Proposal) (chat.Verdict, error) {
		switch text := p.Message.Text; {
		case strings.Contains(text, "spam"):
			return chat.Verdict{Decision: chat.Reject, Reason: "No advertising here."}, nil
		case strings.Contains(text, "bank account"):
			return chat.Verdict{Decision: chat.Hold, PendingMetadata: map[string]string{"why": "money"}}, nil
		}
		content := p.Content()
		content.Text = strings.ReplaceAll(content.Text, "damn", "d***")
		return chat.Verdict{Change: &content}, nil
	}
	app, ctx := exampleRoom(&chat.Options{Moderator: chat.ModeratorFunc(moderate)})
	defer app.Close()
	jane := app.As("jane")
	for _, text := range []string{"Where is the damn driver?", "Give me your bank account", "Buy spam"} {
		m, err := jane.Send(ctx, "messaging:room", chat.Draft{Text: text})
		var rejected *chat.Error
		if errors.As(err, &rejected) && errors.Is(err, chat.ErrRejected) {
			fmt.Println("rejected:", rejected.Reason)
			continue
		}
		fmt.Println(m.Text, m.Pending, err)
	}
	page, err := app.As("john").Messages(ctx, "messaging:room", chat.MessageQuery{})
	fmt.Println(len(page.Items), page.Items[0].Text, err)
	// Output:
	// Where is the d*** driver? <nil> <nil>
	// Give me your bank account &{map[why:money]} <nil>
	// rejected: No advertising here.
	// 1 Where is the d*** driver? <nil>
}
