package chat_test

import (
	"context"
	"fmt"

	"example.com/chat"
)

// The replies to a message are paged as messages are. Each viewer counts those
// that they can see.
func ExampleSession_Replies() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane, john := app.As("jane"), app.As("john")
	_, err := jane.Send(ctx, "messaging:ride-42", chat.Draft{ID: "where", Text: "Where are you?"})
	mustDo(err)
	for _, text := range []string{"At the bridge", "Two minutes"} {
		_, err = john.Send(ctx, "messaging:ride-42", chat.Draft{Text: text, ParentID: "where"})
		mustDo(err)
	}

	page, err := jane.Replies(ctx, "where", chat.MessageQuery{Limit: 1})
	mustDo(err)
	fmt.Println(page.Items[0].Text, page.Prev != "")
	for m, err := range jane.AllReplies(ctx, "where") {
		mustDo(err)
		fmt.Println("-", m.Text)
	}
	parent, err := jane.Message(ctx, "where")
	mustDo(err)
	fmt.Println(parent.ReplyCount, "by", parent.ThreadParticipants[0].ID)
	// Output:
	// Two minutes true
	// - At the bridge
	// - Two minutes
	// 2 by john
}

// Who takes part in a thread has an unread count of its own for it.
func ExampleSession_Threads() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane, john := app.As("jane"), app.As("john")
	_, err := jane.Send(ctx, "messaging:ride-42", chat.Draft{ID: "where", Text: "Where are you?"})
	mustDo(err)
	reply, err := john.Send(ctx, "messaging:ride-42", chat.Draft{Text: "At the bridge", ParentID: "where"})
	mustDo(err)

	show := func() {
		list, err := jane.Threads(ctx, chat.ThreadQuery{})
		mustDo(err)
		for _, t := range list.Items {
			fmt.Printf("%s: %d unread, last: %s\n", t.Parent.Text, t.Unread, t.Replies[len(t.Replies)-1].Text)
		}
	}
	show()
	mustDo(jane.MarkThreadRead(ctx, "where"))
	show()
	mustDo(jane.MarkThreadUnread(ctx, reply.ID))
	thread, err := jane.Thread(ctx, "where")
	mustDo(err)
	fmt.Println(thread.Unread)
	// Output:
	// Where are you?: 1 unread, last: At the bridge
	// Where are you?: 0 unread, last: At the bridge
	// 1
}

// Everyone in a channel is mentioned by a flag, and a push says who is: here the
// application knows who is online.
func ExamplePresence() {
	online := func(_ context.Context, users []chat.UserID) ([]chat.UserID, error) {
		return users[:1], nil // whoever has a connection open
	}
	notify := func(_ context.Context, p chat.Push) error {
		fmt.Printf("to %v, mentioned %v: %s\n", p.Recipients, p.Mentioned, p.Text)
		return nil
	}
	app, ctx := exampleRoom(&chat.Options{Pusher: chat.PusherFunc(notify), Presence: chat.PresenceFunc(online), NoBackground: true})
	defer app.Close()
	for _, d := range []chat.Draft{
		{Text: "Lunch, everyone", MentionAll: true},
		{Text: "Who is here?", MentionOnline: true},
	} {
		_, err := app.Send(ctx, "messaging:room", "jane", d, nil)
		mustDo(err)
		_, err = app.RunDueWork(ctx)
		mustDo(err)
	}
	state, err := app.As("mia").Channel(ctx, "messaging:room")
	mustDo(err)
	fmt.Println(state.Unread, "unread,", state.UnreadMentions, "of them mention mia")
	// Output:
	// to [john mia], mentioned [john mia]: Lunch, everyone
	// to [john mia], mentioned [john]: Who is here?
	// 2 unread, 1 of them mention mia
}
