package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/chat"
)

// ban bans a user as the application.
func (s *scenario) ban(d chat.BanDraft) chat.Ban {
	s.t.Helper()
	b, err := s.App.Ban(s.ctx, d, "")
	s.check(err)
	return b
}

// banReach is what a user can be banned from.
var banReach = map[string]chat.CID{"the channel": commandRoom, "the whole application": ""}

func TestBannedUserCannotPostAndGoesOnReading(t *testing.T) {
	for name, cid := range banReach {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, s *scenario) {
				commandStory(s)
				john := s.as("john")
				john.post(commandRoom, chat.Draft{ID: "mine", Text: "mine"})
				john.post(commandRoom, chat.Draft{ID: "mine too", Text: "mine too"})
				s.as("jane").post(commandRoom, chat.Draft{ID: "hers", Text: "hers"})
				s.ban(chat.BanDraft{User: "john", CID: cid})
				for what, err := range map[string]error{
					"send":    second(john.Send(s.ctx, commandRoom, chat.Draft{Text: "x"})),
					"reply":   second(john.Send(s.ctx, commandRoom, chat.Draft{Text: "x", ParentID: "hers"})),
					"command": second(john.Send(s.ctx, commandRoom, chat.Draft{Text: "/mute @jane"})),
					"update":  second(john.UpdateMessage(s.ctx, "mine", chat.MessageUpdate{Text: "x"})),
					"patch":   second(john.PatchMessage(s.ctx, "mine", chat.Patch{Set: map[string]any{"text": "x"}})),
				} {
					e := wantErr(t, err, chat.ErrBanned)
					if !errors.Is(err, chat.ErrPermission) || e.Op == "" {
						t.Errorf("%s: %v", what, err)
					}
				}
				john.wantTexts(commandRoom, "mine", "mine too", "hers")
				john.wantUnread(commandRoom, 1)
				s.check(john.MarkRead(s.ctx, commandRoom))
				s.check(john.FlagMessage(s.ctx, "hers", "rude"))
				s.check(john.MuteUser(s.ctx, "jane", 0))
				s.check(second(john.DeleteMessage(s.ctx, "mine", chat.DeleteSoft)))
				for _, action := range []chat.Action{chat.CreateMessage, chat.CreateReply, chat.UpdateMessageOwn, chat.RunMessageAction} {
					if slices.Contains(john.channel(commandRoom).Capabilities, action) {
						t.Errorf("%s is among the capabilities of a banned user", action)
					}
				}
				if !slices.Contains(john.channel(commandRoom).Capabilities, chat.DeleteMessageOwn) {
					t.Errorf("the capabilities of a banned user are %q", john.channel(commandRoom).Capabilities)
				}
				list, err := john.Channels(s.ctx, chat.ChannelQuery{})
				s.check(err)
				if slices.Contains(list.Items[0].Capabilities, chat.CreateMessage) {
					t.Errorf("in the list the capabilities of a banned user are %q", list.Items[0].Capabilities)
				}
				// The application still speaks in his name.
				s.send(commandRoom, "john", chat.Draft{Text: "for him"}, nil)
				s.check(s.App.Unban(s.ctx, "john", cid))
				john.send(commandRoom, "again")
				s.check(s.App.Unban(s.ctx, "john", cid))
			})
		})
	}
}

func TestBanFromAChannelIsOfThatChannelAlone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.channel("messaging:other", "jane", "john")
		s.ban(chat.BanDraft{User: "john", CID: commandRoom})
		s.as("john").send("messaging:other", "Hello")
		s.check(second(s.As("john").EnsureChannel(s.ctx, "messaging:new", chat.ChannelDraft{})))
		s.ban(chat.BanDraft{User: "john"})
		_, err := s.As("john").Send(s.ctx, "messaging:other", chat.Draft{Text: "Hello"})
		wantErr(t, err, chat.ErrBanned)
		_, err = s.As("john").EnsureChannel(s.ctx, "messaging:newer", chat.ChannelDraft{})
		wantErr(t, err, chat.ErrBanned)
		_, err = s.As("john").EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{Members: []chat.UserID{"jane"}})
		wantErr(t, err, chat.ErrBanned)
		s.check(second(s.As("john").EnsureChannel(s.ctx, "messaging:new", chat.ChannelDraft{})))
		_, err = s.As("john").UpdateChannel(s.ctx, "messaging:new", chat.ChannelUpdate{Name: "mine"}, nil)
		wantErr(t, err, chat.ErrBanned)
	})
}

