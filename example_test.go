package chat_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// The chat of a taxi company: two people in a channel, and a message from the
// company that one of them alone sees.
func Example() {
	defer exampleFolder()()
	ctx := context.Background()
	app, err := chat.Open("chat.db", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer app.Close()

	// The application itself may do everything.
	err = app.UpsertUsers(ctx, chat.User{ID: "jane", Name: "Jane"}, chat.User{ID: "john", Name: "John"}, chat.User{ID: "taxi", Name: "Taxi"})
	if err != nil {
		log.Fatal(err)
	}
	ride, err := app.EnsureChannel(ctx, "messaging:ride-42", chat.ChannelDraft{CreatedBy: "taxi", Members: []chat.UserID{"jane", "john"}})
	if err != nil {
		log.Fatal(err)
	}
	_, err = app.Send(ctx, ride.CID, "taxi", chat.Draft{Text: "The door code is **4711**", Restricted: []chat.UserID{"jane"}}, nil)
	if err != nil {
		log.Fatal(err)
	}

	// A session acts as one user, with their permissions and their view.
	if _, err := app.As("john").Send(ctx, ride.CID, chat.Draft{Text: "I am on my way"}); err != nil {
		log.Fatal(err)
	}
	for _, user := range []chat.UserID{"jane", "john"} {
		state, err := app.As(user).Channel(ctx, ride.CID)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user, "has", state.Unread, "unread of", len(state.Messages))
	}
	// Output:
	// jane has 2 unread of 2
	// john has 0 unread of 1
}

// exampleFolder has an example write into a temporary folder. What it returns
// leads back.
func exampleFolder() func() {
	before, err := os.Getwd()
	mustDo(err)
	folder, err := os.MkdirTemp("", "chat")
	mustDo(err)
	mustDo(os.Chdir(folder))
	return func() {
		mustDo(os.Chdir(before))
		mustDo(os.RemoveAll(folder))
	}
}

// exampleRide is the channel of the examples.
const exampleRide chat.CID = "messaging:ride-42"

// exampleChat is a chat in memory with Jane, John and the application's own
// user, taxi. Jane and John are members of exampleRide.
func exampleChat(options *chat.Options) (context.Context, *chat.App) {
	ctx := context.Background()
	app, err := chat.New(memstore.New(), options)
	mustDo(err)
	mustDo(app.UpsertUsers(ctx,
		chat.User{ID: "jane", Name: "Jane"}, chat.User{ID: "john", Name: "John"}, chat.User{ID: "taxi", Name: "Taxi"}))
	_, err = app.EnsureChannel(ctx, exampleRide, chat.ChannelDraft{CreatedBy: "taxi", Members: []chat.UserID{"jane", "john"}})
	mustDo(err)
	return ctx, app
}

// exampleSay sends a text as a user.
func exampleSay(app *chat.App, user chat.UserID, text string) chat.Message {
	m, err := app.As(user).Send(context.Background(), exampleRide, chat.Draft{Text: text})
	mustDo(err)
	return m
}

func mustDo(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
