package chat_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
)

// events reads all events from before the script on. Of what everybody saw
// before it was deleted for good, or cleared, the deletion is told: that is no
// secret.
func (v *viewer) events(q chat.EventQuery, read func(context.Context, chat.Cursor) ([]chat.Event, chat.Cursor, error)) {
	ctx, cancel := context.WithTimeout(v.w.ctx, time.Second)
	defer cancel()
	var all []chat.Event
	for cursor := v.w.begin; ; {
		list, next, err := read(ctx, cursor)
		all = append(all, list...)
		if cursor = next; err == nil {
			continue
		}
		if v.w.kind != nil && slices.Contains([]string{"hard-deleted", "deleted by a ban", "history"}, v.w.kind.name) {
			all = slices.DeleteFunc(all, func(e chat.Event) bool { return e.Type == chat.MessageDeleted && e.HardDelete })
		}
		v.saw(all, err, "events of %v", q)
		return
	}
}

// leakCalls make each call of a Session with everything that its caller may
// guess. The name is that of the method.
var leakCalls = map[string]func(v *viewer){
	"Replies": leakThreads["Replies"], "AllReplies": leakThreads["AllReplies"], "Thread": leakThreads["Thread"],
	"Threads": leakThreads["Threads"], "MarkThreadRead": leakThreads["MarkThreadRead"], "MarkThreadUnread": leakThreads["MarkThreadUnread"],
	"AddMembers": func(v *viewer) {
		v.eachChannel("AddMembers", func(cid chat.CID) (any, error) {
			notice := &chat.SystemMessage{Text: "Welcome"}
			return only(v.AddMembers(v.w.ctx, cid, []chat.MemberDraft{{UserID: "newcomer"}}, notice))
		})
	},
	"AllMessages": func(v *viewer) {
		v.eachChannel("AllMessages", func(cid chat.CID) (any, error) {
			var all []chat.Message
			for m, err := range v.AllMessages(v.w.ctx, cid) {
				if err != nil {
					return all, err
				}
				all = append(all, m)
			}
			return all, nil
		})
	},
	"Ban": func(v *viewer) {
		for _, user := range []chat.UserID{"jane", "john", "mary"} {
			v.eachChannel("Ban "+string(user), func(cid chat.CID) (any, error) {
				return v.Ban(v.w.ctx, chat.BanDraft{User: user, CID: cid})
			})
			result, err := v.Ban(v.w.ctx, chat.BanDraft{User: user, Reason: "rude", Lasting: time.Hour})
			v.saw(result, err, "Ban %s", user)
		}
	},
	"Bans": func(v *viewer) {
		v.eachChannel("Bans", func(cid chat.CID) (any, error) { return v.Bans(v.w.ctx, chat.BanQuery{CID: cid}) })
		result, err := v.Bans(v.w.ctx, chat.BanQuery{})
		v.saw(result, err, "Bans")
	},
	"Commands": func(v *viewer) {
		v.eachChannel("Commands", func(cid chat.CID) (any, error) { return v.Commands(v.w.ctx, cid) })
	},
	"Poll": func(v *viewer) {
		for _, q := range []chat.EventQuery{{Limit: 300}, {Limit: 1}, {Channels: []chat.CID{leakRoom}}, {Channels: []chat.CID{leakShow}}} {
			v.events(q, func(ctx context.Context, from chat.Cursor) ([]chat.Event, chat.Cursor, error) {
				return v.Poll(ctx, from, q)
			})
		}
	},
	"Events": func(v *viewer) {
		q := chat.EventQuery{Channels: []chat.CID{leakRoom, leakShow}}
		v.events(q, func(ctx context.Context, from chat.Cursor) (list []chat.Event, next chat.Cursor, err error) {
			for e, err := range v.Events(ctx, from, q) {
				if err != nil {
					return list, from, err
				}
				list = append(list, e)
			}
			return list, from, nil
		})
	},
	"SendEvent": func(v *viewer) {
		v.eachChannel("SendEvent", func(cid chat.CID) (any, error) {
			return only(v.SendEvent(v.w.ctx, cid, chat.CustomEvent{Type: "wave"}))
		})
	},
	"StartTyping": func(v *viewer) {
		v.eachChannel("StartTyping", func(cid chat.CID) (any, error) { return only(v.StartTyping(v.w.ctx, cid)) })
	},
	"StopTyping": func(v *viewer) {
		v.eachChannel("StopTyping", func(cid chat.CID) (any, error) { return only(v.StopTyping(v.w.ctx, cid)) })
	},
	"FlagMessage": func(v *viewer) {
		v.eachMessage("FlagMessage", func(id chat.MessageID) (any, error) { return only(v.FlagMessage(v.w.ctx, id, "rude")) })
	},
	"FlagUser": func(v *viewer) {
		v.saw(nil, v.FlagUser(v.w.ctx, "jane", "rude"), "FlagUser")
	},
	"Flags": func(v *viewer) {
		list := func(cid chat.CID) (any, error) {
			var pages []chat.Page[chat.Flag]
			for q := (chat.FlagQuery{CID: cid, Limit: 1}); ; {
				page, err := v.Flags(v.w.ctx, q)
				pages = append(pages, page)
				if q.Page = page.Next; q.Page == "" {
					return pages, err
				}
			}
		}
		v.eachChannel("Flags", list)
		result, err := list("")
		v.saw(result, err, "Flags")
	},
	"React": func(v *viewer) {
		v.eachMessage("React", func(id chat.MessageID) (any, error) {
			return v.React(v.w.ctx, id, chat.ReactionDraft{Type: "like", EnforceUnique: true})
		})
	},
	"DeleteReaction": func(v *viewer) {
		v.eachMessage("DeleteReaction", func(id chat.MessageID) (any, error) { return v.DeleteReaction(v.w.ctx, id, "jane", "love") })
	},
	"Reactions": func(v *viewer) {
		v.eachMessage("Reactions", func(id chat.MessageID) (any, error) { return v.Reactions(v.w.ctx, id, chat.ReactionQuery{}) })
	},
	"PinMessage": func(v *viewer) {
		v.eachMessage("PinMessage", func(id chat.MessageID) (any, error) { return v.PinMessage(v.w.ctx, id, time.Time{}) })
	},
	"UnpinMessage": func(v *viewer) {
		v.eachMessage("UnpinMessage", func(id chat.MessageID) (any, error) { return v.UnpinMessage(v.w.ctx, id) })
	},
	"PinnedMessages": func(v *viewer) {
		v.eachChannel("PinnedMessages", func(cid chat.CID) (any, error) { return v.PinnedMessages(v.w.ctx, cid, chat.PinQuery{}) })
	},
	"BlockUser": func(v *viewer) { v.saw(nil, v.BlockUser(v.w.ctx, "jane"), "BlockUser") },
	"BlockedUsers": func(v *viewer) {
		result, err := v.BlockedUsers(v.w.ctx)
		for i := range result {
			result[i].BlockedAt = time.Time{}
		}
		v.saw(result, err, "BlockedUsers")
	},
	"UnblockUser": func(v *viewer) { v.saw(nil, v.UnblockUser(v.w.ctx, "jane"), "UnblockUser") },
	"Channel": func(v *viewer) {
		v.eachChannel("Channel", func(cid chat.CID) (any, error) { return v.Channel(v.w.ctx, cid) })
	},
	"Channels": leakChannels,
	"DeleteChannel": func(v *viewer) {
		v.eachChannel("DeleteChannel", func(cid chat.CID) (any, error) { return only(v.DeleteChannel(v.w.ctx, cid, chat.DeleteSoft)) })
	},
	"DeleteMessage": func(v *viewer) {
		for _, mode := range []chat.DeleteMode{chat.DeleteSoft, chat.DeleteHard} {
			v.eachMessage(fmt.Sprint("DeleteMessage ", mode), func(id chat.MessageID) (any, error) { return v.DeleteMessage(v.w.ctx, id, mode) })
		}
	},
	"DeleteMessageForMe": func(v *viewer) {
		v.eachMessage("DeleteMessageForMe", func(id chat.MessageID) (any, error) { return only(v.DeleteMessageForMe(v.w.ctx, id)) })
	},
	"EnsureChannel": func(v *viewer) {
		v.eachChannel("EnsureChannel", func(cid chat.CID) (any, error) { return v.EnsureChannel(v.w.ctx, cid, chat.ChannelDraft{Name: "Mine"}) })
	},
	"EnsureDistinctChannel": func(v *viewer) {
		d := chat.ChannelDraft{Members: []chat.UserID{"jane", "john"}}
		result, err := v.EnsureDistinctChannel(v.w.ctx, "messaging", d)
		v.saw(result, err, "EnsureDistinctChannel")
	},
	"HideChannel": func(v *viewer) {
		v.eachChannel("HideChannel", func(cid chat.CID) (any, error) { return only(v.HideChannel(v.w.ctx, cid, cid == leakRoom)) })
	},
	"AcceptInvite": func(v *viewer) {
		v.eachChannel("AcceptInvite", func(cid chat.CID) (any, error) { return only(v.AcceptInvite(v.w.ctx, cid)) })
	},
	"ArchiveChannel": func(v *viewer) {
		v.eachChannel("ArchiveChannel", func(cid chat.CID) (any, error) { return only(v.ArchiveChannel(v.w.ctx, cid)) })
	},
	"PinChannel": func(v *viewer) {
		v.eachChannel("PinChannel", func(cid chat.CID) (any, error) { return only(v.PinChannel(v.w.ctx, cid)) })
		result, err := v.Channels(v.w.ctx, chat.ChannelQuery{PinnedFirst: true, Limit: 30})
		v.saw(result, err, "Channels, pinned first")
	},
	"RejectInvite": func(v *viewer) {
		v.eachChannel("RejectInvite", func(cid chat.CID) (any, error) { return only(v.RejectInvite(v.w.ctx, cid)) })
	},
	"UnarchiveChannel": func(v *viewer) {
		v.eachChannel("UnarchiveChannel", func(cid chat.CID) (any, error) { return only(v.UnarchiveChannel(v.w.ctx, cid)) })
	},
	"UnpinChannel": func(v *viewer) {
		v.eachChannel("UnpinChannel", func(cid chat.CID) (any, error) { return only(v.UnpinChannel(v.w.ctx, cid)) })
	},
	"LeaveChannel": func(v *viewer) {
		v.eachChannel("LeaveChannel", func(cid chat.CID) (any, error) { return only(v.LeaveChannel(v.w.ctx, cid)) })
	},
	"MarkRead": func(v *viewer) {
		v.eachChannel("MarkRead", func(cid chat.CID) (any, error) { return only(v.MarkRead(v.w.ctx, cid)) })
	},
	"MarkReadTo": func(v *viewer) {
		v.eachMessage("MarkReadTo", func(id chat.MessageID) (any, error) {
			err := v.MarkReadTo(v.w.ctx, id)
			unread, _ := v.Unread(v.w.ctx, leakRoom)
			return unread, err
		})
	},
	"MarkUnread": func(v *viewer) {
		v.eachMessage("MarkUnread", func(id chat.MessageID) (any, error) {
			err := v.MarkUnread(v.w.ctx, id)
			unread, _ := v.Unread(v.w.ctx, leakRoom)
			return unread, err
		})
	},
	"Members": func(v *viewer) {
		v.eachChannel("Members", func(cid chat.CID) (any, error) {
			var pages []chat.Page[chat.Member]
			q := chat.MemberQuery{Limit: 2}
			for {
				page, err := v.Members(v.w.ctx, cid, q)
				pages = append(pages, page)
				if q.Page = page.Next; q.Page == "" {
					return pages, err
				}
			}
		})
	},
	"Message": func(v *viewer) {
		v.eachMessage("Message", func(id chat.MessageID) (any, error) { return v.Message(v.w.ctx, id) })
	},
	"Messages": leakMessages,
	"MessagesByID": func(v *viewer) {
		all := append(append([]chat.MessageID{}, leakSecrets...), leakPublics...)
		result, err := v.MessagesByID(v.w.ctx, all...)
		v.saw(result, err, "MessagesByID of all")
		v.eachMessage("MessagesByID", func(id chat.MessageID) (any, error) { return v.MessagesByID(v.w.ctx, id) })
	},
	"MuteChannel": func(v *viewer) {
		v.eachChannel("MuteChannel", func(cid chat.CID) (any, error) { return only(v.MuteChannel(v.w.ctx, cid, time.Hour)) })
	},
	"MuteUser": func(v *viewer) {
		v.saw(nil, v.MuteUser(v.w.ctx, "jane", 0), "MuteUser")
	},
	"Mutes": func(v *viewer) {
		result, err := v.Mutes(v.w.ctx)
		v.saw(result, err, "Mutes")
	},
	"PatchChannel": func(v *viewer) {
		v.eachChannel("PatchChannel", func(cid chat.CID) (any, error) {
			return v.PatchChannel(v.w.ctx, cid, chat.Patch{Set: map[string]any{"topic": "secrets"}})
		})
	},
	"PatchMessage": func(v *viewer) {
		v.eachMessage("PatchMessage", func(id chat.MessageID) (any, error) {
			return v.PatchMessage(v.w.ctx, id, chat.Patch{Set: map[string]any{"text": "patched"}})
		})
		for _, secret := range leakSecrets {
			result, err := v.PatchMessage(v.w.ctx, "mary 1", chat.Patch{Set: map[string]any{"quoted_message_id": string(secret)}})
			v.saw(result, err, "PatchMessage to quote %s", secret)
		}
	},
	"RemoveMembers": func(v *viewer) {
		v.eachChannel("RemoveMembers", func(cid chat.CID) (any, error) {
			return only(v.RemoveMembers(v.w.ctx, cid, []chat.UserID{"john"}, &chat.SystemMessage{Text: "Farewell"}))
		})
		v.eachChannel("RemoveMembers oneself", func(cid chat.CID) (any, error) {
			return only(v.RemoveMembers(v.w.ctx, cid, []chat.UserID{v.User()}, nil))
		})
	},
	"ReviewMessageFlags": func(v *viewer) {
		v.eachMessage("ReviewMessageFlags", func(id chat.MessageID) (any, error) {
			return only(v.ReviewMessageFlags(v.w.ctx, id, "ok"))
		})
	},
	"ReviewUserFlags": func(v *viewer) {
		v.saw(nil, v.ReviewUserFlags(v.w.ctx, "jane", "ok"), "ReviewUserFlags")
	},
	"RunAction": func(v *viewer) {
		for _, action := range []string{"again", "send", "cancel"} {
			v.eachMessage("RunAction "+action, func(id chat.MessageID) (any, error) { return v.RunAction(v.w.ctx, id, action) })
		}
	},
	"Send": func(v *viewer) {
		for _, cid := range []chat.CID{leakRoom, leakShow} {
			for i, secret := range leakSecrets {
				id := chat.MessageID(fmt.Sprint(v.User(), cid.ID(), i))
				drafts := []chat.Draft{
					{ID: id + " reply", Text: "a reply", ParentID: secret},
					{ID: id + " quote", Text: "a quote", QuotedID: secret},
					{ID: id + " private reply", Text: "a reply", ParentID: secret, Restricted: []chat.UserID{"john"}},
				}
				for _, d := range drafts {
					result, err := v.Send(v.w.ctx, cid, d)
					v.saw(result, err, "Send %s to %s about %s", d.Text, cid, secret)
				}
			}
			// What is sent last has a time that depends on those before.
			result, err := v.Send(v.w.ctx, cid, chat.Draft{ID: chat.MessageID(fmt.Sprint(v.User(), cid.ID())), Text: "Hello"})
			v.saw(result, err, "Send to %s", cid)
			result, err = v.Send(v.w.ctx, cid, chat.Draft{ID: chat.MessageID(fmt.Sprint(v.User(), cid.ID(), " mary")), Text: "Hi", ParentID: "mary 1"})
			v.saw(result, err, "Send a reply to %s", cid)
		}
	},
	"SetFrozen": func(v *viewer) {
		v.eachChannel("SetFrozen", func(cid chat.CID) (any, error) { return v.SetFrozen(v.w.ctx, cid, true) })
	},
	"SetCooldown": func(v *viewer) {
		v.eachChannel("SetCooldown", func(cid chat.CID) (any, error) { return v.SetCooldown(v.w.ctx, cid, time.Second) })
	},
	"ShowChannel": func(v *viewer) {
		v.eachChannel("ShowChannel", func(cid chat.CID) (any, error) { return only(v.ShowChannel(v.w.ctx, cid)) })
	},
	"TotalUnread": func(v *viewer) {
		result, err := v.TotalUnread(v.w.ctx)
		v.saw(result, err, "TotalUnread")
	},
	"TruncateChannel": func(v *viewer) {
		v.eachChannel("TruncateChannel", func(cid chat.CID) (any, error) {
			return only(v.TruncateChannel(v.w.ctx, cid, &chat.TruncateOptions{Message: &chat.SystemMessage{Text: "Cleared"}}))
		})
		v.eachChannel("TruncateChannel", func(cid chat.CID) (any, error) { return only(v.TruncateChannel(v.w.ctx, cid, nil)) })
	},
	"Unban": func(v *viewer) {
		v.eachChannel("Unban", func(cid chat.CID) (any, error) { return only(v.Unban(v.w.ctx, "jane", cid)) })
		v.saw(nil, v.Unban(v.w.ctx, "jane", ""), "Unban")
	},
	"UnmuteChannel": func(v *viewer) {
		v.eachChannel("UnmuteChannel", func(cid chat.CID) (any, error) { return only(v.UnmuteChannel(v.w.ctx, cid)) })
	},
	"UnmuteUser": func(v *viewer) {
		v.saw(nil, v.UnmuteUser(v.w.ctx, "jane"), "UnmuteUser")
	},
	"Unread": func(v *viewer) {
		v.eachChannel("Unread", func(cid chat.CID) (any, error) { return v.Unread(v.w.ctx, cid) })
	},
	"UpdateChannel": func(v *viewer) {
		v.eachChannel("UpdateChannel", func(cid chat.CID) (any, error) {
			return v.UpdateChannel(v.w.ctx, cid, chat.ChannelUpdate{Name: "Renamed"}, &chat.SystemMessage{Text: "Renamed"})
		})
	},
	"UpdateMember": func(v *viewer) {
		v.eachChannel("UpdateMember", func(cid chat.CID) (any, error) {
			return v.UpdateMember(v.w.ctx, cid, "john", chat.MemberUpdate{Custom: chat.Custom{"note": "x"}})
		})
	},
	"UpdateMessage": func(v *viewer) {
		v.eachMessage("UpdateMessage", func(id chat.MessageID) (any, error) {
			return v.UpdateMessage(v.w.ctx, id, chat.MessageUpdate{Text: "updated"})
		})
		for _, secret := range leakSecrets {
			result, err := v.UpdateMessage(v.w.ctx, "mary 1", chat.MessageUpdate{Text: "quoting", QuotedID: secret})
			v.saw(result, err, "UpdateMessage to quote %s", secret)
		}
	},
	"User": func(v *viewer) { v.saw(v.User(), nil, "User") },
}

