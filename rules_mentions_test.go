package chat_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// onlineLeft is longer than one is online who read events.
const onlineLeft = 31 * time.Second

// wantMentions checks how many of the messages that a user has unread mention
// them.
func (a *actor) wantMentions(cid chat.CID, want int) {
	a.s.t.Helper()
	if state := a.channel(cid); state.UnreadMentions != want {
		a.s.t.Errorf("%s has %d unread mentions of %d unread, want %d", a.User(), state.UnreadMentions, state.Unread, want)
	}
	if got := a.s.totals(a.User()).Mentions; got != want {
		a.s.t.Errorf("%s has %d unread mentions in all, want %d", a.User(), got, want)
	}
}

func TestMentionedUsersAreWholeAndCurrent(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		m := s.as("john").post(lounge, chat.Draft{Text: "jane!", Mentions: []chat.UserID{"jane"}})
		s.user(chat.User{ID: "jane", Name: "Jane Doe", Custom: chat.Custom{"color": "red"}})
		for _, got := range []chat.Message{s.as("john").message(m.ID), s.page(lounge, chat.MessageQuery{}).Items[0]} {
			if len(got.MentionedUsers) != 1 || got.MentionedUsers[0].Name != "Jane Doe" || got.MentionedUsers[0].Custom["color"] != "red" {
				t.Errorf("mentioned: %+v", got.MentionedUsers)
			}
		}
	})
}

func TestUnreadMentionsAreThoseOfWhatIsUnread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		mention := func(text string, who ...chat.UserID) chat.Message {
			return s.as("john").post(lounge, chat.Draft{Text: text, Mentions: who})
		}
		jane := s.as("jane")
		first := mention("one", "jane", "june", "john")
		s.as("john").send(lounge, "none")
		second := mention("two", "jane")
		jane.wantMentions(lounge, 2)
		s.as("june").wantMentions(lounge, 1)
		s.as("john").wantMentions(lounge, 0) // nobody mentions themselves
		s.check(s.as("john").MarkUnread(s.ctx, first.ID))
		s.as("john").wantMentions(lounge, 0)

		s.check(jane.MarkReadTo(s.ctx, first.ID))
		jane.wantMentions(lounge, 1)
		s.check(jane.MarkUnread(s.ctx, first.ID))
		jane.wantMentions(lounge, 2)
		s.check(jane.DeleteMessageForMe(s.ctx, first.ID))
		jane.wantMentions(lounge, 1)
		s.check(errOf(s.DeleteMessage(s.ctx, second.ID, chat.DeleteSoft, "")))
		jane.wantMentions(lounge, 0)
		s.check(errOf(s.UndeleteMessage(s.ctx, second.ID, "john")))
		jane.wantMentions(lounge, 1)
		// An edit mentions, and no longer does; of an older message too.
		s.check(errOf(s.UpdateMessage(s.ctx, second.ID, chat.MessageUpdate{Text: "two"}, nil)))
		jane.wantMentions(lounge, 0)
		third := mention("three")
		mention("four", "jane")
		s.check(errOf(s.PatchMessage(s.ctx, third.ID, chat.Patch{Set: map[string]any{"mentioned_users": []string{"jane"}}})))
		jane.wantMentions(lounge, 2)
		s.check(errOf(s.DeleteMessage(s.ctx, third.ID, chat.DeleteHard, "")))
		jane.wantMentions(lounge, 1)

		s.as("john").post(lounge, chat.Draft{Text: "hush", Silent: true, Mentions: []chat.UserID{"jane"}})
		jane.wantMentions(lounge, 1)
		s.as("june").send(lounge, "by another")
		s.check(jane.MuteUser(s.ctx, "john", 0))
		jane.wantMentions(lounge, 0)
		s.check(jane.UnmuteUser(s.ctx, "john"))
		s.check(jane.MuteChannel(s.ctx, lounge, 0))
		jane.wantMentions(lounge, 0)
		s.check(jane.UnmuteChannel(s.ctx, lounge))
		jane.wantMentions(lounge, 1)

		// Replies count in the channel if they are shown there.
		s.as("john").post(lounge, chat.Draft{Text: "reply", ParentID: first.ID, Mentions: []chat.UserID{"jane"}})
		jane.wantMentions(lounge, 1)
		s.as("john").post(lounge, chat.Draft{Text: "shown", ParentID: first.ID, ShowInChannel: true, Mentions: []chat.UserID{"jane"}})
		jane.wantMentions(lounge, 2)
		thread, err := jane.Thread(s.ctx, first.ID)
		s.check(err)
		if thread.Unread != 2 || thread.UnreadMentions != 2 {
			t.Errorf("of the thread jane has %d unread, %d mentions", thread.Unread, thread.UnreadMentions)
		}
		s.check(jane.MarkRead(s.ctx, lounge))
		jane.wantMentions(lounge, 0)
	})
}

