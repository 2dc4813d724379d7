package chat_test

import (
	"slices"

	"example.com/chat"
)

// leakKind is one kind of secret.
type leakKind struct {
	name string

	// Each of these may be nil. Begin and after are called in both stores, before
	// the secrets and when they have ended; end, which ends them, in one.
	begin, end, after func(w *leakWorld)

	// say posts a secret in its channel; nil where the secrets are no messages.
	say func(w *leakWorld, cid chat.CID, d chat.Draft)

	// passing says that secrets can be neither flagged nor edited, others that
	// who is not their author refers to them.
	passing, others bool

	// pair says that leakPlay is the channel of Jane and John alone.
	pair bool

	// always says that the secrets are so from the start, not only at the end.
	always bool

	// outsiders are outside of this kind's audience beside leakOutsiders; only
	// are those who are outside, if not leakOutsiders.
	outsiders, only []chat.UserID

	// insider is of the audience, or was before the end; what they find with
	// these calls differs.
	insider chat.UserID
	differs []string
}

var leakKinds = []leakKind{
	{
		name: "private", others: true,
		say: func(w *leakWorld, cid chat.CID, d chat.Draft) {
			if d.ParentID == "" { // a reply takes its parent's audience
				d.Restricted = []chat.UserID{"john", "leo"}
			}
			w.send(cid, "jane", d, nil)
		},
		always:  true,
		insider: "john",
		differs: []string{
			"AllMessages", "Channel", "Channels", "Message", "Messages", "MessagesByID", "TotalUnread", "Unread", "MarkUnread",
			"DeleteMessageForMe", "Send", "MarkReadTo", "Poll", "Events",
		},
	},
	{
		name: "pending", passing: true,
		say: func(w *leakWorld, cid chat.CID, d chat.Draft) {
			if slices.Contains([]chat.MessageID{"secret 2"}, d.ID) {
				return // what is pending has no replies
			}
			w.send(cid, "jane", d, &chat.SendOptions{Pending: chat.PendingOn, PendingMetadata: map[string]string{"why": "new"}})
		},
		always:    true,
		outsiders: []chat.UserID{"john", "ada"},
		insider:   "jane",
		differs:   []string{"Channel", "Channels", "Message", "MessagesByID", "UpdateMessage", "DeleteMessage", "Poll"},
	},
	{
		name: "ephemeral", passing: true,
		say: func(w *leakWorld, cid chat.CID, d chat.Draft) {
			if slices.Contains([]chat.MessageID{"secret 2"}, d.ID) {
				return // what is ephemeral has no replies
			}
			d.Text, d.Type, d.Custom = "/whisper "+d.Text, "", nil
			w.as("jane").post(cid, d)
		},
		always:    true,
		outsiders: []chat.UserID{"john", "ada"},
		insider:   "jane",
		differs:   []string{"Message", "MessagesByID", "RunAction"},
	},
	{
		name: "hard-deleted", others: true,
		say: func(w *leakWorld, cid chat.CID, d chat.Draft) { w.send(cid, "jane", d, nil) },
		end: func(w *leakWorld) {
			for _, id := range []chat.MessageID{"secret 1", "secret 3", "secret 4", "secret show 1", "secret show 2"} {
				_, err := w.DeleteMessage(w.ctx, id, chat.DeleteHard, "")
				w.check(err)
			}
		},
		outsiders: []chat.UserID{"john", "ada"},
		insider:   "", // nobody: it is gone for all
	},
	{
		// What one who was banned with all of it had sent.
		name: "deleted by a ban", others: true,
		say: func(w *leakWorld, cid chat.CID, d chat.Draft) { w.send(cid, "owner", d, nil) },
		after: func(w *leakWorld) {
			w.ban(chat.BanDraft{User: "owner", DeleteMessages: chat.DeleteHard})
		},
		only: []chat.UserID{"john", "ada", "mary", "max", "mod", "ned", "leo", "heidi", "mute", "newcomer"},
	},
	leakUnflagged,
	{
		// Which words a list flags.
		name: "a block list",
		begin: func(w *leakWorld) {
			words := []string{"public"}
			if w.secrets {
				words = []string{"secret", "posted"}
			}
			w.check(errOf(w.CreateBlockList(w.ctx, chat.BlockList{Name: "words", Words: words})))
			w.check(w.UpdateChannelType(w.ctx, "messaging", func(t *chat.ChannelType) error {
				t.BlockLists = []chat.BlockListUse{{List: "words", Action: chat.BlockFlag}}
				return nil
			}))
		},
		after: func(w *leakWorld) {
			w.as("john").post(leakRoom, chat.Draft{ID: "late 1", Text: "This was posted"})
			w.check(errOf(w.As("john").UpdateMessage(w.ctx, "late 1", chat.MessageUpdate{Text: "It was posted, and edited"})))
		},
		always:  true,
		only:    []chat.UserID{"john", "mary", "ned", "owner", "lea"},
		insider: "max", // who moderates
		differs: []string{"Flags"},
	},
	{
		name:  "shadowed",
		begin: func(w *leakWorld) { w.ban(chat.BanDraft{User: "jane", Shadow: true}) },
		say: func(w *leakWorld, cid chat.CID, d chat.Draft) {
			d.Type = "" // a system message takes a grant
			w.as("jane").post(cid, d)
		},
		always:    true,
		outsiders: []chat.UserID{"john"},
		insider:   "jane",
		differs: []string{
			"AllMessages", "Channel", "Channels", "Message", "Messages", "MessagesByID", "UpdateMessage", "DeleteMessage", "React",
			"Reactions", "Replies", "Threads",
		},
	},
	{
		// That one is banned in the shadow oneself.
		name: "a shadow ban",
		begin: func(w *leakWorld) {
			if w.secrets {
				w.ban(chat.BanDraft{User: "jane", CID: leakRoom, Shadow: true})
				w.ban(chat.BanDraft{User: "jane", CID: leakPlay, Shadow: true})
			}
		},
		after:   janeGoesOn,
		always:  true,
		only:    []chat.UserID{"jane"},
		insider: "ada", // an admin
		differs: []string{"AllMessages", "Bans"},
	},
	{
		// That one is so where one writes without being a member.
		name: "a shadow ban in a livestream",
		begin: func(w *leakWorld) {
			if w.secrets {
				w.ban(chat.BanDraft{User: "newcomer", CID: leakShow, Shadow: true})
			}
		},
		after:   func(w *leakWorld) { goesOn(w, "newcomer", leakShow) },
		always:  true,
		only:    []chat.UserID{"newcomer"},
		insider: "ada", // an admin
		differs: []string{"AllMessages", "Bans"},
	},
	{
		// That one is blocked oneself.
		name: "a block", pair: true,
		begin: func(w *leakWorld) {
			if w.secrets {
				w.check(w.As("john").BlockUser(w.ctx, "jane"))
			}
		},
		after:   janeGoesOn,
		always:  true,
		only:    []chat.UserID{"jane", "mary"},
		insider: "john",
		differs: []string{"AllMessages", "BlockedUsers", "Channel", "Channels"},
	},
	{
		// What was said before one came, or what one cleared.
		name: "history", others: true,
		say: func(w *leakWorld, cid chat.CID, d chat.Draft) { w.send(cid, "jane", d, nil) },
		after: func(w *leakWorld) {
			w.users("hal")
			for _, cid := range []chat.CID{leakRoom, leakShow} {
				w.check(w.AddMembers(w.ctx, cid, []chat.MemberDraft{{UserID: "hal", HideHistory: true}}, nil))
				w.check(w.As("heidi").HideChannel(w.ctx, cid, true))
			}
			d := chat.Draft{ID: "late 1", Text: "Welcome, Hal"}
			if w.secrets {
				d.QuotedID = "secret 1"
			}
			w.as("john").post(leakRoom, d)
		},
		only:    []chat.UserID{"hal", "heidi"},
		differs: []string{"AllMessages", "PinnedMessages", "Message", "Messages", "MessagesByID", "Reactions", "Replies"},
	},
	{
		// Who somebody was, and whom they muted and blocked.
		name: "an erased user",
		begin: func(w *leakWorld) {
			gone := chat.User{ID: "gone"}
			if w.secrets {
				gone.Name, gone.Role, gone.Custom = "A secret name", chat.RoleAdmin, chat.Custom{"phone": "555-1234"}
			}
			w.user(gone)
			for _, cid := range []chat.CID{leakRoom, leakShow} {
				d := chat.MemberDraft{UserID: "gone"}
				if w.secrets {
					d.Role, d.Custom = chat.RoleChannelModerator, chat.Custom{"note": "secret"}
				}
				w.check(w.AddMembers(w.ctx, cid, []chat.MemberDraft{d}, nil))
				w.send(cid, "gone", chat.Draft{ID: chat.MessageID("gone " + cid.ID()), Text: "Bye", Mentions: []chat.UserID{"mary"}}, nil)
			}
			if w.secrets {
				w.check(w.As("gone").MuteUser(w.ctx, "mary", 0))
				w.check(w.As("gone").BlockUser(w.ctx, "mary"))
				w.check(w.As("gone").HideChannel(w.ctx, leakRoom, true))
			}
		},
		after:   func(w *leakWorld) { w.check(w.EraseUser(w.ctx, "gone", chat.EraseKeep)) },
		only:    []chat.UserID{"mary", "max", "ned", "owner"},
		differs: []string{"Members", "Channel", "AllMessages", "Messages"},
	},
}

