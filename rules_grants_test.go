package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"example.com/chat"
)

// Semantics 7, Grants: every row of the table, in every built-in type, by doing
// what there is a call for and by capabilities and grants for the rest.

var (
	everyAction = []chat.Action{
		chat.ReadChannel, chat.CreateChannel, chat.UpdateChannel, chat.UpdateChannelMembers, chat.DeleteChannel,
		chat.TruncateChannel, chat.LeaveChannel, chat.MuteChannel, chat.UseFrozenChannel, chat.CreateMessage,
		chat.CreateReply, chat.CreateAttachment, chat.CreateMention, chat.CreateSystemMessage, chat.AddLinks,
		chat.CreateMentionAll, chat.CreateMentionOnline, chat.UpdateMessage, chat.UpdateMessageOwn, chat.DeleteMessage, chat.DeleteMessageOwn, chat.PinMessage,
		chat.FlagMessage, chat.RunMessageAction, chat.CreateReaction, chat.DeleteReaction, chat.DeleteReactionOwn,
		chat.SendCustomEvent, chat.SearchMessages, chat.BanChannelMember, chat.BanUser, chat.MuteUser, chat.FlagUser,
		chat.SkipCooldown, chat.SkipModeration, chat.CreateRestrictedVisibilityMessage, chat.ReadRestrictedVisibilityMessage,
	}
	memberActions = []chat.Action{
		chat.ReadChannel, chat.CreateMessage, chat.CreateReply, chat.CreateAttachment, chat.CreateMention, chat.CreateReaction,
		chat.AddLinks, chat.FlagMessage, chat.MuteChannel, chat.PinMessage, chat.RunMessageAction, chat.SendCustomEvent,
		chat.LeaveChannel,
	}
	moderatorActions = append(slices.Clone(memberActions),
		chat.BanChannelMember, chat.CreateSystemMessage, chat.DeleteMessage, chat.UpdateMessage, chat.DeleteReaction,
		chat.SkipCooldown, chat.SkipModeration, chat.UpdateChannel, chat.UpdateChannelMembers, chat.UseFrozenChannel,
		chat.CreateMentionAll, chat.CreateMentionOnline)
	userActions = []chat.Action{
		chat.CreateChannel, chat.MuteUser, chat.FlagUser, chat.SearchMessages, chat.UpdateMessageOwn, chat.DeleteMessageOwn,
		chat.DeleteReactionOwn,
	}
	creatorActions = append(slices.Clone(memberActions),
		chat.UpdateChannel, chat.UpdateChannelMembers, chat.TruncateChannel, chat.DeleteChannel)
	guestActions = []chat.Action{chat.FlagUser, chat.MuteUser}
)

func without(list []chat.Action, actions ...chat.Action) []chat.Action {
	return slices.DeleteFunc(slices.Clone(list), func(a chat.Action) bool { return slices.Contains(actions, a) })
}

func plus(list []chat.Action, actions ...chat.Action) []chat.Action {
	list = append(slices.Clone(list), actions...)
	slices.Sort(list)
	return slices.Compact(list)
}

// grantsTable is the table of semantics 7: what each role grants in a type.
func grantsTable(channelType string) map[chat.Role][]chat.Action {
	table := map[chat.Role][]chat.Action{
		chat.RoleChannelMember:    memberActions,
		chat.RoleChannelModerator: moderatorActions,
		chat.RoleChannelCreator:   creatorActions,
		chat.RoleUser:             userActions,
		chat.RoleGuest:            guestActions,
		chat.RoleAnonymous:        nil,
		// A moderator is a channel_moderator everywhere, and keeps what every
		// user has.
		chat.RoleModerator: plus(plus(moderatorActions, userActions...), chat.BanUser),
		chat.RoleAdmin:     everyAction,
	}
	switch channelType {
	case "livestream":
		writing := without(memberActions, chat.MuteChannel, chat.PinMessage, chat.SendCustomEvent, chat.LeaveChannel)
		table[chat.RoleUser] = plus(userActions, writing...)
		table[chat.RoleGuest] = plus(guestActions, chat.ReadChannel)
		table[chat.RoleAnonymous] = []chat.Action{chat.ReadChannel}
	case "commerce":
		table[chat.RoleGuest] = plus(guestActions, chat.CreateChannel)
		table[chat.RoleChannelMember] = without(memberActions, chat.PinMessage)
		table[chat.RoleChannelCreator] = without(creatorActions, chat.PinMessage)
	case "gaming":
		table[chat.RoleUser] = without(userActions, chat.CreateChannel)
		table[chat.RoleChannelCreator] = memberActions
		table[chat.RoleModerator] = plus(table[chat.RoleModerator], chat.TruncateChannel, chat.DeleteChannel)
	}
	for role := range table {
		table[role] = plus(table[role])
	}
	return table
}

