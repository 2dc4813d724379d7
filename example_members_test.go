package chat_test

import (
	"bytes"
	"encoding/json"
	"fmt"

	"example.com/chat"
)

// Who is invited looks at the channel and then accepts, or rejects. Nothing is
// unread until then.
func ExampleSession_AcceptInvite() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	mustDo(app.UpsertUsers(ctx, chat.User{ID: "ann", Name: "Ann"}))
	mustDo(app.AddMembers(ctx, exampleRide, []chat.MemberDraft{{UserID: "ann", Invite: true}}, nil))
	exampleSay(app, "john", "Ann, are you coming?")

	ann := app.As("ann")
	invites, err := ann.Channels(ctx, chat.ChannelQuery{Filter: chat.Eq("invited", true)})
	mustDo(err)
	for _, st := range invites.Items {
		fmt.Println(st.Channel.CID, "unread:", st.Unread, st.LastMessage.Text)
	}
	_, err = ann.Send(ctx, exampleRide, chat.Draft{Text: "Not yet"})
	fmt.Println(err)

	mustDo(ann.AcceptInvite(ctx, exampleRide))
	_, err = ann.Send(ctx, exampleRide, chat.Draft{Text: "Yes"})
	fmt.Println(err)
	// Output:
	// messaging:ride-42 unread: 0 Ann, are you coming?
	// chat: Send: needs the permission create-message in this channel
	// <nil>
}

// Who rejects an invite is no member any more.
func ExampleSession_RejectInvite() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	mustDo(app.UpsertUsers(ctx, chat.User{ID: "ann", Name: "Ann"}))
	mustDo(app.AddMembers(ctx, exampleRide, []chat.MemberDraft{{UserID: "ann", Invite: true}}, nil))

	mustDo(app.As("ann").RejectInvite(ctx, exampleRide))
	_, err := app.As("ann").Channel(ctx, exampleRide)
	fmt.Println(err)
	// Output:
	// chat: Channel: channel "messaging:ride-42" not found
}

// Who joins late need not read what was said before them.
func ExampleApp_AddMembers_hideHistory() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	mustDo(app.UpsertUsers(ctx, chat.User{ID: "ann", Name: "Ann"}))
	exampleSay(app, "john", "What do we give Ann?")
	mustDo(app.AddMembers(ctx, exampleRide, []chat.MemberDraft{{UserID: "ann", HideHistory: true}}, nil))
	exampleSay(app, "jane", "Welcome, Ann")

	for _, user := range []chat.UserID{"ann", "john"} {
		page, err := app.As(user).Messages(ctx, exampleRide, chat.MessageQuery{})
		mustDo(err)
		for _, m := range page.Items {
			fmt.Printf("%s reads %q\n", user, m.Text)
		}
	}
	// Output:
	// ann reads "Welcome, Ann"
	// john reads "What do we give Ann?"
	// john reads "Welcome, Ann"
}

// Each member pins and archives channels for themselves.
func ExampleSession_PinChannel() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	_, err := app.EnsureChannel(ctx, "messaging:office", chat.ChannelDraft{CreatedBy: "taxi", Members: []chat.UserID{"jane", "john"}})
	mustDo(err)
	jane := app.As("jane")
	mustDo(jane.PinChannel(ctx, "messaging:office"))
	exampleSay(app, "john", "I am there")

	page, err := jane.Channels(ctx, chat.ChannelQuery{PinnedFirst: true})
	mustDo(err)
	for _, st := range page.Items {
		fmt.Println(st.Channel.CID, st.PinnedAt != nil)
	}
	// Output:
	// messaging:office true
	// messaging:ride-42 false
}

// What is archived is left out by a filter.
func ExampleSession_ArchiveChannel() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")
	mustDo(jane.ArchiveChannel(ctx, exampleRide))
	inbox, err := jane.Channels(ctx, chat.ChannelQuery{Filter: chat.Eq("archived", false)})
	mustDo(err)
	archive, err := jane.Channels(ctx, chat.ChannelQuery{Filter: chat.Eq("archived", true)})
	mustDo(err)
	fmt.Println(len(inbox.Items), len(archive.Items))
	// Output:
	// 0 1
}

