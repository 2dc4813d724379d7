package chat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"example.com/chat"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

// A chat in one file. What was sent is there when it is opened again.
func ExampleOpen() {
	defer exampleFolder()()
	ctx := context.Background()

	app, err := chat.Open("chat.db", nil)
	mustDo(err)
	mustDo(app.UpsertUsers(ctx, chat.User{ID: "jane", Name: "Jane"}))
	mustDo(app.Close())

	app, err = chat.Open("chat.db", &chat.Options{MaxRestricted: 10})
	mustDo(err)
	defer app.Close()
	jane, err := app.User(ctx, "jane")
	mustDo(err)
	fmt.Println(jane.Name)
	// Output:
	// Jane
}

// A chat in memory, for tests and for what may be forgotten. The store stays
// open when the App is closed.
func ExampleNew_memory() {
	store := memstore.New()
	defer store.Close()
	app, err := chat.New(store, nil)
	mustDo(err)
	defer app.Close()
	fmt.Println(app.UpsertUsers(context.Background(), chat.User{ID: "jane"}))
	// Output:
	// <nil>
}

// A chat in a file whose driver has options of its own.
func ExampleNew_file() {
	defer exampleFolder()()
	store, err := boltstore.Open("chat.db", &boltstore.Options{})
	mustDo(err)
	defer store.Close()
	app, err := chat.New(store, nil)
	mustDo(err)
	defer app.Close()
	fmt.Println(app.UpsertUsers(context.Background(), chat.User{ID: "jane"}))
	// Output:
	// <nil>
}

// Verify recomputes all that the engine keeps beside the messages. It may run
// while the chat is used.
func ExampleApp_Verify() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	exampleSay(app, "jane", "Hello")

	report, err := app.Verify(ctx, nil)
	mustDo(err)
	fmt.Println(report.Messages, "message,", report.Members, "memberships,", len(report.Problems), "problems")
	// Output:
	// 1 message, 2 memberships, 0 problems
}

// An HTTP handler needs six cases: finer errors match their kind. What a user
// may not see is not found, in the same words as what is not there.
func ExampleError() {
	status := func(err error) int {
		switch {
		case err == nil:
			return http.StatusOK
		case errors.Is(err, chat.ErrInvalid):
			return http.StatusBadRequest
		case errors.Is(err, chat.ErrNotFound):
			return http.StatusNotFound
		case errors.Is(err, chat.ErrPermission):
			return http.StatusForbidden
		case errors.Is(err, chat.ErrConflict):
			return http.StatusConflict
		case errors.Is(err, chat.ErrState):
			return http.StatusUnprocessableEntity
		case errors.Is(err, chat.ErrLimit):
			return http.StatusTooManyRequests
		}
		return http.StatusInternalServerError // the store's or the context's
	}
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")

	_, err := jane.Send(ctx, exampleRide, chat.Draft{Text: "  "})
	fmt.Println(status(err), err)
	_, err = jane.Message(ctx, "nothing")
	fmt.Println(status(err), err)
	_, err = jane.SetFrozen(ctx, exampleRide, true)
	fmt.Println(status(err), err)
	_, err = jane.Send(ctx, exampleRide, chat.Draft{ID: "m1", Text: "Hello"})
	fmt.Println(status(err), err)
	_, err = jane.Send(ctx, exampleRide, chat.Draft{ID: "m1", Text: "Goodbye"})
	fmt.Println(status(err), err)
	_, err = app.UndeleteMessage(ctx, "m1", "jane")
	fmt.Println(status(err), err, errors.Is(err, chat.ErrNotDeleted))

	var detail *chat.Error
	_, err = jane.Send(ctx, exampleRide, chat.Draft{Text: "Hello", Mentions: []chat.UserID{"nobody"}})
	if errors.As(err, &detail) {
		fmt.Println(status(err), detail.Op, detail.Field, detail.Reason)
	}
	// Output:
	// 400 chat: Send: text: is empty; a message needs a text, an attachment or a quote
	// 404 chat: Message: message "nothing" not found
	// 403 chat: SetFrozen: needs the permission update-channel in this channel
	// 200 <nil>
	// 409 chat: Send: id: "m1" is taken by another message
	// 422 chat: UndeleteMessage: id: message "m1" is not deleted true
	// 400 Send mentioned_users[0] user "nobody" does not exist
}