func TestMentionsAreUnreadAgainWhenAMuteIsOver(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.as("june").send(lounge, "by another")
		s.check(s.as("jane").MuteUser(s.ctx, "john", time.Hour))
		s.as("john").post(lounge, chat.Draft{Text: "jane", Mentions: []chat.UserID{"jane"}})
		s.as("jane").wantMentions(lounge, 0)
		s.sleep(2 * time.Hour)
		s.as("jane").wantMentions(lounge, 1)
	})
}

func TestMentionOutsideAPrivateAudienceNotifiesNobody(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.send(lounge, "john", chat.Draft{Text: "for all"}, nil)
		s.send(lounge, "john", chat.Draft{Text: "jane, june", Restricted: []chat.UserID{"jane"}, Mentions: []chat.UserID{"jane", "june"}}, nil)
		s.as("jane").wantMentions(lounge, 1)
		s.as("june").wantMentions(lounge, 0)
		s.send(lounge, "john", chat.Draft{Text: "both", Restricted: []chat.UserID{"jane"}, MentionAll: true}, nil)
		s.as("jane").wantMentions(lounge, 2)
		s.as("june").wantMentions(lounge, 0)
	})
}

func TestPrivateMessagesMentionOnlyThoseTheyAreFor(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.user(chat.User{ID: "root", Role: chat.RoleAdmin})
		s.check(s.AddMembers(s.ctx, lounge, []chat.MemberDraft{{UserID: "root"}}, nil))
		for _, d := range []chat.Draft{
			{Text: "by id", Mentions: []chat.UserID{"jane", "root"}},
			{Text: "all", MentionAll: true},
			{Text: "both", MentionAll: true, Mentions: []chat.UserID{"root"}},
			{Text: "none"},
		} {
			d.Restricted = []chat.UserID{"jane"}
			s.send(lounge, "john", d, nil)
		}
		root := s.as("root")
		root.wantUnread(lounge, 4)
		root.wantMentions(lounge, 0)
		s.as("jane").wantMentions(lounge, 3)
		s.send(lounge, "john", chat.Draft{Text: "for root", Restricted: []chat.UserID{"root"}, MentionAll: true}, nil)
		root.wantUnread(lounge, 5)
		root.wantMentions(lounge, 1)
	})
}

func TestWhoIsNoLongerNamedIsStillMentionedWithEveryone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		for _, restricted := range [][]chat.UserID{nil, {"jane"}} {
			m := s.send(lounge, "john", chat.Draft{Text: "all", Restricted: restricted, MentionAll: true, Mentions: []chat.UserID{"jane"}}, nil)
			s.as("jane").wantMentions(lounge, 1)
			s.check(errOf(s.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "all"}, nil)))
			s.as("jane").wantMentions(lounge, 1)
			s.check(s.as("jane").MarkRead(s.ctx, lounge))
		}
	})
}

