package chat_test

import (
	"fmt"
	"time"

	"example.com/chat"
)

// A user has one reaction of each type on a message. What a message shows of
// them is the viewer's own, the newest, and sums by type.
func ExampleSession_React() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane, john := app.As("jane"), app.As("john")

	m, err := jane.Send(ctx, exampleRide, chat.Draft{Text: "I am at the door"})
	mustDo(err)
	_, err = jane.React(ctx, m.ID, chat.ReactionDraft{Type: "wave"})
	mustDo(err)
	_, err = john.React(ctx, m.ID, chat.ReactionDraft{Type: "clap", Score: 5})
	mustDo(err)
	// John changes his mind: one reaction, not two.
	m, err = john.React(ctx, m.ID, chat.ReactionDraft{Type: "wave", EnforceUnique: true})
	mustDo(err)

	fmt.Println("waves:", m.ReactionGroups["wave"].Count)
	fmt.Println("claps:", m.ReactionGroups["clap"].Count)
	fmt.Println("newest:", m.LatestReactions[0].User.ID)
	fmt.Println("john's own:", m.OwnReactions[0].Type)
	// Output:
	// waves: 2
	// claps: 0
	// newest: john
	// john's own: wave
}

// All reactions to a message are listed by pages, newest first.
func ExampleSession_Reactions() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")

	m, err := jane.Send(ctx, exampleRide, chat.Draft{Text: "I am at the door"})
	mustDo(err)
	for _, user := range []chat.UserID{"jane", "john"} {
		_, err = app.As(user).React(ctx, m.ID, chat.ReactionDraft{Type: "wave"})
		mustDo(err)
	}
	_, err = jane.DeleteReaction(ctx, m.ID, "jane", "wave")
	mustDo(err)
	page, err := jane.Reactions(ctx, m.ID, chat.ReactionQuery{Type: "wave"})
	mustDo(err)
	for _, r := range page.Items {
		fmt.Println(r.User.ID, r.Type)
	}
	// Output:
	// john wave
}

// A pinned message is found in a list of its own, until its pin ends or it is
// unpinned.
func ExampleSession_PinMessage() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")

	m, err := jane.Send(ctx, exampleRide, chat.Draft{Text: "The door code is 1234"})
	mustDo(err)
	_, err = jane.PinMessage(ctx, m.ID, time.Now().Add(time.Hour))
	mustDo(err)
	_, err = jane.Send(ctx, exampleRide, chat.Draft{Text: "Third floor, left", Pinned: true})
	mustDo(err)

	page, err := app.As("john").PinnedMessages(ctx, exampleRide, chat.PinQuery{})
	mustDo(err)
	for _, m := range page.Items {
		fmt.Println(m.PinnedBy.ID, "pinned:", m.Text)
	}
	_, err = jane.UnpinMessage(ctx, m.ID)
	mustDo(err)
	page, err = app.As("john").PinnedMessages(ctx, exampleRide, chat.PinQuery{})
	mustDo(err)
	fmt.Println("pinned now:", len(page.Items))
	// Output:
	// jane pinned: Third floor, left
	// jane pinned: The door code is 1234
	// pinned now: 1
}
