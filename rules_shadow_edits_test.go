package chat_test

import (
	"testing"

	"example.com/chat"
)

// wantEdited checks what John and the others are shown of a message of his.
func (s *scenario) wantEdited(id chat.MessageID, his, others string) {
	s.t.Helper()
	if got := s.as("john").message(id); got.Text != his {
		s.t.Errorf("he is shown %q, want %q", got.Text, his)
	}
	for _, got := range []chat.Message{s.as("jane").message(id), s.as("mod").message(id), s.as("admin").message(id), s.message(id)} {
		if got.Text != others {
			s.t.Errorf("others are shown %q, want %q", got.Text, others)
		}
	}
}

func TestEditsOfAShadowBannedUserAreShownToThemAlone(t *testing.T) {
	for name, cid := range banReach {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, s *scenario) {
				commandStory(s)
				s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
				s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "admin"}}, nil))
				john, jane := s.as("john"), s.as("jane")
				john.post(commandRoom, chat.Draft{ID: "m", Text: "before", Custom: chat.Custom{"a": "b"}})
				jane.post(commandRoom, chat.Draft{ID: "quote", Text: "see", QuotedID: "m"})
				s.check(jane.MarkRead(s.ctx, commandRoom))
				s.ban(chat.BanDraft{User: "john", CID: cid, Shadow: true})
				before := jane.message("m")
				watch := map[chat.UserID]*reader{"john": s.watch("john"), "jane": s.watch("jane"), "": s.watch("")}
				edited, err := john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "@jane after", Mentions: []chat.UserID{"jane"}})
				s.check(err)
				if edited.Text != "@jane after" || len(edited.MentionedUsers) != 1 || edited.Custom != nil || edited.MessageTextUpdatedAt == nil {
					t.Errorf("he is told %+v", edited)
				}
				wantSame(t, "what he reads", john.message("m"), edited)
				s.wantEdited("m", "@jane after", "before")
				// A part of it applies to what he is shown.
				patched, err := john.PatchMessage(s.ctx, "m", chat.Patch{Set: map[string]any{"c": "d"}})
				s.check(err)
				if patched.Text != "@jane after" || patched.Custom["c"] != "d" || len(patched.Custom) != 1 {
					t.Errorf("he is told %+v", patched)
				}
				wantSame(t, "what she sees", jane.message("m"), before)
				jane.wantUnread(commandRoom, 0)
				john.wantTexts(commandRoom, "@jane after", "see")
				if his, hers := john.message("quote").QuotedMessage.Text, jane.message("quote").QuotedMessage.Text; his != "@jane after" || hers != "before" {
					t.Errorf("the quote shows him %q and her %q", his, hers)
				}
				for _, user := range []chat.UserID{"jane", ""} {
					for _, e := range watch[user].read() {
						t.Errorf("%q is told of %s", user, summary(e))
					}
				}
				told := watch["john"].read()
				if len(told) != 2 || told[0].Type != chat.MessageUpdated || told[1].Message.Text != "@jane after" {
					t.Errorf("he is told of %d events", len(told))
				}
				s.reopen()
				s.wantEdited("m", "@jane after", "before")
				// What he does when the ban is over is for all.
				s.check(s.Unban(s.ctx, "john", cid))
				s.wantEdited("m", "@jane after", "before")
				s.check(second(s.as("john").PatchMessage(s.ctx, "m", chat.Patch{Set: map[string]any{"text": "for all"}})))
				s.wantEdited("m", "for all", "for all")
				if m := s.as("jane").message("m"); m.Custom["c"] != "d" || len(m.MentionedUsers) != 1 {
					t.Errorf("she sees %+v", m)
				}
			})
		})
	}
}