func TestPendingMessagesMentionFromTheirCommit(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.as("john").send(lounge, "first")
		held := s.send(lounge, "john", chat.Draft{Text: "jane", Mentions: []chat.UserID{"jane"}}, &chat.SendOptions{Pending: chat.PendingOn})
		s.as("jane").wantMentions(lounge, 0)
		s.check(errOf(s.CommitMessage(s.ctx, held.ID)))
		s.as("jane").wantMentions(lounge, 1)
	})
}

func TestMentioningEveryoneIsAFlagWithItsPermission(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		s.check(errOf(s.UpdateMember(s.ctx, lounge, "june", chat.MemberUpdate{Role: chat.RoleChannelModerator})))
		all := chat.Draft{ID: "all", Text: "everyone", MentionAll: true, Mentions: []chat.UserID{"jane"}}
		here := chat.Draft{Text: "who is here", MentionOnline: true}
		for _, d := range []chat.Draft{all, here} {
			wantErr(t, errOf(s.as("john").Send(s.ctx, lounge, d)), chat.ErrPermission)
		}
		got := s.as("june").post(lounge, all)
		if !got.MentionsAll || got.MentionsOnline || !s.as("jane").message(got.ID).MentionsAll {
			t.Errorf("mentions all: %v, online: %v", got.MentionsAll, got.MentionsOnline)
		}
		wantSame(t, "sent again", s.as("june").post(lounge, all), got)
		wantErr(t, errOf(s.as("june").Send(s.ctx, lounge, chat.Draft{ID: "all", Text: "everyone", Mentions: []chat.UserID{"jane"}})), chat.ErrConflict)
		if m := s.as("june").post(lounge, here); !m.MentionsOnline || m.MentionsAll {
			t.Errorf("mentions all: %v, online: %v", m.MentionsAll, m.MentionsOnline)
		}
		s.as("jane").wantMentions(lounge, 1) // who is online is of no account later
		s.as("john").wantMentions(lounge, 1)
		s.as("june").wantMentions(lounge, 0)
		s.as("john").send(lounge, "by another")
		s.check(s.as("june").MarkUnread(s.ctx, got.ID))
		s.as("june").wantMentions(lounge, 0)
		// An edit leaves the flags.
		s.check(errOf(s.as("june").UpdateMessage(s.ctx, got.ID, chat.MessageUpdate{Text: "all"})))
		s.as("jane").wantMentions(lounge, 1)
		s.check(errOf(s.DeleteMessage(s.ctx, got.ID, chat.DeleteSoft, "")))
		s.as("jane").wantMentions(lounge, 0)
		if m := s.as("jane").message(got.ID); m.MentionsAll {
			t.Error("a placeholder mentions everyone")
		}

		for _, d := range []chat.Draft{{Text: "x", ParentID: "all", MentionAll: true}, {Text: "x", ParentID: "all", MentionOnline: true}} {
			field := "mentioned_channel"
			if d.MentionOnline {
				field = "mentioned_here"
			}
			wantFieldErr(t, errOf(s.Send(s.ctx, lounge, "june", d, nil)), chat.ErrInvalid, field)
			d.ShowInChannel = true
			s.check(errOf(s.Send(s.ctx, lounge, "june", d, nil)))
		}
		for _, user := range []chat.UserID{"john", "june"} {
			state := s.as(user).channel(lounge)
			for _, action := range []chat.Action{chat.CreateMentionAll, chat.CreateMentionOnline} {
				if got := slices.Contains(state.Capabilities, action); got != (user == "june") {
					t.Errorf("%s can %s: %v", user, action, got)
				}
			}
		}
	})
}