func TestBanEndsByTheClockAndIsCleanedUp(t *testing.T) {
	for name, cid := range banReach {
		t.Run(name, func(t *testing.T) {
			for _, background := range []bool{true, false} {
				inMemory(t, &chat.Options{NoBackground: !background}, func(t *testing.T, s *scenario) {
					commandStory(s)
					before := len(s.dump())
					b := s.ban(chat.BanDraft{User: "john", CID: cid, Reason: "spam", Lasting: time.Hour})
					if b.User.ID != "john" || b.CID != cid || b.Reason != "spam" || b.By != nil || b.Expires == nil || b.Expires.Sub(b.CreatedAt) != time.Hour {
						t.Errorf("the ban is %+v", b)
					}
					s.sleep(time.Hour - time.Second)
					s.reopen()
					_, err := s.As("john").Send(s.ctx, commandRoom, chat.Draft{Text: "x"})
					wantErr(t, err, chat.ErrBanned)
					s.sleep(time.Second)
					bans, err := s.Bans(s.ctx, chat.BanQuery{CID: cid})
					s.check(err)
					if len(bans.Items) != 0 {
						t.Errorf("the bans are %+v", bans.Items)
					}
					if !background {
						s.check(second(s.RunDueWork(s.ctx)))
					}
					if after := len(s.dump()); after != before {
						t.Errorf("%d keys are stored, %d before the ban", after, before)
					}
					s.as("john").send(commandRoom, "back")
				})
			}
		})
	}
}

func TestBanAgainReplacesTheBan(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, Reason: "one", Lasting: time.Hour})
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, Reason: "two"})
		s.sleep(2 * time.Hour)
		bans, err := s.Bans(s.ctx, chat.BanQuery{CID: commandRoom})
		s.check(err)
		if len(bans.Items) != 1 || bans.Items[0].Reason != "two" || bans.Items[0].Expires != nil {
			t.Errorf("the bans are %+v", bans.Items)
		}
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, Lasting: time.Minute})
		s.sleep(2 * time.Minute)
		s.as("john").send(commandRoom, "back")
	})
}

func TestBanNeedsItsPermission(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.user(chat.User{ID: "sheriff", Role: chat.RoleModerator})
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		for _, c := range []struct {
			by   chat.UserID
			cid  chat.CID
			kind error
		}{
			{"jane", commandRoom, chat.ErrPermission},
			{"jane", "", chat.ErrPermission},
			{"ned", commandRoom, chat.ErrNotFound},
			{"mod", commandRoom, nil},
			{"mod", "", chat.ErrPermission},
			{"sheriff", commandRoom, nil},
			{"sheriff", "", nil},
			{"boss", "", nil},
			{"nobody", "", chat.ErrPermission},
		} {
			b, err := s.As(c.by).Ban(s.ctx, chat.BanDraft{User: "john", CID: c.cid})
			unban := s.As(c.by).Unban(s.ctx, "john", c.cid)
			_, list := s.As(c.by).Bans(s.ctx, chat.BanQuery{CID: c.cid})
			for _, err := range []error{err, unban, list} {
				if c.kind != nil {
					wantErr(t, err, c.kind)
				} else if err != nil {
					t.Errorf("%s: %v", c.by, err)
				}
			}
			if c.kind == nil && (b.By == nil || b.By.ID != c.by) {
				t.Errorf("the ban is %+v, want it by %s", b, c.by)
			}
		}
	})
}

