package chat_test

import (
	"slices"
	"testing"

	"example.com/chat"
)

// Semantics 7: the roles of members. Nobody makes anyone, themself included,
// able to do more in a channel than they are themself.

// gives has a user give a role to a member, in each way there is. The member is
// as before afterwards, and newcomer is not one.
func (a *actor) gives(cid chat.CID, member, newcomer chat.UserID, role chat.Role) [2]error {
	a.s.t.Helper()
	_, updated := a.UpdateMember(a.s.ctx, cid, member, chat.MemberUpdate{Role: role})
	if updated == nil {
		a.s.wantRole(cid, member, role)
	}
	_, err := a.s.UpdateMember(a.s.ctx, cid, member, chat.MemberUpdate{Role: chat.RoleChannelMember})
	a.s.check(err)
	added := a.AddMembers(a.s.ctx, cid, []chat.MemberDraft{{UserID: newcomer, Role: role}}, nil)
	if added == nil {
		a.s.wantRole(cid, newcomer, role)
	}
	a.s.check(a.s.RemoveMembers(a.s.ctx, cid, []chat.UserID{newcomer}, nil))
	return [2]error{updated, added}
}

// wantRole checks the role that a member has.
func (s *scenario) wantRole(cid chat.CID, user chat.UserID, want chat.Role) {
	s.t.Helper()
	page, err := s.Members(s.ctx, cid, chat.MemberQuery{Limit: 300})
	s.check(err)
	for _, m := range page.Items {
		if m.User.ID == user {
			if m.Role != want {
				s.t.Errorf("%s is %s, want %s", user, m.Role, want)
			}
			return
		}
	}
	s.t.Errorf("%s is no member", user)
}

// roleFields are where the errors of gives say the role is.
var roleFields = [2]string{"role", "members[0].role"}

func TestNobodyGivesARoleThatMayMoreThanTheyMay(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("newcomer")
		s.user(chat.User{ID: "mod", Role: chat.RoleModerator})
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(kind *chat.ChannelType) error {
			kind.Grants["support"] = []chat.Action{chat.ReadChannel, chat.ReadRestrictedVisibilityMessage}
			kind.Grants["greeter"] = []chat.Action{chat.ReadChannel, chat.CreateMessage}
			kind.Grants["silent"] = nil
			return nil
		}))
		cid := s.channel("messaging:ride", "jane", "john", "max")
		_, err := s.UpdateMember(s.ctx, cid, "max", chat.MemberUpdate{Role: chat.RoleChannelModerator})
		s.check(err)
		secret := s.send(cid, "boss", chat.Draft{Text: "Between admins", Restricted: []chat.UserID{"boss"}}, nil)

		for user, may := range map[chat.UserID][]chat.Role{
			"jane": {chat.RoleChannelMember, "greeter", "silent", "unheard-of"}, // the creator
			"max":  {chat.RoleChannelMember, "greeter", "silent", "unheard-of", chat.RoleChannelModerator},
			"mod":  {chat.RoleChannelMember, "greeter", "silent", "unheard-of", chat.RoleChannelModerator},
			"boss": {chat.RoleChannelMember, "greeter", "silent", "unheard-of", chat.RoleChannelModerator, "support"},
		} {
			for _, role := range []chat.Role{chat.RoleChannelMember, "greeter", "silent", "unheard-of", chat.RoleChannelModerator, "support"} {
				for i, err := range s.as(user).gives(cid, "john", "newcomer", role) {
					if !slices.Contains(may, role) {
						wantFieldErr(t, err, chat.ErrPermission, roleFields[i])
					} else if err != nil {
						t.Errorf("%s gives the role %s: %v", user, role, err)
					}
				}
			}
		}
		// Who may not change members gives no role at all.
		for _, err := range s.as("john").gives(cid, "max", "newcomer", chat.RoleChannelMember) {
			wantErr(t, err, chat.ErrPermission)
		}
		// The creator makes neither themself nor, by adding them once more, others
		// one of the moderators, and so reads no more than before.
		_, err = s.As("jane").UpdateMember(s.ctx, cid, "jane", chat.MemberUpdate{Role: chat.RoleChannelModerator})
		wantFieldErr(t, err, chat.ErrPermission, "role")
		_, err = s.As("jane").UpdateMember(s.ctx, cid, "jane", chat.MemberUpdate{Role: "support"})
		wantFieldErr(t, err, chat.ErrPermission, "role")
		s.as("jane").notSees(secret.ID)
		err = s.As("jane").AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "newcomer"}, {UserID: "jane", Role: "support"}}, nil)
		wantFieldErr(t, err, chat.ErrPermission, "members[1].role")
		s.wantRole(cid, "jane", chat.RoleChannelMember)
		if got := s.as("jane").memberIDs(cid); !slices.Equal(got, []chat.UserID{"jane", "john", "max"}) {
			t.Errorf("after refusals the members are %v", got)
		}
	})
}

func TestTheApplicationGivesAnyRole(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(kind *chat.ChannelType) error {
			kind.Grants["support"] = []chat.Action{chat.ReadChannel, chat.ReadRestrictedVisibilityMessage}
			return nil
		}))
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("mary")
		secret := s.send(cid, "jane", chat.Draft{Text: "Private", Restricted: []chat.UserID{"jane"}}, nil)
		_, err := s.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{Role: "support"})
		s.check(err)
		s.wantRole(cid, "john", "support")
		s.as("john").sees(secret.ID)
		s.check(s.AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "mary", Role: chat.RoleChannelModerator}}, nil))
		s.wantRole(cid, "mary", chat.RoleChannelModerator)
	})
}

// TestGrantsOfTheChannelDecideWhichRoleMayBeGiven: an override may make a role
// one that may more, or the caller one who may.
func TestGrantsOfTheChannelDecideWhichRoleMayBeGiven(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		s.users("newcomer")
		give := func(grants map[chat.Role][]chat.Action) {
			t.Helper()
			_, err := s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{Grants: grants})
			s.check(err)
		}
		for _, err := range s.as("jane").gives(cid, "john", "newcomer", "greeter") {
			s.check(err)
		}
		give(map[chat.Role][]chat.Action{"greeter": {chat.UseFrozenChannel}})
		for i, err := range s.as("jane").gives(cid, "john", "newcomer", "greeter") {
			wantFieldErr(t, err, chat.ErrPermission, roleFields[i])
		}
		give(map[chat.Role][]chat.Action{chat.RoleChannelModerator: {chat.ReadChannel, chat.CreateMessage}})
		for _, err := range s.as("jane").gives(cid, "john", "newcomer", chat.RoleChannelModerator) {
			s.check(err)
		}
	})
}