func TestMentionsLeaveNothingBehind(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(s *scenario) error
	}{
		{"hard delete", func(s *scenario) error { return errOf(s.DeleteMessage(s.ctx, "m", chat.DeleteHard, "")) }},
		{"edit", func(s *scenario) error {
			return errOf(s.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "nobody"}, nil))
		}},
		{"truncation", func(s *scenario) error { return s.TruncateChannel(s.ctx, lounge, &chat.TruncateOptions{Hard: true}) }},
		{"channel", func(s *scenario) error { return s.DeleteChannel(s.ctx, lounge, chat.DeleteHard) }},
	} {
		eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
			s.channel(lounge, "john", "jane")
			s.users("zebra")
			before := s.dump()
			s.as("john").post(lounge, chat.Draft{ID: "m", Text: "zebra", Mentions: []chat.UserID{"zebra"}})
			s.check(end.do(s))
			s.check(errOf(s.RunDueWork(s.ctx)))
			for key := range s.dump() {
				if _, known := before[key]; !known && strings.Contains(key, "zebra") {
					t.Errorf("%s: the key %q is left", end.name, key)
				}
			}
		})
	}
}

func TestPushSaysWhomAMessageMentions(t *testing.T) {
	p := new(phone)
	online := chat.PresenceFunc(func(_ context.Context, users []chat.UserID) ([]chat.UserID, error) {
		return slices.DeleteFunc(users, func(u chat.UserID) bool { return u != "june" }), nil
	})
	eachDriverWith(t, &chat.Options{Pusher: p, Presence: online, NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june", "jo")
		s.check(s.as("jo").MuteChannel(s.ctx, lounge, 0))
		for _, test := range []struct {
			draft chat.Draft
			want  []chat.UserID
		}{
			{chat.Draft{Text: "none"}, nil},
			{chat.Draft{Text: "jane", Mentions: []chat.UserID{"jane", "jo", "john"}}, []chat.UserID{"jane"}},
			{chat.Draft{Text: "all", MentionAll: true}, []chat.UserID{"jane", "june"}},
			{chat.Draft{Text: "here", MentionOnline: true}, []chat.UserID{"june"}},
			{chat.Draft{Text: "here", MentionOnline: true, Mentions: []chat.UserID{"jane"}}, []chat.UserID{"jane", "june"}},
			{chat.Draft{Text: "private", Restricted: []chat.UserID{"jane"}, Mentions: []chat.UserID{"jane", "june"}}, []chat.UserID{"jane"}},
		} {
			s.send(lounge, "john", test.draft, nil)
			s.check(errOf(s.RunDueWork(s.ctx)))
			all := p.all()
			if got := all[len(all)-1].Mentioned; !slices.Equal(got, test.want) {
				t.Errorf("%+v mentions %v, want %v", test.draft, got, test.want)
			}
		}
	})
}

func TestWithoutAPresenceThoseAreOnlineWhoReadEvents(t *testing.T) {
	p := new(phone)
	inMemory(t, &chat.Options{Pusher: p, NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		push := func() []chat.UserID {
			s.send(lounge, "john", chat.Draft{Text: "here", MentionOnline: true}, nil)
			s.check(errOf(s.RunDueWork(s.ctx)))
			all := p.all()
			return all[len(all)-1].Mentioned
		}
		wantSame(t, "online", push(), nil)
		s.watch("june")
		wantSame(t, "online", push(), []chat.UserID{"june"})
		s.sleep(onlineLeft)
		wantSame(t, "online later", push(), nil)
	})
}

func TestPushIsTriedAgainIfThePresenceFails(t *testing.T) {
	p := new(phone)
	down := true
	presence := chat.PresenceFunc(func(_ context.Context, users []chat.UserID) ([]chat.UserID, error) {
		if down {
			return nil, errors.New("down")
		}
		return users, nil
	})
	inMemory(t, &chat.Options{Pusher: p, Presence: presence, NoBackground: true}, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		s.send(lounge, "john", chat.Draft{Text: "here", MentionOnline: true}, nil)
		s.check(errOf(s.RunDueWork(s.ctx)))
		if n := len(p.all()); n != 0 {
			t.Errorf("%d pushes", n)
		}
		down = false
		s.sleep(onlineLeft)
		s.check(errOf(s.RunDueWork(s.ctx)))
		if all := p.all(); len(all) != 1 || !slices.Equal(all[0].Mentioned, []chat.UserID{"jane"}) {
			t.Errorf("pushed %+v", all)
		}
	})
}
