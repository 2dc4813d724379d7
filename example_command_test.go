package chat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

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

// The commands that a user of a channel is offered: those that are enabled there
// and can be run.
func ExampleSession_Commands() {
	app, ctx := exampleRoom(nil) // without a key there is no /giphy
	defer app.Close()
	enabled := []string{"mute", "unmute", "giphy"}
	_, err := app.SetOverrides(ctx, "messaging:room", chat.ChannelOverrides{Commands: &enabled})
	mustDo(err)
	commands, err := app.As("jane").Commands(ctx, "messaging:room")
	mustDo(err)
	for _, c := range commands {
		fmt.Printf("/%s %s: %s\n", c.Name, c.Args, c.Description)
	}
	// Output:
	// /mute [@username]: Mute a user
	// /unmute [@username]: End the mute of a user
}

// The application asks what a channel offers without being anybody.
func ExampleApp_Commands() {
	hello := func(context.Context, chat.CommandCall) (chat.CommandAnswer, error) {
		return chat.CommandAnswer{Text: "Hello"}, nil
	}
	app, ctx := exampleRoom(&chat.Options{Commands: []chat.Command{
		{Name: "roll", Description: "Roll a die", Args: "[sides]", Set: "fun_set", Handler: chat.CommandFunc(hello)},
		{Name: "hello", Handler: chat.CommandFunc(hello)}, // which no channel enables
	}})
	defer app.Close()
	commands, err := app.Commands(ctx, "messaging:room")
	mustDo(err)
	for _, c := range commands {
		fmt.Println(c.Name)
	}
	// Output:
	// ban
	// flag
	// mute
	// roll
	// unban
	// unmute
}