var builtinTypes = []string{"messaging", "team", "livestream", "commerce", "gaming"}

func TestTheGrantsOfEachTypeAreTheTable(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		for _, name := range builtinTypes {
			kind, err := s.ChannelType(s.ctx, name)
			s.check(err)
			want := grantsTable(name)
			for role, actions := range kind.Grants {
				if got := plus(actions); !slices.Equal(got, want[role]) {
					t.Errorf("%s grants %s: %v\nwant %v", name, role, got, want[role])
				}
			}
			if len(kind.Grants) != len(want) {
				t.Errorf("%s has grants for %d roles, want %d", name, len(kind.Grants), len(want))
			}
		}
	})
}

// player is someone with roles in a channel.
type player struct {
	name    string
	role    chat.Role // of the user; "bare" has no grants of its own
	member  chat.Role // empty: not a member
	creator bool
}

var players = []player{
	{"a member", "bare", chat.RoleChannelMember, false},
	{"a channel moderator", "bare", chat.RoleChannelModerator, false},
	{"a user", chat.RoleUser, "", false},
	{"a user who is a member", chat.RoleUser, chat.RoleChannelMember, false},
	{"a user who moderates the channel", chat.RoleUser, chat.RoleChannelModerator, false},
	{"a user who made the channel", chat.RoleUser, "", true},
	{"a guest", chat.RoleGuest, "", false},
	{"a guest who is a member", chat.RoleGuest, chat.RoleChannelMember, false},
	{"an anonymous user", chat.RoleAnonymous, "", false},
	{"a moderator", chat.RoleModerator, "", false},
	{"a moderator who is a member", chat.RoleModerator, chat.RoleChannelMember, false},
	{"an admin", chat.RoleAdmin, "", false},
	{"an admin who is a member", chat.RoleAdmin, chat.RoleChannelMember, false},
	{"someone without any grant", "bare", "", false},
}

// granted is what the player's roles add up to in a type.
func (p player) granted(channelType string) []chat.Action {
	table := grantsTable(channelType)
	list := table[p.role]
	if p.member != "" {
		list = plus(list, table[p.member]...)
	}
	if p.creator {
		list = plus(list, table[chat.RoleChannelCreator]...)
	}
	return plus(list)
}

// able is what of the granted actions would succeed: one cannot leave or mute a
// channel that one is not in, and what cannot be read is not there.
func (p player) able(channelType string) []chat.Action {
	list := p.granted(channelType)
	if !slices.Contains(list, chat.ReadChannel) {
		return nil
	}
	if p.member == "" {
		list = without(list, chat.LeaveChannel, chat.MuteChannel)
	}
	return list
}

// enter makes the player's user and a channel with them, a host and a friend.
func (p player) enter(s *scenario, user chat.UserID, cid chat.CID) {
	s.t.Helper()
	s.users("host", "friend", "mary")
	s.user(chat.User{ID: user, Role: p.role})
	d := chat.ChannelDraft{CreatedBy: "host", Members: []chat.UserID{"host", "friend"}}
	if p.creator {
		d.CreatedBy = user
	}
	_, err := s.EnsureChannel(s.ctx, cid, d)
	s.check(err)
	p.join(s, user, cid)
}

func (p player) join(s *scenario, user chat.UserID, cid chat.CID) {
	s.t.Helper()
	if p.member != "" {
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: user, Role: p.member}}, nil))
	}
}

// deed does what an action is about. Needs are other actions without which it
// cannot be done.
type deed struct {
	action chat.Action
	do     func(s *scenario, user chat.UserID, cid chat.CID) error
	needs  []chat.Action
	// or is an action that allows the same.
	or chat.Action
}

