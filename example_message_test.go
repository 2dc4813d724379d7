package chat_test

import (
	"encoding/json"
	"fmt"

	"example.com/chat"
)

// Jane sends a message, John reads it. The html is made from the text and safe
// to show.
func ExampleSession_Send() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	_, err := app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Where are *you*?"})
	mustDo(err)

	page, err := app.As("john").Messages(ctx, exampleRide, chat.MessageQuery{})
	mustDo(err)
	for _, m := range page.Items {
		fmt.Println(m.User.Name, "wrote", m.Text)
		fmt.Print(m.HTML)
	}
	// Output:
	// Jane wrote Where are *you*?
	// <p>Where are <em>you</em>?</p>
}

// An id of one's own makes a send safe to repeat, as a client does that never
// got the answer.
func ExampleSession_Send_retry() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")

	d := chat.Draft{ID: "client-1-7", Text: "Hello"}
	for range 2 {
		m, err := jane.Send(ctx, exampleRide, d)
		fmt.Println(m.ID, err)
	}
	_, err := jane.Send(ctx, exampleRide, chat.Draft{ID: "client-1-7", Text: "Something else"})
	fmt.Println(err)

	page, err := jane.Messages(ctx, exampleRide, chat.MessageQuery{})
	mustDo(err)
	fmt.Println("messages:", len(page.Items))
	// Output:
	// client-1-7 <nil>
	// client-1-7 <nil>
	// chat: Send: id: "client-1-7" is taken by another message
	// messages: 1
}

// A private message exists for its author and those it names. For anyone else
// it is as if it had never been sent.
func ExampleApp_Send_private() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	m, err := app.Send(ctx, exampleRide, "taxi", chat.Draft{
		Type: chat.TypeSystem, Text: "The door code is 4711", Restricted: []chat.UserID{"jane"},
	}, nil)
	mustDo(err)

	for _, user := range []chat.UserID{"jane", "john"} {
		_, err := app.As(user).Message(ctx, m.ID)
		unread, err2 := app.As(user).Unread(ctx, exampleRide)
		mustDo(err2)
		fmt.Println(user, "sees it:", err == nil, "unread:", unread)
	}
	// Output:
	// jane sees it: true unread: 1
	// john sees it: false unread: 0
}

// Pages run from the oldest to the newest; Prev and Next lead on. A page never
// skips or repeats a message, whatever is sent meanwhile.
func ExampleSession_Messages() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	var third chat.Message
	for i := range 5 {
		m := exampleSay(app, "jane", fmt.Sprint("message ", i+1))
		if i == 2 {
			third = m
		}
	}
	show := func(name string, page chat.Page[chat.Message]) {
		fmt.Print(name, ":")
		for _, m := range page.Items {
			fmt.Print(" ", m.Text, ";")
		}
		fmt.Println()
	}
	john := app.As("john")

	latest, err := john.Messages(ctx, exampleRide, chat.MessageQuery{Limit: 2})
	mustDo(err)
	show("latest", latest)

	exampleSay(app, "jane", "message 6")
	before, err := john.Messages(ctx, exampleRide, chat.MessageQuery{Limit: 2, Page: latest.Prev})
	mustDo(err)
	show("before", before)

	around, err := john.Messages(ctx, exampleRide, chat.MessageQuery{Limit: 3, Around: third.ID})
	mustDo(err)
	show("around", around)
	// Output:
	// latest: message 4; message 5;
	// before: message 2; message 3;
	// around: message 2; message 3; message 4;
}

// AllMessages reads a page at a time and holds nothing while the loop's body
// runs, so the body may take its time and may write.
func ExampleSession_AllMessages() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	exampleSay(app, "jane", "Where are you?")
	exampleSay(app, "john", "At the corner")

	for m, err := range app.As("jane").AllMessages(ctx, exampleRide) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %s\n", m.User.Name, m.Text)
	}
	// Output:
	// Jane: Where are you?
	// John: At the corner
}

// A full update replaces: what it leaves out is cleared.
func ExampleSession_UpdateMessage() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")
	m, err := jane.Send(ctx, exampleRide, chat.Draft{Text: "At eigt", Custom: chat.Custom{"mood": "hurried"}})
	mustDo(err)

	m, err = jane.UpdateMessage(ctx, m.ID, chat.MessageUpdate{Text: "At eight"})
	mustDo(err)
	fmt.Println(m.Text, m.Custom["mood"])

	_, err = app.As("john").UpdateMessage(ctx, m.ID, chat.MessageUpdate{Text: "At nine"})
	fmt.Println(err)
	// Output:
	// At eight <nil>
	// chat: UpdateMessage: needs the permission update-message in this channel
}

// A partial update reaches single fields and dotted paths of custom data.
func ExampleSession_PatchMessage() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")
	m, err := jane.Send(ctx, exampleRide, chat.Draft{
		Text: "Two bags, please", Custom: chat.Custom{"order": map[string]any{"bags": 2, "state": "open"}, "color": "red"},
	})
	mustDo(err)

	m, err = jane.PatchMessage(ctx, m.ID, chat.Patch{Set: map[string]any{"order.state": "done"}, Unset: []string{"color"}})
	mustDo(err)
	custom, err := json.Marshal(m.Custom)
	mustDo(err)
	fmt.Println(m.Text, string(custom))
	// Output:
	// Two bags, please {"order":{"bags":2,"state":"done"}}
}