func TestAnEditOfAnotherReplacesWhatTheAuthorAloneIsShown(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		shadowStory(s, "")
		s.send(commandRoom, "john", chat.Draft{ID: "m", Text: "before"}, nil)
		john := s.as("john")
		for _, edit := range []func(chat.MessageUpdate) error{
			func(u chat.MessageUpdate) error { return second(s.UpdateMessage(s.ctx, "m", u, nil)) },
			func(u chat.MessageUpdate) error { return second(s.As("mod").UpdateMessage(s.ctx, "m", u)) },
		} {
			s.check(second(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "his"})))
			if got := john.message("m").Text; got != "his" {
				t.Errorf("he is shown %q", got)
			}
			s.check(edit(chat.MessageUpdate{Text: "theirs"}))
			s.wantEdited("m", "theirs", "theirs")
		}
		s.check(second(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "his"})))
		// He cannot tell by what is refused either.
		john.post(commandRoom, chat.Draft{ID: "shadowed", Text: "x"})
		s.check(second(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{QuotedID: "shadowed"})))
		if m := john.message("m"); m.QuotedMessage == nil || s.as("jane").message("m").Text != "theirs" {
			t.Errorf("he is shown %+v", m)
		}
		s.check(second(john.DeleteMessage(s.ctx, "m", chat.DeleteSoft)))
		original, err := s.OriginalMessage(s.ctx, "m")
		s.check(err)
		if original.Text != "theirs" {
			t.Errorf("the original says %q", original.Text)
		}
	})
}

func TestEditsThatLeaveOnlyAQuoteOfAShadowedMessageAreTakenWhenTheBanIsOver(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		shadowStory(s, "")
		john, app := s.as("john"), s.send
		john.post(commandRoom, chat.Draft{ID: "his", Text: "his"})
		for _, id := range []chat.MessageID{"during", "after", "patched"} {
			app(commandRoom, "john", chat.Draft{ID: id, Text: "before"}, nil)
		}
		s.check(second(john.UpdateMessage(s.ctx, "during", chat.MessageUpdate{QuotedID: "his"})))
		s.check(s.Unban(s.ctx, "john", ""))
		s.check(second(john.UpdateMessage(s.ctx, "patched", chat.MessageUpdate{Text: "quotes", QuotedID: "his"})))
		s.wantEdited("patched", "quotes", "quotes")
		jane, all := s.watch("jane"), s.watch("")
		s.check(second(john.UpdateMessage(s.ctx, "after", chat.MessageUpdate{QuotedID: "his"})))
		s.check(second(john.PatchMessage(s.ctx, "patched", chat.Patch{Unset: []string{"text"}})))
		s.check(second(john.PatchMessage(s.ctx, "during", chat.Patch{Set: map[string]any{"k": "v"}})))
		for id, others := range map[chat.MessageID]string{"during": "before", "after": "before", "patched": "quotes"} {
			s.wantEdited(id, "", others)
			if m := john.message(id); m.QuotedMessage == nil || m.QuotedMessage.ID != "his" {
				t.Errorf("he is shown %+v", m)
			}
		}
		jane.wants()
		all.wants()
		if m := john.message("during"); m.Custom["k"] != "v" {
			t.Errorf("he is shown %+v", m)
		}
		// Others know what is his alone, or nothing of it.
		_, err := s.UpdateMessage(s.ctx, "after", chat.MessageUpdate{QuotedID: "his"}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "text")
		_, err = s.As("mod").UpdateMessage(s.ctx, "after", chat.MessageUpdate{QuotedID: "his"})
		wantFieldErr(t, err, chat.ErrNotFound, "")
		// With a text again it is for all.
		s.check(second(john.PatchMessage(s.ctx, "during", chat.Patch{Set: map[string]any{"text": "for all"}})))
		s.wantEdited("during", "for all", "for all")
	})
}

