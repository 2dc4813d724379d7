package chat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"example.com/chat"
	"example.com/chat/webhook"
)

// A page and its cursor are of one moment: what the page shows, and all that
// comes after it, is everything, once.
func ExampleSession_Poll() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")

	page, err := jane.Messages(ctx, exampleRide, chat.MessageQuery{})
	mustDo(err)
	fmt.Println(len(page.Items), "messages")
	_, err = app.As("john").Send(ctx, exampleRide, chat.Draft{Text: "At the corner"})
	mustDo(err)
	events, next, err := jane.Poll(ctx, page.Cursor, chat.EventQuery{})
	mustDo(err)
	for _, e := range events {
		fmt.Println(e.Type, e.User.ID, e.Message.Text, *e.Unread)
	}

	// There is nothing more: Poll waits, here not for long.
	ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, _, err = jane.Poll(ctx, next, chat.EventQuery{})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// 0 messages
	// message.new john At the corner 1
	// true
}

// Events is Poll as a loop. The cursor of an event resumes behind it, also after
// a restart.
func ExampleSession_Events() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	list, err := app.As("jane").Channels(ctx, chat.ChannelQuery{})
	mustDo(err)
	for _, text := range []string{"one", "two", "three"} {
		_, err := app.As("john").Send(ctx, exampleRide, chat.Draft{Text: text})
		mustDo(err)
	}
	cursor := list.Cursor
	for range 3 {
		for e, err := range app.As("jane").Events(ctx, cursor, chat.EventQuery{Types: []chat.EventType{chat.MessageNew}}) {
			mustDo(err)
			fmt.Println(e.Message.Text)
			cursor = e.Cursor
			break // the connection is lost
		}
	}
	// Output:
	// one
	// two
	// three
}

// The application is told of everything.
func ExampleApp_Events() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	list, err := app.Channels(ctx, chat.ChannelQuery{})
	mustDo(err)
	_, err = app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Where are you?"})
	mustDo(err)
	mustDo(app.As("john").MarkRead(ctx, exampleRide))
	for e, err := range app.Events(ctx, list.Cursor, chat.EventQuery{}) {
		mustDo(err)
		fmt.Println(e.Type, e.User.ID)
		if e.Type == chat.MessageRead {
			break
		}
	}
	// Output:
	// message.new jane
	// notification.mark_read john
	// message.read john
}

// Custom events are kept and told as all events are.
func ExampleSession_SendEvent() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	list, err := app.As("jane").Channels(ctx, chat.ChannelQuery{})
	mustDo(err)
	mustDo(app.As("john").SendEvent(ctx, exampleRide, chat.CustomEvent{Type: "driver-near", Data: chat.Custom{"meters": 120.0}}))
	events, _, err := app.As("jane").Poll(ctx, list.Cursor, chat.EventQuery{})
	mustDo(err)
	fmt.Println(events[0].Type, events[0].User.ID, events[0].Data)
	// Output:
	// driver-near john map[meters:120]
}

// Typing is told to who reads events now, and is not kept.
func ExampleSession_StartTyping() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	list, err := app.As("jane").Channels(ctx, chat.ChannelQuery{})
	mustDo(err)
	mustDo(app.As("john").StartTyping(ctx, exampleRide))
	events, _, err := app.As("jane").Poll(ctx, list.Cursor, chat.EventQuery{})
	mustDo(err)
	fmt.Println(events[0].Type, events[0].User.Name)
	// Output:
	// typing.start John
}

// A function of the application is told of everything, in order and at least
// once, after restarts too.
func ExampleEventHandler() {
	told := make(chan string)
	ctx, app := exampleChat(&chat.Options{
		EventTypes: []chat.EventType{chat.MessageNew},
		EventHandler: chat.EventFunc(func(_ context.Context, e chat.Event) error {
			told <- fmt.Sprint(e.User.Name, ": ", e.Message.Text)
			return nil
		}),
	})
	defer app.Close()
	_, err := app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Where are you?"})
	mustDo(err)
	fmt.Println(<-told)
	// Output:
	// Jane: Where are you?
}

// A receiver that fails is never given up: who is responsible sees that it lags
// behind, and why.
func ExampleApp_EventReceivers() {
	failed := make(chan bool, 1)
	ctx, app := exampleChat(&chat.Options{
		EventHandler: chat.EventFunc(func(context.Context, chat.Event) error {
			select {
			case failed <- true:
			default:
			}
			return errors.New("the search index is down")
		}),
	})
	defer app.Close()
	_, err := app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Where are you?"})
	mustDo(err)
	<-failed
	list, err := app.EventReceivers(ctx)
	mustDo(err)
	for _, r := range list {
		fmt.Println("webhook:", r.Webhook, "behind:", !r.Since.IsZero())
	}
	// Output:
	// webhook: false behind: true
}

// The same over HTTP: package webhook verifies and decodes what comes.
func ExampleEventWebhook() {
	received := make(chan string)
	verifier := &webhook.Verifier{Secrets: []string{"s3cret"}}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events, err := verifier.ReadEvents(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		for _, e := range events {
			received <- fmt.Sprint(e.Type, " ", e.User.ID, " ", e.Message.Text)
		}
	}))
	defer receiver.Close()

	ctx, app := exampleChat(nil)
	defer app.Close()
	mustDo(app.UpdateSettings(ctx, func(s *chat.Settings) error {
		s.EventWebhook = chat.EventWebhook{ServerURL: receiver.URL, Secret: "s3cret", Types: []chat.EventType{chat.MessageNew}}
		return nil
	}))
	_, err := app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Where are you?"})
	mustDo(err)
	fmt.Println(<-received)
	// Output:
	// message.new jane Where are you?
}