// deeds are in the order in which they can be tried in one channel.
func deeds() []deed {
	post := func(d chat.Draft) func(*scenario, chat.UserID, chat.CID) error {
		return func(s *scenario, user chat.UserID, cid chat.CID) error {
			if d.ParentID != "" {
				d.ParentID = s.send(cid, "host", chat.Draft{Text: "Hello"}, nil).ID
			}
			return second(s.As(user).Send(s.ctx, cid, d))
		}
	}
	change := func(own bool, do func(*chat.Session, *scenario, chat.MessageID) error) func(*scenario, chat.UserID, chat.CID) error {
		return func(s *scenario, user chat.UserID, cid chat.CID) error {
			author := chat.UserID("host")
			if own {
				author = user
			}
			return do(s.As(user), s, s.send(cid, author, chat.Draft{Text: "Hello"}, nil).ID)
		}
	}
	update := func(as *chat.Session, s *scenario, id chat.MessageID) error {
		if err := second(as.PatchMessage(s.ctx, id, chat.Patch{Set: map[string]any{"color": "red"}})); err != nil {
			return err
		}
		return second(as.UpdateMessage(s.ctx, id, chat.MessageUpdate{Text: "Hi"}))
	}
	remove := func(as *chat.Session, s *scenario, id chat.MessageID) error {
		if err := second(as.DeleteMessage(s.ctx, id, chat.DeleteSoft)); err != nil {
			return err
		}
		return second(as.DeleteMessage(s.ctx, id, chat.DeleteHard))
	}
	attachment := []chat.Attachment{{Type: "image", ImageURL: "https://example.org/a.png"}}
	writes := []chat.Action{chat.CreateMessage}
	return []deed{
		{action: chat.ReadChannel, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			return second(s.As(user).Channel(s.ctx, cid))
		}},
		{action: chat.CreateMessage, do: post(chat.Draft{Text: "Hello"})},
		{action: chat.CreateReply, do: post(chat.Draft{Text: "Hello", ParentID: "the host's"})},
		{action: chat.CreateAttachment, do: post(chat.Draft{Text: "Look", Attachments: attachment}), needs: writes},
		{action: chat.CreateMention, do: post(chat.Draft{Text: "Hello", Mentions: []chat.UserID{"host"}}), needs: writes},
		{action: chat.AddLinks, do: post(chat.Draft{Text: "See https://example.org"}), needs: writes},
		{action: chat.CreateSystemMessage, do: post(chat.Draft{Text: "Hello", Type: chat.TypeSystem}), needs: writes},
		{
			action: chat.CreateRestrictedVisibilityMessage,
			do:     post(chat.Draft{Text: "Hello", Restricted: []chat.UserID{"friend"}}), needs: writes,
		},
		{action: chat.ReadRestrictedVisibilityMessage, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			m := s.send(cid, "host", chat.Draft{Text: "Hello", Restricted: []chat.UserID{"friend"}}, nil)
			return second(s.As(user).Message(s.ctx, m.ID))
		}},
		{action: chat.UpdateMessage, do: change(false, update)},
		{action: chat.UpdateMessageOwn, do: change(true, update), or: chat.UpdateMessage},
		{action: chat.DeleteMessage, do: change(false, remove)},
		{action: chat.DeleteMessageOwn, do: change(true, remove), or: chat.DeleteMessage},
		{action: chat.MuteChannel, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			return s.As(user).MuteChannel(s.ctx, cid, 0)
		}},
		{action: chat.UpdateChannel, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			return errors.Join(
				second(s.As(user).PatchChannel(s.ctx, cid, chat.Patch{Set: map[string]any{"color": "red"}})),
				second(s.As(user).UpdateChannel(s.ctx, cid, chat.ChannelUpdate{Name: "Ride"}, nil)),
				second(s.As(user).SetFrozen(s.ctx, cid, false)))
		}},
		{action: chat.UpdateChannelMembers, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			return errors.Join(
				s.As(user).AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary"}}, nil),
				second(s.As(user).UpdateMember(s.ctx, cid, "friend", chat.MemberUpdate{})),
				s.As(user).RemoveMembers(s.ctx, cid, []chat.UserID{"mary"}, nil))
		}},
		{action: chat.UseFrozenChannel, needs: writes, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			_, err := s.SetFrozen(s.ctx, cid, true)
			s.check(err)
			refusal := second(s.As(user).Send(s.ctx, cid, chat.Draft{Text: "Hello"}))
			_, err = s.SetFrozen(s.ctx, cid, false)
			s.check(err)
			return refusal
		}},
		{action: chat.LeaveChannel, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			return s.As(user).LeaveChannel(s.ctx, cid)
		}},
		{action: chat.TruncateChannel, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			return s.As(user).TruncateChannel(s.ctx, cid, nil)
		}},
		{action: chat.DeleteChannel, do: func(s *scenario, user chat.UserID, cid chat.CID) error {
			return s.As(user).DeleteChannel(s.ctx, cid, chat.DeleteSoft)
		}},
	}
}