// TestBlockListsSeeAnEditWhenOthersAreShownIt: while its author alone was, it was
// flagged to nobody, and may have been allowed.
func TestBlockListsSeeAnEditWhenOthersAreShownIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		blockStory(s)
		s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
		john := s.as("john")
		touch := func(id chat.MessageID) error {
			return second(john.PatchMessage(s.ctx, id, chat.Patch{Set: map[string]any{"a": "b"}}))
		}
		for id, text := range map[chat.MessageID]string{"flagged": "Darn it", "rejected": "wicked", "held": "heavy", "fine": "Fine too"} {
			john.post(commandRoom, chat.Draft{ID: id, Text: "Fine"})
			s.ban(chat.BanDraft{User: "john", CID: commandRoom, Shadow: true})
			s.check(second(john.UpdateMessage(s.ctx, id, chat.MessageUpdate{Text: text})))
			s.check(s.Unban(s.ctx, "john", commandRoom))
		}
		s.check(second(s.UpdateBlockList(s.ctx, "rejects", []string{"wicked"})))
		s.check(second(s.UpdateBlockList(s.ctx, "holds", []string{"heavy"})))
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, Shadow: true})
		for _, id := range []chat.MessageID{"flagged", "rejected", "held", "fine"} {
			s.check(touch(id)) // as if nothing had changed
		}
		s.wantFlags("", commandRoom)
		s.check(s.Unban(s.ctx, "john", commandRoom))
		wantFieldErr(t, touch("rejected"), chat.ErrRejected, "text")
		wantFieldErr(t, touch("held"), chat.ErrRejected, "text")
		s.wantEdited("rejected", "wicked", "Fine")
		s.wantEdited("held", "heavy", "Fine")
		for _, id := range []chat.MessageID{"flagged", "fine"} {
			s.check(touch(id))
		}
		s.wantFlags("", commandRoom, "→flagged: block list flags: darn")
		s.wantEdited("flagged", "Darn it", "Darn it")
		s.wantEdited("fine", "Fine too", "Fine too")
		s.check(s.ReviewMessageFlags(s.ctx, "flagged", "fine", ""))
		s.check(second(john.PatchMessage(s.ctx, "flagged", chat.Patch{Set: map[string]any{"a": "c"}})))
		s.wantReviewed("", chat.OpenFlags)
	})
}

func TestEditsOfABlockedUserOneToOneAreShownToThemAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		two := s.channel("messaging:two", "john", "jane")
		john, jane := s.as("john"), s.as("jane")
		john.post(two, chat.Draft{ID: "m", Text: "before"})
		john.post(two, chat.Draft{ID: "own", Text: "own"})
		s.check(jane.BlockUser(s.ctx, "john"))
		watch := s.watch("jane")
		s.check(second(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "after"})))
		john.wantTexts(two, "after", "own")
		jane.wantTexts(two, "before", "own")
		if list := watch.read(); len(list) != 0 {
			t.Errorf("she is told of %s", summary(list[0]))
		}
		s.check(jane.UnblockUser(s.ctx, "john"))
		s.check(second(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "sorry"})))
		jane.wantTexts(two, "sorry", "own")
	})
}

// One who may see all that is private is told of their own edits as anyone is,
// and of none that they had not read of when they were removed.
func TestAnAdminIsToldOfEditsThatAreForThemAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "admin", Role: chat.RoleAdmin})
		s.channel(lounge, "john", "admin")
		m := s.as("admin").send(lounge, "before")
		s.ban(chat.BanDraft{User: "admin", CID: lounge, Shadow: true})
		admin, john, app := s.watch("admin"), s.watch("john"), s.watch("")
		edit := func(text string) {
			t.Helper()
			s.check(errOf(s.as("admin").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: text})))
		}
		edit("after")
		admin.wants("message.updated after")
		edit("later")
		s.check(s.RemoveMembers(s.ctx, lounge, []chat.UserID{"admin"}, nil))
		admin.wants("notification.removed_from_channel admin")
		john.wants("member.removed admin")
		app.wants("member.removed admin", "notification.removed_from_channel admin")
	})
}
