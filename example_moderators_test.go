package chat_test

import (
	"errors"
	"fmt"
	"time"

	"example.com/chat"
)

func ExampleSession_Ban() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	ban, err := app.As("mia").Ban(ctx, chat.BanDraft{User: "john", CID: "messaging:room", Reason: "spam", Lasting: time.Hour})
	fmt.Println(ban.User.ID, ban.Expires.Sub(ban.CreatedAt), err)
	_, err = app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "Hello"})
	fmt.Println(errors.Is(err, chat.ErrBanned), errors.Is(err, chat.ErrPermission))
	// Output:
	// john 1h0m0s <nil>
	// true true
}

// A moderator ends their own bans and those of others who may do no more; that of
// the application is the application's to end.
func ExampleSession_Unban() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	john := chat.BanDraft{User: "john", CID: "messaging:room"}
	mia := app.As("mia")
	_, err := mia.Ban(ctx, john)
	mustDo(err)
	mustDo(mia.Unban(ctx, "john", "messaging:room"))
	_, err = app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "Back"})
	fmt.Println(err)

	_, err = app.Ban(ctx, john, "")
	mustDo(err)
	fmt.Println(mia.Unban(ctx, "john", "messaging:room"))
	fmt.Println(app.Unban(ctx, "john", "messaging:room"))
	// Output:
	// <nil>
	// chat: Unban: user: user "john" is banned by the application
	// <nil>
}

// All bans of a channel, page by page.
func ExampleApp_Bans() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	for user, reason := range map[chat.UserID]string{"jane": "rude", "john": "spam"} {
		_, err := app.Ban(ctx, chat.BanDraft{User: user, CID: "messaging:room", Reason: reason}, "mia")
		mustDo(err)
	}
	q := chat.BanQuery{CID: "messaging:room", Limit: 1}
	for {
		page, err := app.Bans(ctx, q)
		mustDo(err)
		for _, ban := range page.Items {
			fmt.Println(ban.User.ID, "by", ban.By.ID, "for", ban.Reason)
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	// Output:
	// jane by mia for rude
	// john by mia for spam
}

// Who may ban sees who is banned.
func ExampleSession_Bans() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	_, err := app.As("mia").Ban(ctx, chat.BanDraft{User: "john", CID: "messaging:room", Reason: "spam"})
	mustDo(err)
	page, err := app.As("mia").Bans(ctx, chat.BanQuery{CID: "messaging:room"})
	fmt.Println(len(page.Items), page.Items[0].User.ID, page.Items[0].Expires == nil, err)
	_, err = app.As("jane").Bans(ctx, chat.BanQuery{CID: "messaging:room"})
	fmt.Println(errors.Is(err, chat.ErrPermission))
	// Output:
	// 1 john true <nil>
	// true
}

func ExampleSession_FlagMessage() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	m, err := app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "something rude"})
	fmt.Println(err)
	fmt.Println(app.As("jane").FlagMessage(ctx, m.ID, "rude"))
	flags, err := app.As("mia").Flags(ctx, chat.FlagQuery{CID: "messaging:room"})
	for _, f := range flags.Items {
		fmt.Println(f.By.ID, "reports", f.Message.Text, "by", f.User.ID, "as", f.Reason)
	}
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// jane reports something rude by john as rude
	// <nil>
}

func ExampleSession_FlagUser() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	fmt.Println(app.As("jane").FlagUser(ctx, "john", "always rude"))
	flags, err := app.Flags(ctx, chat.FlagQuery{})
	for _, f := range flags.Items {
		fmt.Println(f.By.ID, "reports", f.User.ID, "as", f.Reason)
	}
	fmt.Println(err)
	// Output:
	// <nil>
	// jane reports john as always rude
	// <nil>
}

// A moderator goes through what was reported, page by page: one that is shorter
// than its limit is not the last as long as there is a next.
func ExampleSession_Flags() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	jane := app.As("jane")
	for _, text := range []string{"one", "two", "three"} {
		m, err := app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: text})
		mustDo(err)
		mustDo(jane.FlagMessage(ctx, m.ID, "rude"))
	}
	for q := (chat.FlagQuery{Limit: 2}); ; {
		page, err := app.As("mia").Flags(ctx, q)
		mustDo(err)
		for _, f := range page.Items {
			fmt.Print(f.Message.Text, " ")
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	// Output:
	// one two three
}

// What was looked at is taken off the list.
func ExampleApp_UnflagMessage() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	m, err := app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "not so rude"})
	mustDo(err)
	mustDo(app.As("jane").FlagMessage(ctx, m.ID, "rude"))
	mustDo(app.UnflagMessage(ctx, m.ID))
	flags, err := app.Flags(ctx, chat.FlagQuery{})
	fmt.Println(len(flags.Items), err)
	// Output:
	// 0 <nil>
}

func ExampleApp_UnflagUser() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	mustDo(app.As("jane").FlagUser(ctx, "john", "always rude"))
	mustDo(app.UnflagUser(ctx, "john"))
	flags, err := app.Flags(ctx, chat.FlagQuery{})
	fmt.Println(len(flags.Items), err)
	// Output:
	// 0 <nil>
}

// What was looked at is marked so, and is no longer among the open flags.
func ExampleSession_ReviewMessageFlags() {
	app, ctx := exampleRoom(nil)
	defer app.Close()
	m, err := app.As("john").Send(ctx, "messaging:room", chat.Draft{Text: "something rude"})
	mustDo(err)
	mustDo(app.As("jane").FlagMessage(ctx, m.ID, "rude"))
	mia := app.As("mia")
	mustDo(mia.ReviewMessageFlags(ctx, m.ID, "warned"))
	for _, state := range []chat.FlagState{chat.OpenFlags, chat.ReviewedFlags} {
		page, err := mia.Flags(ctx, chat.FlagQuery{CID: "messaging:room", State: state})
		mustDo(err)
		for _, f := range page.Items {
			fmt.Println(f.Reason, "is reviewed by", f.Review.By.ID, "as", f.Review.Outcome)
		}
	}
	// Output:
	// rude is reviewed by mia as warned
}
