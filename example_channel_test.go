package chat_test

import (
	"fmt"

	"example.com/chat"
)

// A user's channels, those with the newest message first, with what the user has
// unread. A filter chooses by the engine's fields and by one's own.
func ExampleSession_Channels() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	_, err := app.EnsureChannel(ctx, "messaging:office", chat.ChannelDraft{
		CreatedBy: "taxi", Members: []chat.UserID{"jane", "john", "taxi"}, Custom: chat.Custom{"floor": 2},
	})
	mustDo(err)
	exampleSay(app, "john", "I am there")
	_, err = app.As("taxi").Send(ctx, "messaging:office", chat.Draft{Text: "Good morning"})
	mustDo(err)

	show := func(q chat.ChannelQuery) {
		page, err := app.As("jane").Channels(ctx, q)
		mustDo(err)
		for _, st := range page.Items {
			fmt.Println(st.Channel.CID, st.Unread, st.LastMessage.Text)
		}
	}
	show(chat.ChannelQuery{Sort: chat.ByLastMessage, Messages: chat.None})
	fmt.Println("with a floor of 1 or more:")
	show(chat.ChannelQuery{Filter: chat.And(chat.Eq("type", "messaging"), chat.Gte("floor", 1))})
	// Output:
	// messaging:office 1 Good morning
	// messaging:ride-42 1 I am there
	// with a floor of 1 or more:
	// messaging:office 1 Good morning
}

// A channel of a set of people is found again by the set.
func ExampleSession_EnsureDistinctChannel() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	one, err := app.As("jane").EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"john"}})
	mustDo(err)
	two, err := app.As("john").EnsureDistinctChannel(ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"jane"}})
	mustDo(err)
	fmt.Println(one.CID == two.CID, one.MemberCount)
	// Output:
	// true 2
}

// Members join with a system message and leave. A newcomer reads what was said
// before, and has nothing unread.
func ExampleApp_AddMembers() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	exampleSay(app, "john", "Who else comes?")
	mustDo(app.UpsertUsers(ctx, chat.User{ID: "ann", Name: "Ann"}))

	err := app.AddMembers(ctx, exampleRide, []chat.MemberDraft{{UserID: "ann", Role: chat.RoleChannelModerator}},
		&chat.SystemMessage{UserID: "ann", Text: "Ann joined"})
	mustDo(err)
	unread, err := app.As("ann").Unread(ctx, exampleRide)
	mustDo(err)
	fmt.Println("ann has", unread, "unread")

	members, err := app.As("jane").Members(ctx, exampleRide, chat.MemberQuery{})
	mustDo(err)
	for _, m := range members.Items {
		fmt.Println(m.User.Name, m.Role)
	}
	mustDo(app.As("ann").LeaveChannel(ctx, exampleRide))
	_, err = app.As("ann").Messages(ctx, exampleRide, chat.MessageQuery{})
	fmt.Println(err)
	// Output:
	// ann has 0 unread
	// Ann channel_moderator
	// Jane channel_member
	// John channel_member
	// chat: Messages: channel "messaging:ride-42" not found
}

// Unread is exact, and a function of what the user can see now.
func ExampleSession_Unread() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")
	show := func(when string) {
		n, err := jane.Unread(ctx, exampleRide)
		mustDo(err)
		fmt.Println(when, n)
	}
	exampleSay(app, "john", "one")
	second := exampleSay(app, "john", "two")
	exampleSay(app, "john", "three")
	show("sent three:")

	_, err := app.As("john").DeleteMessage(ctx, second.ID, chat.DeleteSoft)
	mustDo(err)
	show("deleted one:")

	mustDo(jane.MarkRead(ctx, exampleRide))
	show("read all:")

	mustDo(jane.MarkUnread(ctx, second.ID))
	show("marked unread from the second on:")

	total, err := jane.TotalUnread(ctx)
	mustDo(err)
	fmt.Println("in all channels:", total.Messages)
	// Output:
	// sent three: 3
	// deleted one: 2
	// read all: 0
	// marked unread from the second on: 1
	// in all channels: 1
}

// What a muted user sends is there and is not unread.
func ExampleSession_MuteUser() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")
	exampleSay(app, "john", "Hello?")

	mustDo(jane.MuteUser(ctx, "john", 0))
	muted, err := jane.Unread(ctx, exampleRide)
	mustDo(err)
	mustDo(jane.UnmuteUser(ctx, "john"))
	unmuted, err := jane.Unread(ctx, exampleRide)
	mustDo(err)
	fmt.Println(muted, unmuted)
	// Output:
	// 0 1
}

// A muted channel has nothing unread until it is unmuted.
func ExampleSession_MuteChannel() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")

	mustDo(jane.MuteChannel(ctx, exampleRide, 0))
	exampleSay(app, "john", "Hello?")
	muted, err := jane.Unread(ctx, exampleRide)
	mustDo(err)
	mustDo(jane.UnmuteChannel(ctx, exampleRide))
	unmuted, err := jane.Unread(ctx, exampleRide)
	mustDo(err)
	fmt.Println(muted, unmuted)
	// Output:
	// 0 1
}

// The settings of a type hold for all its channels, at once. A single channel
// can differ.
func ExampleApp_UpdateChannelType() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	err := app.UpdateChannelType(ctx, "messaging", func(t *chat.ChannelType) error {
		t.MaxMessageLength = 10
		t.MarkMessagesPending = true
		return nil
	})
	mustDo(err)
	_, err = app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Hello, how are you?"})
	fmt.Println(err)
	m, err := app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Hello"})
	mustDo(err)
	fmt.Println("pending:", m.Pending != nil)

	no := false
	_, err = app.SetOverrides(ctx, exampleRide, chat.ChannelOverrides{MarkMessagesPending: &no})
	mustDo(err)
	m, err = app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Hello"})
	mustDo(err)
	fmt.Println("pending:", m.Pending != nil)
	// Output:
	// chat: Send: text: has 19 characters; at most 10
	// pending: true
	// pending: false
}

// Each user of a channel that is frozen reads on; nobody writes but who may
// use-frozen-channel.
func ExampleApp_SetFrozen() {
	ctx, app := exampleChat(nil)
	defer app.Close()

	_, err := app.SetFrozen(ctx, exampleRide, true)
	mustDo(err)
	_, err = app.As("jane").Send(ctx, exampleRide, chat.Draft{Text: "Hello"})
	fmt.Println(err)
	// Output:
	// chat: Send: channel "messaging:ride-42" is frozen
}

// Who hides a channel and clears its history sees what comes after that alone,
// also once a new message shows the channel again.
func ExampleSession_HideChannel() {
	ctx, app := exampleChat(nil)
	defer app.Close()
	jane := app.As("jane")
	exampleSay(app, "john", "Before")

	mustDo(jane.HideChannel(ctx, exampleRide, true))
	list, err := jane.Channels(ctx, chat.ChannelQuery{})
	mustDo(err)
	fmt.Println("channels:", len(list.Items))

	exampleSay(app, "john", "After")
	list, err = jane.Channels(ctx, chat.ChannelQuery{})
	mustDo(err)
	for _, m := range list.Items[0].Messages {
		fmt.Println(m.Text)
	}
	// Output:
	// channels: 0
	// After
}