// Erasing a user takes effect at once; what they left is removed in the
// background.
func ExampleApp_EraseUser() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	mustDo(app.UpsertUsers(ctx, chat.User{ID: "u-17", Name: "Ann Smith"}))
	mustDo(app.AddMembers(ctx, exampleRide, []chat.MemberDraft{{UserID: "u-17"}}, nil))
	m, err := app.As("u-17").Send(ctx, exampleRide, chat.Draft{Text: "My number is 555-1234"})
	mustDo(err)

	mustDo(app.EraseUser(ctx, "u-17", chat.EraseSoft))
	_, err = app.As("u-17").Channels(ctx, chat.ChannelQuery{})
	fmt.Println(err)

	for {
		e, err := app.Erasure(ctx, "u-17")
		mustDo(err)
		if e.FinishedAt != nil {
			fmt.Println("deleted:", e.Messages)
			break
		}
		_, err = app.RunDueWork(ctx) // it runs by itself, too
		mustDo(err)
	}
	m, err = app.As("jane").Message(ctx, m.ID)
	mustDo(err)
	fmt.Printf("%s %q by %q\n", m.Type, m.Text, m.User.Name)
	// Output:
	// chat: Channels: user "u-17" is erased
	// deleted: 1
	// deleted "" by ""
}

// What is kept of one user, a line each.
func ExampleApp_ExportUser() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	exampleSay(app, "jane", "Hello")

	var out bytes.Buffer
	mustDo(app.ExportUser(ctx, "jane", &out, nil))
	for line := range bytes.Lines(out.Bytes()) {
		var entry struct {
			Type string
			Data struct{ ID, CID, Text string }
		}
		mustDo(json.Unmarshal(line, &entry))
		switch entry.Type {
		case "user":
			fmt.Println(entry.Type, entry.Data.ID)
		case "message":
			fmt.Println(entry.Type, entry.Data.CID, entry.Data.Text)
		default:
			fmt.Println(entry.Type, entry.Data.CID)
		}
	}
	// Output:
	// user jane
	// member messaging:ride-42
	// message messaging:ride-42 Hello
}

// A member's role and custom data are changed one by one, or together.
func ExampleApp_UpdateMember() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	_, err := app.UpdateMember(ctx, exampleRide, "john", chat.MemberUpdate{Custom: chat.Custom{"car": "blue"}})
	mustDo(err)
	m, err := app.UpdateMember(ctx, exampleRide, "john", chat.MemberUpdate{Role: chat.RoleChannelModerator})
	mustDo(err)
	fmt.Println(m.User.Name, m.Role, m.Custom["car"])
	// Output:
	// John channel_moderator blue
}

// A patch changes parts of a user.
func ExampleApp_PatchUser() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	mustDo(app.UpsertUsers(ctx, chat.User{ID: "ann", Name: "Ann", Custom: chat.Custom{"city": "Bern", "age": 40}}))

	u, err := app.PatchUser(ctx, "ann", chat.Patch{Set: map[string]any{"name": "Anna"}, Unset: []string{"age"}})
	mustDo(err)
	fmt.Println(u.Name, u.Custom)
	// Output:
	// Anna map[city:Bern]
}

// Who is deactivated can call nothing until they are reactivated.
func ExampleApp_DeactivateUser() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	mustDo(app.DeactivateUser(ctx, "john"))
	_, err := app.As("john").Send(ctx, exampleRide, chat.Draft{Text: "Hello"})
	fmt.Println(err)

	mustDo(app.ReactivateUser(ctx, "john"))
	_, err = app.As("john").Send(ctx, exampleRide, chat.Draft{Text: "Hello"})
	fmt.Println(err)
	// Output:
	// chat: Send: user "john" is deactivated
	// <nil>
}