func TestNobodyBansThemselvesNorWhoMayDoMore(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.user(chat.User{ID: "sheriff", Role: chat.RoleModerator})
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		for _, cid := range banReach {
			_, err := s.As("boss").Ban(s.ctx, chat.BanDraft{User: "boss", CID: cid})
			wantFieldErr(t, err, chat.ErrInvalid, "user")
			_, err = s.App.Ban(s.ctx, chat.BanDraft{User: "john", CID: cid}, "john")
			wantFieldErr(t, err, chat.ErrInvalid, "user")
			_, err = s.As("sheriff").Ban(s.ctx, chat.BanDraft{User: "boss", CID: cid})
			wantFieldErr(t, err, chat.ErrPermission, "user")
			s.check(second(s.As("boss").Ban(s.ctx, chat.BanDraft{User: "sheriff", CID: cid})))
			s.check(s.As("boss").Unban(s.ctx, "sheriff", cid))
			_, err = s.App.Ban(s.ctx, chat.BanDraft{User: "nobody", CID: cid}, "")
			wantFieldErr(t, err, chat.ErrInvalid, "user")
			_, err = s.App.Ban(s.ctx, chat.BanDraft{User: "john", CID: cid}, "nobody")
			wantFieldErr(t, err, chat.ErrInvalid, "by")
		}
		_, err := s.As("mod").Ban(s.ctx, chat.BanDraft{User: "boss", CID: commandRoom})
		wantErr(t, err, chat.ErrPermission)
		s.as("mod").wantError(s.as("mod").send(commandRoom, "/ban @boss"), "boss")

		// Who is banned bans nobody.
		s.ban(chat.BanDraft{User: "mod", CID: commandRoom})
		_, err = s.As("mod").Ban(s.ctx, chat.BanDraft{User: "john", CID: commandRoom})
		wantErr(t, err, chat.ErrBanned)
		s.ban(chat.BanDraft{User: "sheriff"})
		wantErr(t, s.As("sheriff").Unban(s.ctx, "sheriff", ""), chat.ErrBanned)
	})
}

// TestCreatorIsBannedOnlyByWhoMayDoAsMuch: who can delete a channel is not put
// out of it by who cannot.
func TestCreatorIsBannedOnlyByWhoMayDoAsMuch(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.user(chat.User{ID: "sheriff", Role: chat.RoleModerator})
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		for _, by := range []chat.UserID{"mod", "sheriff"} {
			_, err := s.As(by).Ban(s.ctx, chat.BanDraft{User: "owner", CID: commandRoom})
			wantFieldErr(t, err, chat.ErrPermission, "user")
		}
		s.as("mod").wantError(s.as("mod").send(commandRoom, "/ban @owner"), "owner", "may")
		// From the whole application they are banned as anyone is.
		s.check(second(s.As("sheriff").Ban(s.ctx, chat.BanDraft{User: "owner"})))
		s.check(s.As("sheriff").Unban(s.ctx, "owner", ""))
		s.check(second(s.As("boss").Ban(s.ctx, chat.BanDraft{User: "owner", CID: commandRoom})))
		s.check(s.As("boss").Unban(s.ctx, "owner", commandRoom))
		// A creator who may do no more than a moderator is banned by one.
		_, err := s.SetOverrides(s.ctx, commandRoom, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{
			chat.RoleChannelCreator: {chat.ReadChannel, chat.CreateMessage},
		}})
		s.check(err)
		s.check(second(s.As("mod").Ban(s.ctx, chat.BanDraft{User: "owner", CID: commandRoom})))
	})
}