// janeGoesOn has Jane post, edit and react where she may be heard by nobody.
func janeGoesOn(w *leakWorld) {
	goesOn(w, "jane", leakRoom, leakPlay)
	w.as("john").post(leakPlay, chat.Draft{ID: "late public", Text: "It is quiet here"})
	w.check(w.As("john").MarkRead(w.ctx, leakPlay))
}

func goesOn(w *leakWorld, user chat.UserID, cids ...chat.CID) {
	who := w.as(user)
	for _, cid := range cids {
		id := chat.MessageID("late " + cid.ID())
		who.post(cid, chat.Draft{ID: id, Text: "Anybody there?", Mentions: []chat.UserID{"john"}})
		who.post(cid, chat.Draft{ID: id + " reply", Text: "@john", ParentID: id})
		w.check(errOf(who.UpdateMessage(w.ctx, id, chat.MessageUpdate{Text: "Is anybody there?"})))
		w.check(errOf(who.React(w.ctx, id, chat.ReactionDraft{Type: "wave"})))
		w.check(who.StartTyping(w.ctx, cid))
	}
}

// viewers are those who must not be able to tell.
func (k *leakKind) viewers() []chat.UserID {
	if k.only != nil {
		return k.only
	}
	return slices.Concat(leakOutsiders, k.outsiders)
}

// stays says whether secrets are messages that can be flagged and edited.
func (k *leakKind) stays() bool { return k.say != nil && !k.passing }

func (k *leakKind) begins(w *leakWorld) {
	if k.begin != nil {
		k.begin(w)
	}
}

func (k *leakKind) says(w *leakWorld, cid chat.CID, d chat.Draft) {
	if k.say != nil {
		k.say(w, cid, d)
	}
}

func (k *leakKind) ends(w *leakWorld) {
	if k.end != nil {
		k.end(w)
	}
}

func (k *leakKind) goesOn(w *leakWorld) {
	if k.after != nil {
		k.after(w)
	}
}
