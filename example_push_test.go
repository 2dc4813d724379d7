package chat_test

import (
	"context"
	"fmt"

	"example.com/chat"
)

// What is pushed goes to those who see the message and want to be told.
func ExamplePusher() {
	notify := func(_ context.Context, p chat.Push) error {
		fmt.Printf("to %v: %s: %s\n", p.Recipients, p.Message.User.ID, p.Text)
		return nil
	}
	app, ctx := exampleRoom(&chat.Options{Pusher: chat.PusherFunc(notify), NoBackground: true})
	defer app.Close()
	if err := app.As("mia").MuteChannel(ctx, "messaging:room", 0); err != nil {
		fmt.Println(err)
	}
	jane := app.As("jane")
	for _, d := range []chat.Draft{
		{Text: "Your driver is **here**"},
		{Text: "nothing that can't wait", SkipPush: true},
	} {
		if _, err := jane.Send(ctx, "messaging:room", d); err != nil {
			fmt.Println(err)
		}
	}
	n, err := app.RunDueWork(ctx) // without NoBackground it is done at once
	fmt.Println(n, err)
	// Output:
	// to [john]: jane: Your driver is here
	// 1 <nil>
}