func TestBanIsEndedOrReplacedByWhoSetItOrMayDoAsMuch(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		for id, role := range map[chat.UserID]chat.Role{"sheriff": chat.RoleModerator, "deputy": chat.RoleModerator, "boss": chat.RoleAdmin, "chief": chat.RoleAdmin} {
			s.user(chat.User{ID: id, Role: role})
		}
		for _, cid := range banReach {
			for _, c := range []struct {
				by, other chat.UserID // empty: the application
				may       bool
			}{
				{"boss", "sheriff", false},
				{"", "sheriff", false},
				{"", "boss", false},
				{"sheriff", "sheriff", true},
				{"sheriff", "deputy", true},
				{"sheriff", "boss", true},
				{"boss", "chief", true},
				{"jane", "sheriff", true}, // the application's in the name of one who may not ban
			} {
				ban := func() {
					s.check(second(s.App.Ban(s.ctx, chat.BanDraft{User: "john", CID: cid, Reason: "first", Lasting: time.Hour}, c.by)))
				}
				check := func(what string, err error) {
					t.Helper()
					switch {
					case !c.may:
						wantFieldErr(t, err, chat.ErrPermission, "user")
					case err != nil:
						t.Errorf("%q's ban, %s by %q: %v", c.by, what, c.other, err)
					}
					if c.may {
						return
					}
					bans, err := s.Bans(s.ctx, chat.BanQuery{CID: cid})
					s.check(err)
					if len(bans.Items) != 1 || bans.Items[0].Reason != "first" || bans.Items[0].Expires == nil {
						t.Errorf("%q's ban, %s by %q: the bans are %+v", c.by, what, c.other, bans.Items)
					}
				}
				ban()
				_, err := s.As(c.other).Ban(s.ctx, chat.BanDraft{User: "john", CID: cid, Lasting: time.Second})
				check("replaced", err)
				ban()
				check("ended", s.As(c.other).Unban(s.ctx, "john", cid))
				s.check(s.App.Unban(s.ctx, "john", cid))
			}
		}
		s.check(second(s.As("boss").Ban(s.ctx, chat.BanDraft{User: "john", CID: commandRoom})))
		s.as("mod").wantError(s.as("mod").send(commandRoom, "/unban @john"), "boss")
		s.as("mod").wantError(s.as("mod").send(commandRoom, "/ban @john"), "boss")
		// A ban that is over binds nobody.
		s.check(s.App.Unban(s.ctx, "john", commandRoom))
		s.ban(chat.BanDraft{User: "john", CID: commandRoom, Lasting: time.Microsecond})
		s.sleep(time.Millisecond)
		s.check(second(s.As("mod").Ban(s.ctx, chat.BanDraft{User: "john", CID: commandRoom})))
		s.check(s.As("mod").Unban(s.ctx, "john", commandRoom))
	})
}

func TestBansAreListedByPages(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		commandStory(s)
		for _, cid := range banReach {
			var want []chat.UserID
			for i := range 7 {
				id := chat.UserID(fmt.Sprint("user", i))
				s.users(id)
				d := chat.BanDraft{User: id, CID: cid}
				if i == 3 {
					d.Lasting = time.Microsecond
				} else {
					want = append(want, id)
				}
				s.ban(d)
			}
			s.sleep(time.Millisecond)
			var got []chat.UserID
			q := chat.BanQuery{CID: cid, Limit: 2}
			for {
				page, err := s.Bans(s.ctx, q)
				s.check(err)
				for _, b := range page.Items {
					got = append(got, b.User.ID)
				}
				if q.Page = page.Next; q.Page == "" {
					break
				}
				_, err = s.Bans(s.ctx, chat.BanQuery{CID: "messaging:other", Page: q.Page})
				wantErr(t, err, chat.ErrNotFound)
			}
			wantSame(t, "the bans", got, want)
		}
		page, err := s.Bans(s.ctx, chat.BanQuery{Limit: 2})
		s.check(err)
		_, err = s.Bans(s.ctx, chat.BanQuery{CID: commandRoom, Page: page.Next})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
	})
}

func TestBanGoesWithItsChannel(t *testing.T) {
	eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
		commandStory(s)
		before := len(s.dump())
		s.channel("messaging:short", "jane", "john")
		s.ban(chat.BanDraft{User: "john", CID: "messaging:short", Lasting: time.Hour})
		s.check(s.DeleteChannel(s.ctx, "messaging:short", chat.DeleteHard))
		s.channel("messaging:short", "jane", "john")
		s.as("john").send("messaging:short", "Hello")
		s.check(s.DeleteChannel(s.ctx, "messaging:short", chat.DeleteHard))
		s.check(second(s.RunDueWork(s.ctx)))
		// The id that stays taken, and the end of the ban that is still due.
		if after := len(s.dump()); after > before+3 {
			t.Errorf("%d keys are stored, %d before", after, before)
		}
	})
}

func TestABanFromAChannelLeavesWhatIsNotOfIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		cid := s.channel("messaging:ride", "jane", "john")
		s.ban(chat.BanDraft{User: "john", CID: cid})
		if list := s.as("john").channel(cid).Capabilities; !slices.Contains(list, chat.CreateChannel) || slices.Contains(list, chat.CreateMessage) {
			t.Errorf("the capabilities are %q", list)
		}
		s.check(second(s.As("john").EnsureChannel(s.ctx, "messaging:own", chat.ChannelDraft{})))
		s.ban(chat.BanDraft{User: "john"})
		if list := s.as("john").channel(cid).Capabilities; slices.Contains(list, chat.CreateChannel) {
			t.Errorf("banned from all, the capabilities are %q", list)
		}
	})
}
