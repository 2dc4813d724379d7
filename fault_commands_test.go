package chat_test

import (
	"errors"
	"time"

	"example.com/chat"
)

// dayCommands is the part of the day about commands, bans and flags. Whoever
// makes a call again after it was stored finds it done.
func dayCommands() []dayStep {
	const lounge = chat.CID("messaging:lounge")
	press := func(id chat.MessageID, action string) func(*day) error {
		return func(d *day) error { return d.answer(d.as("boss").RunAction(d.ctx, d.id(id), action)) }
	}
	say := func(id chat.MessageID, text string) func(*day) error {
		return func(d *day) error {
			return d.answer(d.app.Send(d.ctx, d.cid(lounge), d.user("boss"), chat.Draft{ID: d.id(id), Text: text}, nil))
		}
	}
	return []dayStep{
		{name: "boss comes", do: func(d *day) error {
			return d.app.AddMembers(d.ctx, d.cid(lounge), []chat.MemberDraft{{UserID: d.user("boss")}}, nil)
		}},
		{name: "a ban", do: func(d *day) error {
			return d.answer(d.app.Ban(d.ctx, chat.BanDraft{User: d.user("ann"), CID: d.cid(lounge), Reason: "spam", Lasting: 1000 * time.Hour}, d.user("boss")))
		}},
		{name: "it binds", do: func(d *day) error {
			_, err := d.as("ann").Send(d.ctx, d.cid(lounge), chat.Draft{Text: "but"})
			return refused(err, chat.ErrBanned)
		}},
		{name: "a ban from everywhere", do: func(d *day) error {
			return d.answer(d.as("boss").Ban(d.ctx, chat.BanDraft{User: d.user("ann"), Lasting: 1000 * time.Hour}))
		}},
		{name: "it ends", do: func(d *day) error { return d.as("boss").Unban(d.ctx, d.user("ann"), "") }},
		{name: "the other too", do: func(d *day) error { return d.app.Unban(d.ctx, d.user("ann"), d.cid(lounge)) }},
		{name: "a flag", do: func(d *day) error { return d.as("ann").FlagMessage(d.ctx, d.id("hello"), "rude") }},
		{name: "a flag of a user", do: func(d *day) error { return d.as("ann").FlagUser(d.ctx, d.user("john"), "rude") }},
		{name: "the flags", do: func(d *day) error {
			page, err := d.app.Flags(d.ctx, chat.FlagQuery{CID: d.cid(lounge)})
			if err == nil && len(page.Items) != 1 {
				return errors.New("there is not one flag")
			}
			return err
		}},
		{name: "they are looked at", do: func(d *day) error { return d.app.UnflagMessage(d.ctx, d.id("hello")) }},
		{name: "both", do: func(d *day) error { return d.app.UnflagUser(d.ctx, d.user("john")) }},
		{name: "an answer for boss alone", do: say("muting", "/mute @nobody-of-this-day")},
		{name: "a question", do: say("ask-1", "/ask why")},
		{name: "asked again", do: press("ask-1", "again")},
		{name: "it is sent", again: chat.ErrState, do: press("ask-1", "send")},
		{name: "another question", do: say("ask-2", "/ask what")},
		{name: "it is cancelled", again: chat.ErrNotFound, do: press("ask-2", "cancel")},
	}
}
