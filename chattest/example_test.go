package chattest_test

import (
	"context"
	"fmt"
	"testing"

	"example.com/chat"
	"example.com/chat/chattest"
)

// tb stands for the *testing.T that a test has and an example has not.
type tb struct {
	testing.TB
	cleanup []func()
}

func (t *tb) Helper()                  {}
func (t *tb) Cleanup(f func())         { t.cleanup = append(t.cleanup, f) }
func (t *tb) Fatal(a ...any)           { panic(fmt.Sprint(a...)) }
func (t *tb) Context() context.Context { return context.Background() }

// A test gets a chat with two users and a channel in two lines; its cleanup
// closes it.
func ExampleNew() {
	t := &tb{}
	app := chattest.New(t)
	ride := app.AddChannel("messaging:ride-42", "jane", "john")

	app.Say(ride, "jane", "Where are you?")
	app.Say(ride, "john", "At the corner")
	fmt.Println(app.Texts(ride, "jane"), app.UnreadOf(ride, "jane"))

	for _, f := range t.cleanup {
		f()
	}
	// Output:
	// [Where are you? At the corner] 1
}

// All calls of chat.App are there too.
func ExampleApp() {
	t := &tb{}
	app := chattest.NewWith(t, &chat.Options{MaxRestricted: 1})
	ride := app.AddChannel("messaging:ride-42", "jane", "john", "ann")

	_, err := app.Send(t.Context(), ride, "jane", chat.Draft{Text: "Psst", Restricted: []chat.UserID{"john", "ann"}}, nil)
	fmt.Println(err)

	for _, f := range t.cleanup {
		f()
	}
	// Output:
	// chat: Send: restricted_visibility: names 2 users; at most 1
}

// A test waits for what happens, and not for time to pass.
func ExampleApp_Watch() {
	t := &tb{}
	app := chattest.New(t)
	ride := app.AddChannel("messaging:ride-42", "jane", "john")

	jane := app.Watch("jane", chat.EventQuery{})
	go app.Say(ride, "john", "At the corner")
	e := jane.WaitFor(chat.MessageNew)
	fmt.Println(e.User.ID, e.Message.Text)

	for _, f := range t.cleanup {
		f()
	}
	// Output:
	// john At the corner
}