// TestEachGrantIsWhatOneCanDo has each player try each deed in each type.
func TestEachGrantIsWhatOneCanDo(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		for _, channelType := range builtinTypes {
			for i, p := range players {
				user, cid := chat.UserID(fmt.Sprint("player-", i)), chat.CID(fmt.Sprint(channelType, ":", i))
				p.enter(s, user, cid)
				able := p.able(channelType)
				for _, d := range deeds() {
					want := slices.Contains(able, d.action) || d.or != "" && slices.Contains(able, d.or)
					for _, need := range d.needs {
						want = want && slices.Contains(able, need)
					}
					err := d.do(s, user, cid)
					refused := errors.Is(err, chat.ErrPermission) || errors.Is(err, chat.ErrNotFound) || errors.Is(err, chat.ErrFrozen)
					if want != (err == nil) || err != nil && !refused {
						t.Errorf("%s, %s, %s: allowed is %v, and it answers %v", channelType, p.name, d.action, want, err)
					}
					if len(able) == 0 && !errors.Is(err, chat.ErrNotFound) {
						t.Errorf("%s, %s, %s: not being able to read answers %v, want ErrNotFound", channelType, p.name, d.action, err)
					}
					if d.action == chat.LeaveChannel {
						p.join(s, user, cid)
					}
				}
				// These belong to no channel.
				granted := p.granted(channelType)
				err := second(s.As(user).EnsureChannel(s.ctx, cid+"-new", chat.ChannelDraft{}))
				if want := slices.Contains(grantsTable(channelType)[p.role], chat.CreateChannel); want != (err == nil) || err != nil && !errors.Is(err, chat.ErrPermission) {
					t.Errorf("%s, %s: to create a channel is allowed: %v, and it answers %v", channelType, p.name, want, err)
				}
				err = s.As(user).MuteUser(s.ctx, "host", 0)
				if want := slices.Contains(granted, chat.MuteUser); want != (err == nil) || err != nil && !errors.Is(err, chat.ErrPermission) {
					t.Errorf("%s, %s: to mute a user is allowed: %v, and it answers %v", channelType, p.name, want, err)
				}
			}
		}
	})
}

func TestCapabilitiesAreWhatWouldSucceed(t *testing.T) {
	off := false
	states := map[string]struct {
		set func(s *scenario, cid chat.CID) error
		not []chat.Action // what no longer succeeds
		but chat.Action   // except for who may do this
	}{
		"as made": {set: func(*scenario, chat.CID) error { return nil }},
		"frozen": {
			set: func(s *scenario, cid chat.CID) error { return second(s.SetFrozen(s.ctx, cid, true)) },
			not: []chat.Action{
				chat.CreateMessage, chat.CreateReply, chat.CreateAttachment, chat.CreateMention, chat.CreateReaction,
				chat.AddLinks, chat.CreateSystemMessage, chat.CreateRestrictedVisibilityMessage,
			},
			but: chat.UseFrozenChannel,
		},
		"with features off": {
			set: func(s *scenario, cid chat.CID) error {
				return second(s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{Replies: &off, Reactions: &off, Mutes: &off, Search: &off}))
			},
			not: []chat.Action{chat.CreateReply, chat.CreateReaction, chat.MuteChannel, chat.SearchMessages},
		},
	}
	eachDriver(t, func(t *testing.T, s *scenario) {
		n := 0
		for name, state := range states {
			for _, channelType := range builtinTypes {
				for i, p := range players {
					n++
					user, cid := chat.UserID(fmt.Sprint("player-", i)), chat.CID(fmt.Sprint(channelType, ":", n))
					p.enter(s, user, cid)
					s.check(state.set(s, cid))
					want := p.able(channelType)
					if state.but == "" || !slices.Contains(want, state.but) {
						want = without(want, state.not...)
					}
					found, err := s.As(user).Channel(s.ctx, cid)
					if len(want) == 0 {
						wantErr(t, err, chat.ErrNotFound)
						continue
					}
					s.check(err)
					if !slices.Equal(found.Capabilities, want) {
						t.Errorf("%s %s, %s: capabilities %v\nwant %v", channelType, name, p.name, found.Capabilities, want)
					}
					if name != "as made" && channelType != "messaging" {
						continue
					}
					// And they do, or do not, succeed.
					for _, d := range deeds() {
						if d.action == chat.UseFrozenChannel || d.or != "" {
							continue // thaws the channel; is allowed in two ways
						}
						err := d.do(s, user, cid)
						if slices.Contains(found.Capabilities, d.action) != (err == nil) {
							t.Errorf("%s %s, %s: %s answers %v; the capabilities are %v", channelType, name, p.name, d.action, err, found.Capabilities)
						}
						switch d.action {
						case chat.UpdateChannel:
							s.check(state.set(s, cid)) // it thawed the channel
						case chat.LeaveChannel:
							p.join(s, user, cid)
						}
					}
				}
			}
		}
	})
}

