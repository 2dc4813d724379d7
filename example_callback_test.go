package chat_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"example.com/chat"
	"example.com/chat/webhook"
)

// The chat posts every message that awaits commit to the address in the
// settings. Package webhook verifies and decodes what comes.
func ExampleModerationCallback() {
	received := make(chan string)
	verifier := &webhook.Verifier{Secrets: []string{"s3cret"}}
	receiver := httptest.NewServer(verifier.Handler(func(_ context.Context, c *webhook.Callback) error {
		received <- fmt.Sprint(c.Kind, ": ", c.Message.Text)
		return nil
	}))
	defer receiver.Close()

	ctx, app := exampleChat(nil)
	defer app.Close()
	err := app.UpdateSettings(ctx, func(s *chat.Settings) error {
		s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: receiver.URL, Secret: "s3cret"}
		return nil
	})
	mustDo(err)

	held, err := app.Send(ctx, exampleRide, "jane", chat.Draft{Text: "Buy my pans"}, &chat.SendOptions{Pending: chat.PendingOn})
	mustDo(err)
	fmt.Println(<-received)
	_, err = app.DeleteMessage(ctx, held.ID, chat.DeleteHard, "")
	mustDo(err)
	fmt.Println(<-received)
	// Output:
	// PassOnPendingMessage: Buy my pans
	// DeletedPendingMessage: Buy my pans
}

// A callback that failed for too long is listed, and can be tried again.
func ExampleApp_RequeueCallback() {
	down := true
	ctx, app := exampleChat(&chat.Options{
		NoBackground: true, PendingGiveUp: time.Nanosecond, // this example calls it once
		Pending: chat.PendingFuncs{Sent: func(_ context.Context, m chat.PendingMessage) error {
			if down {
				return fmt.Errorf("the moderators are asleep")
			}
			fmt.Println("told of:", m.Message.Text)
			return nil
		}},
	})
	defer app.Close()
	_, err := app.Send(ctx, exampleRide, "jane", chat.Draft{Text: "Buy my pans"}, &chat.SendOptions{Pending: chat.PendingOn})
	mustDo(err)
	time.Sleep(time.Millisecond)
	_, err = app.RunDueWork(ctx)
	mustDo(err)

	failed, err := app.FailedCallbacks(ctx, chat.FailedCallbackQuery{})
	mustDo(err)
	down = false
	for _, f := range failed.Items {
		fmt.Println("given up:", f.Problem)
		mustDo(app.RequeueCallback(ctx, f.ID))
	}
	_, err = app.RunDueWork(ctx)
	mustDo(err)
	// Output:
	// given up: the moderators are asleep
	// told of: Buy my pans
}

// What need not be told any more is taken off the list.
func ExampleApp_DiscardCallback() {
	ctx, app := exampleChat(&chat.Options{
		NoBackground: true, PendingGiveUp: time.Nanosecond,
		Pending: chat.PendingFuncs{Sent: func(context.Context, chat.PendingMessage) error { return fmt.Errorf("down") }},
	})
	defer app.Close()
	_, err := app.Send(ctx, exampleRide, "jane", chat.Draft{Text: "Buy my pans"}, &chat.SendOptions{Pending: chat.PendingOn})
	mustDo(err)
	time.Sleep(time.Millisecond)
	_, err = app.RunDueWork(ctx)
	mustDo(err)

	for range 2 {
		failed, err := app.FailedCallbacks(ctx, chat.FailedCallbackQuery{})
		mustDo(err)
		fmt.Println(len(failed.Items))
		for _, f := range failed.Items {
			mustDo(app.DiscardCallback(ctx, f.ID))
		}
	}
	// Output:
	// 1
	// 0
}
