package chat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// exampleRoom is a chat with a channel, its moderator mia, and jane and john.
func exampleRoom(o *chat.Options) (*chat.App, context.Context) {
	ctx := context.Background()
	app, err := chat.New(memstore.New(), o)
	if err != nil {
		panic(err)
	}
	err = errors.Join(
		app.UpsertUsers(ctx, chat.User{ID: "jane"}, chat.User{ID: "john"}, chat.User{ID: "mia", Role: chat.RoleModerator}),
		second(app.EnsureChannel(ctx, "messaging:room", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "john", "mia"}})),
		app.UpdateChannelType(ctx, "messaging", func(t *chat.ChannelType) error { t.Commands = append(t.Commands, "roll"); return nil }),
	)
	if err != nil {
		panic(err)
	}
	return app, ctx
}

// A command of the application's own, which a channel type enables.
func ExampleCommand() {
	roll := func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		if call.Args != "" {
			return chat.CommandAnswer{To: chat.AsError, Text: "/roll takes nothing"}, nil
		}
		return chat.CommandAnswer{To: chat.ToChannel, Text: string(call.Message.User.ID) + " rolls a 4"}, nil
	}
	app, ctx := exampleRoom(&chat.Options{Commands: []chat.Command{
		{Name: "roll", Description: "Roll a die", Handler: chat.CommandFunc(roll)},
	}})
	defer app.Close()
	for _, text := range []string{"/roll", "/roll twice", "/unknown"} {
		m, err := app.As("jane").Send(ctx, "messaging:room", chat.Draft{Text: text})
		fmt.Println(m.Type, m.Command, m.Text, err)
	}
	commands, err := app.As("jane").Commands(ctx, "messaging:room")
	fmt.Println(commands[len(commands)-3], err)
	// Output:
	// regular roll jane rolls a 4 <nil>
	// error roll /roll takes nothing <nil>
	// regular  /unknown <nil>
	// {roll Roll a die  } <nil>
}

// A picture from Giphy is shown to who asks, until they press a button.
func ExampleSession_RunAction() {
	giphy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":[{"title":"A cat","url":"https://giphy.com/gifs/1","images":{"original":{"url":"https://media.giphy.com/1.gif"}}}],"pagination":{"total_count":1}}`)
	}))
	defer giphy.Close()
	app, ctx := exampleRoom(&chat.Options{Giphy: chat.GiphyOptions{Key: "your key", URL: giphy.URL}})
	defer app.Close()

	jane := app.As("jane")
	m, err := jane.Send(ctx, "messaging:room", chat.Draft{Text: "/giphy cat"})
	fmt.Println(m.Type, m.Attachments[0].Title, len(m.Attachments[0].Actions), err)
	m, err = jane.RunAction(ctx, m.ID, "send")
	fmt.Println(m.Type, m.Attachments[0].ImageURL, err)
	// Output:
	// ephemeral A cat 3 <nil>
	// regular https://media.giphy.com/1.gif <nil>
}

func ExampleSession_Ban() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	ban, err := app.As("mia").Ban(ctx, chat.BanDraft{User: "john", CID: "messaging:room", Reason: "spam", Lasting: time.Hour})
	fmt.Println(ban.User.ID, ban.Expires.Sub(ban.CreatedAt), err)
	_, err = app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "Hello"})
	fmt.Println(errors.Is(err, chat.ErrBanned), errors.Is(err, chat.ErrPermission))
	bans, err := app.Bans(ctx, chat.BanQuery{CID: "messaging:room"})
	fmt.Println(len(bans.Items), bans.Items[0].Reason, err)
	fmt.Println(app.As("mia").Unban(ctx, "john", "messaging:room"))
	// Output:
	// john 1h0m0s <nil>
	// true true
	// 1 spam <nil>
	// <nil>
}

func ExampleSession_FlagMessage() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	m, err := app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "something rude"})
	fmt.Println(err)
	fmt.Println(app.As("jane").FlagMessage(ctx, m.ID, "rude"), app.As("jane").FlagUser(ctx, "john", "always rude"))
	flags, err := app.As("mia").Flags(ctx, chat.FlagQuery{})
	for _, f := range flags.Items {
		fmt.Println(f.By.ID, f.User.ID, f.Message != nil, f.Reason)
	}
	fmt.Println(err, app.UnflagMessage(ctx, m.ID), app.UnflagUser(ctx, "john"))
	// Output:
	// <nil>
	// <nil> <nil>
	// jane john true rude
	// jane john false always rude
	// <nil> <nil> <nil>
}