// leakMessages pages a channel in every way, with everything as the anchor.
func leakMessages(v *viewer) {
	for _, cid := range []chat.CID{leakRoom, leakShow} {
		ask := func(q chat.MessageQuery, format string, args ...any) chat.Page[chat.Message] {
			page, err := v.Messages(v.w.ctx, cid, q)
			v.saw(page, err, "Messages of %s "+format, append([]any{cid}, args...)...)
			return page
		}
		page := ask(chat.MessageQuery{Limit: 2}, "latest")
		for page.Prev != "" {
			page = ask(chat.MessageQuery{Limit: 2, Page: page.Prev}, "back")
		}
		for page.Next != "" {
			page = ask(chat.MessageQuery{Limit: 1, Page: page.Next}, "forth")
		}
		for _, id := range append(append([]chat.MessageID{}, leakSecrets...), leakPublics...) {
			for _, inclusive := range []bool{false, true} {
				ask(chat.MessageQuery{Limit: 2, Before: id, Inclusive: inclusive}, "before %s %v", id, inclusive)
				ask(chat.MessageQuery{Limit: 2, After: id, Inclusive: inclusive}, "after %s %v", id, inclusive)
			}
			ask(chat.MessageQuery{Limit: 3, Around: id}, "around %s", id)
		}
		// The script begins at the bubble's first moment, a step a minute.
		for minute := range 20 {
			at := time.Date(2000, 1, 1, 0, minute, 0, 0, time.UTC)
			ask(chat.MessageQuery{Limit: 2, BeforeTime: at, Inclusive: true}, "before %v", at)
			ask(chat.MessageQuery{Limit: 2, AfterTime: at}, "after %v", at)
			ask(chat.MessageQuery{Limit: 3, AroundTime: at}, "around %v", at)
		}
		for i, token := range v.w.tokens {
			ask(chat.MessageQuery{Limit: 2, Page: token}, "by an insider's token %d", i)
		}
	}
}

