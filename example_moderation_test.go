package chat_test

import (
	"context"
	"fmt"
	"time"

	"example.com/chat"
)

// A pending message waits for the application. Until it commits, the message
// exists for its author alone.
func ExampleApp_CommitMessage() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	held, err := app.Send(ctx, exampleRide, "jane", chat.Draft{Text: "Call me at 555 0100"}, &chat.SendOptions{
		Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "a phone number"},
	})
	mustDo(err)
	own, err := app.As("jane").Message(ctx, held.ID)
	mustDo(err)
	fmt.Println("jane knows why it waits:", own.Pending.Metadata["why"])
	_, err = app.As("john").Message(ctx, held.ID)
	fmt.Println("john sees it:", err == nil)

	waiting, err := app.PendingMessages(ctx, chat.PendingQuery{})
	mustDo(err)
	for _, m := range waiting.Items {
		_, err := app.CommitMessage(ctx, m.ID)
		mustDo(err)
	}
	_, err = app.As("john").Message(ctx, held.ID)
	fmt.Println("john sees it:", err == nil)
	// Output:
	// jane knows why it waits: a phone number
	// john sees it: false
	// john sees it: true
}

// A handler is told of every message that becomes pending, and of every pending
// one that is deleted: at least once, after a crash too.
func ExamplePendingHandler() {
	told := make(chan string)
	ctx, app := exampleChat(&chat.Options{Pending: chat.PendingFuncs{
		Sent: func(_ context.Context, m chat.PendingMessage) error {
			told <- "to be looked at: " + m.Message.Text
			return nil
		},
		Deleted: func(_ context.Context, m chat.PendingMessage) error {
			told <- "no longer there: " + m.Message.Text
			return nil
		},
	}})
	defer app.Close()

	held, err := app.Send(ctx, exampleRide, "jane", chat.Draft{Text: "Buy my pans"}, &chat.SendOptions{Pending: chat.PendingOn})
	mustDo(err)
	fmt.Println(<-told)
	_, err = app.DeleteMessage(ctx, held.ID, chat.DeleteHard, "")
	mustDo(err)
	fmt.Println(<-told)
	// Output:
	// to be looked at: Buy my pans
	// no longer there: Buy my pans
}

// What is pending longer than the timeout is deleted. Settings lie in the store
// and can be changed while the application runs.
func ExampleApp_UpdateSettings() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	err := app.UpdateSettings(ctx, func(s *chat.Settings) error {
		s.AsyncModeration.Timeout = 24 * time.Hour
		return nil
	})
	mustDo(err)
	settings, err := app.Settings(ctx)
	mustDo(err)
	fmt.Println(settings.AsyncModeration.Timeout)
	// Output:
	// 24h0m0s
}

// There are three ways to delete a message: for everyone with a placeholder,
// for everyone without a trace, and for oneself.
func ExampleSession_DeleteMessage() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	soft := exampleSay(app, "jane", "one")
	hard := exampleSay(app, "jane", "two")
	forMe := exampleSay(app, "jane", "three")

	_, err := app.As("jane").DeleteMessage(ctx, soft.ID, chat.DeleteSoft)
	mustDo(err)
	_, err = app.As("jane").DeleteMessage(ctx, hard.ID, chat.DeleteHard)
	mustDo(err)
	mustDo(app.As("john").DeleteMessageForMe(ctx, forMe.ID))

	for _, user := range []chat.UserID{"jane", "john"} {
		page, err := app.As(user).Messages(ctx, exampleRide, chat.MessageQuery{})
		mustDo(err)
		for _, m := range page.Items {
			fmt.Printf("%s sees %s %q\n", user, m.Type, m.Text)
		}
	}
	// Output:
	// jane sees deleted ""
	// jane sees regular "three"
	// john sees deleted ""
	// john sees deleted ""
}

// A soft delete keeps what was said: the application can read it and bring it
// back.
func ExampleApp_UndeleteMessage() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	m := exampleSay(app, "jane", "Bring a coat")
	_, err := app.As("jane").DeleteMessage(ctx, m.ID, chat.DeleteSoft)
	mustDo(err)

	original, err := app.OriginalMessage(ctx, m.ID)
	mustDo(err)
	fmt.Println("the application reads:", original.Text)

	_, err = app.UndeleteMessage(ctx, m.ID, "taxi")
	mustDo(err)
	m, err = app.As("john").Message(ctx, m.ID)
	mustDo(err)
	fmt.Println("john reads:", m.Text)
	// Output:
	// the application reads: Bring a coat
	// john reads: Bring a coat
}

// Truncating empties a channel. It may leave a system message behind.
func ExampleApp_TruncateChannel() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	exampleSay(app, "jane", "one")
	exampleSay(app, "john", "two")

	mustDo(app.TruncateChannel(ctx, exampleRide, &chat.TruncateOptions{Message: &chat.SystemMessage{Text: "Cleared"}}))
	page, err := app.As("jane").Messages(ctx, exampleRide, chat.MessageQuery{})
	mustDo(err)
	for _, m := range page.Items {
		fmt.Println(m.Type, m.Text)
	}
	// Output:
	// system Cleared
}
