package chat_test

import (
	"errors"
	"fmt"
	"time"

	"example.com/chat"
)

// Who is shadow-banned posts as ever, and nobody else sees it.
func ExampleApp_Ban_shadow() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	_, err := app.Ban(ctx, chat.BanDraft{User: "john", CID: "messaging:room", Reason: "spam", Shadow: true}, "mia")
	mustDo(err)
	sent, err := app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "Buy this!"})
	mustDo(err)
	fmt.Println("John reads:", sent.Text, sent.Shadowed)
	_, err = app.As("jane").Message(ctx, sent.ID)
	fmt.Println("Jane reads:", errors.Is(err, chat.ErrNotFound))
	seen, err := app.Message(ctx, sent.ID)
	fmt.Println("The application reads:", seen.Text, seen.Shadowed, err)
	// Output:
	// John reads: Buy this! false
	// Jane reads: true
	// The application reads: Buy this! true <nil>
}

// A ban may take along what the user has sent.
func ExampleApp_Ban_deleteMessages() {
	app, ctx := exampleRoom(&chat.Options{NoBackground: true})
	defer app.Close()
	for range 3 {
		_, err := app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "Buy this!"})
		mustDo(err)
	}
	_, err := app.Ban(ctx, chat.BanDraft{User: "john", CID: "messaging:room", DeleteMessages: chat.DeleteHard}, "mia")
	mustDo(err)
	_, err = app.RunDueWork(ctx) // without NoBackground it runs by itself
	mustDo(err)
	page, err := app.Messages(ctx, "messaging:room", chat.MessageQuery{})
	fmt.Println(len(page.Items), err)
	// Output:
	// 0 <nil>
}

// In slow mode a user waits between two messages.
func ExampleSession_SetCooldown() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	_, err := app.As("mia").SetCooldown(ctx, "messaging:room", 30*time.Second)
	mustDo(err)
	john := app.As("john")
	for range 2 {
		_, err = john.Send(ctx, "messaging:room", chat.Draft{Text: "Hello"})
		var e *chat.Error
		if errors.As(err, &e) && errors.Is(err, chat.ErrCooldown) {
			fmt.Println("try again in", e.RetryAfter.Round(time.Second))
		}
	}
	state, err := john.Channel(ctx, "messaging:room")
	mustDo(err)
	fmt.Println(state.Channel.Cooldown, state.CooldownUntil != nil)
	// Output:
	// try again in 30s
	// 30s true
}

// Who blocks a user reads no more of what they send to the channel of the two.
func ExampleSession_BlockUser() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	pair, err := app.As("jane").EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"john"}})
	mustDo(err)
	mustDo(app.As("jane").BlockUser(ctx, "john"))
	sent, err := app.As("john").Send(ctx, pair.CID, chat.Draft{Text: "Hello?"})
	fmt.Println(sent.Text, err)
	_, err = app.As("jane").Message(ctx, sent.ID)
	fmt.Println(errors.Is(err, chat.ErrNotFound))
	// Output:
	// Hello? <nil>
	// true
}