// leakChannels lists channels in every order, and by filters that ask about
// messages.
func leakChannels(v *viewer) {
	ask := func(q chat.ChannelQuery, what string) {
		for {
			page, err := v.Channels(v.w.ctx, q)
			v.saw(page, err, "Channels %s", what)
			if q.Page = page.Next; q.Page == "" {
				return
			}
		}
	}
	for _, ascending := range []bool{false, true} {
		for order := chat.ByLastMessage; order <= chat.ByUnread; order++ {
			ask(chat.ChannelQuery{Sort: order, Ascending: ascending, Limit: 1}, fmt.Sprint("by ", order, ascending))
		}
	}
	lean := func(f chat.Filter) chat.ChannelQuery {
		return chat.ChannelQuery{Filter: f, Messages: chat.None, Members: chat.None}
	}
	for minute := range 20 {
		at := time.Date(2000, 1, 1, 0, minute, 0, 0, time.UTC)
		ask(lean(chat.Gte("last_message_at", at)), fmt.Sprint("with a message since ", at))
		ask(lean(chat.Gte("updated_at", at)), fmt.Sprint("updated since ", at))
	}
	ask(lean(chat.Exists("last_message_at", true)), "with messages")
	ask(lean(chat.Eq("has_unread", true)), "with unread messages")
	ask(lean(chat.Eq("hidden", true)), "hidden")
	ask(lean(chat.Eq("hidden", false)), "not hidden")
	ask(lean(chat.Eq("members", string(v.User()))), "of one's own")
}
