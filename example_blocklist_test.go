package chat_test

import (
	"errors"
	"fmt"

	"example.com/chat"
)

// Words that are not allowed: one list is refused, another is for moderators to
// look at.
func ExampleApp_CreateBlockList() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	_, err := app.CreateBlockList(ctx, chat.BlockList{Name: "insults", Words: []string{"nitwit"}})
	mustDo(err)
	_, err = app.CreateBlockList(ctx, chat.BlockList{Name: "spam", Words: []string{"buy now", "free money"}})
	mustDo(err)
	mustDo(app.UpdateChannelType(ctx, "messaging", func(t *chat.ChannelType) error {
		t.BlockLists = []chat.BlockListUse{{List: "insults", Action: chat.BlockReject}, {List: "spam", Action: chat.BlockFlag}}
		return nil
	}))
	john := app.As("john")
	_, err = john.Send(ctx, "messaging:room", chat.Draft{Text: "You NITWIT!"})
	fmt.Println(errors.Is(err, chat.ErrRejected), err)
	_, err = john.Send(ctx, "messaging:room", chat.Draft{Text: "Buy, now!"})
	mustDo(err)
	flags, err := app.As("mia").Flags(ctx, chat.FlagQuery{CID: "messaging:room"})
	mustDo(err)
	for _, f := range flags.Items {
		fmt.Printf("%q is flagged: %s\n", f.Message.Text, f.Reason)
	}
	// Output:
	// true chat: Send: text: holds words that are not allowed here
	// "Buy, now!" is flagged: block list spam: buy now
}

// A list is changed as a whole, and deleted when no channel type uses it.
func ExampleApp_UpdateBlockList() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	_, err := app.CreateBlockList(ctx, chat.BlockList{Name: "insults", Words: []string{"nitwit"}})
	mustDo(err)
	_, err = app.UpdateBlockList(ctx, "insults", []string{"nitwit", "dunce"})
	mustDo(err)
	lists, err := app.BlockLists(ctx)
	mustDo(err)
	for _, l := range lists {
		fmt.Println(l.Name, l.Words)
	}
	fmt.Println(app.DeleteBlockList(ctx, "insults"))
	// Output:
	// insults [nitwit dunce]
	// <nil>
}