func TestTheApplicationsCapabilitiesAreAll(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane")
		_, err := s.SetFrozen(s.ctx, cid, true)
		s.check(err)
		// The application is never checked: it speaks for one without any grant.
		s.user(chat.User{ID: "anon", Role: chat.RoleAnonymous})
		s.send(cid, "anon", chat.Draft{
			Text: "See https://example.org", Type: chat.TypeSystem, Mentions: []chat.UserID{"jane"}, Restricted: []chat.UserID{"jane"},
		}, nil)
		s.as("jane").wantTexts(cid, "See https://example.org")
	})
}

func TestAGuestOfCommerceMakesAChannelAndWritesInIt(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("clerk")
		s.user(chat.User{ID: "gus", Role: chat.RoleGuest})
		channel, err := s.As("gus").EnsureChannel(s.ctx, "commerce:order", chat.ChannelDraft{Members: []chat.UserID{"clerk"}})
		s.check(err)
		s.as("gus").send(channel.CID, "Where is my order?")
		s.as("clerk").send(channel.CID, "On its way")
		s.as("gus").wantTexts(channel.CID, "Where is my order?", "On its way")
		_, err = s.As("gus").EnsureChannel(s.ctx, "messaging:order", chat.ChannelDraft{})
		wantErr(t, err, chat.ErrPermission)
		if slices.Contains(s.as("gus").channel(channel.CID).Capabilities, chat.PinMessage) {
			t.Error("a member may pin in commerce")
		}
	})
}

// TestNeedsOfAnEdit: attachments, mentions and links need their grants in an
// update as in a send.
func TestNeedsOfAnEdit(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("john").send(cid, "Hello")
		_, err := s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{Grants: map[chat.Role][]chat.Action{
			chat.RoleChannelMember: {chat.ReadChannel, chat.CreateMessage},
		}})
		s.check(err)
		for _, u := range []chat.MessageUpdate{
			{Text: "See https://example.org"},
			{Text: "Look", Attachments: []chat.Attachment{{Type: "image", ImageURL: "/a.png"}}},
			{Text: "Hello", Mentions: []chat.UserID{"jane"}},
		} {
			wantErr(t, second(s.As("john").UpdateMessage(s.ctx, m.ID, u)), chat.ErrPermission)
			d := chat.Draft{Text: u.Text, Attachments: u.Attachments, Mentions: u.Mentions}
			wantErr(t, second(s.As("john").Send(s.ctx, cid, d)), chat.ErrPermission)
		}
		for path, value := range map[string]any{
			"text": "https://example.org", "mentioned_users": []string{"jane"}, "attachments": []any{map[string]any{"type": "x"}},
		} {
			err := second(s.As("john").PatchMessage(s.ctx, m.ID, chat.Patch{Set: map[string]any{path: value}}))
			wantErr(t, err, chat.ErrPermission)
		}
		wantErr(t, second(s.As("john").Send(s.ctx, cid, chat.Draft{Text: "Hi", ParentID: m.ID})), chat.ErrPermission)
		_, err = s.As("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "Hello all"})
		s.check(err)
	})
}
