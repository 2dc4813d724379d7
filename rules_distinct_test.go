package chat_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/chat"
)

// Semantics 7: a distinct channel is that of a set of members, and of nobody
// else.

// distinct is the channel of a user and others, as the user gets it.
func (a *actor) distinct(others ...chat.UserID) chat.CID {
	a.s.t.Helper()
	channel, err := a.EnsureDistinctChannel(a.s.ctx, "messaging", chat.ChannelDraft{Members: others})
	a.s.check(err)
	return channel.CID
}

func TestTheIDOfADistinctChannelIsNobodysToTake(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "mary")
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		// Whoever knows the members can work out the id: it must lead them
		// nowhere, whether the channel is there yet or not.
		cid := s.as("jane").distinct("john")
		if !strings.HasPrefix(cid.ID(), "!members-") {
			t.Fatalf("the distinct channel is %s", cid)
		}
		s.as("jane").send(cid, "For the two of us")
		before := s.dump()
		for _, cid := range []chat.CID{cid, "messaging:!members-", "messaging:!members-x", "team:!members-x", chat.CID("team:" + cid.ID())} {
			_, err := s.EnsureChannel(s.ctx, cid, chat.ChannelDraft{CreatedBy: "mary", Members: []chat.UserID{"mary"}})
			wantFieldErr(t, err, chat.ErrInvalid, "cid")
			for _, user := range []chat.UserID{"jane", "mary", "boss"} {
				_, err := s.As(user).EnsureChannel(s.ctx, cid, chat.ChannelDraft{Members: []chat.UserID{"mary"}})
				wantFieldErr(t, err, chat.ErrInvalid, "cid")
			}
		}
		wantSame(t, "the store", s.dump(), before)
		_, err := s.As("mary").Messages(s.ctx, cid, chat.MessageQuery{})
		wantErr(t, err, chat.ErrNotFound)
		s.as("mary").wantLists()
		s.as("john").wantTexts(cid, "For the two of us")
		// Ids that only look like it are like any.
		s.channel("messaging:members-x", "mary")
		s.channel("messaging:!member", "mary")
	})
}

func TestEachMemberGetsTheDistinctChannelInWhateverOrder(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "mary")
		cid := s.as("mary").distinct("john", "jane")
		for _, others := range [][]chat.UserID{{"jane", "john"}, {"john", "jane"}, {"mary", "john", "jane", "john"}} {
			for _, user := range []chat.UserID{"jane", "john", "mary"} {
				members := append(slices.Clone(others), "mary")
				if got := s.as(user).distinct(members...); got != cid {
					t.Errorf("%s gets %s with %v, want %s", user, got, members, cid)
				}
			}
			slices.Reverse(others)
			channel, err := s.EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{CreatedBy: "john", Members: append(others, "mary")})
			s.check(err)
			if channel.CID != cid {
				t.Errorf("the application gets %s, want %s", channel.CID, cid)
			}
		}
		s.as("john").send(cid, "Hello")
		for _, user := range []chat.UserID{"jane", "john", "mary"} {
			s.as(user).wantTexts(cid, "Hello")
			if got := s.as(user).memberIDs(cid); !slices.Equal(got, []chat.UserID{"jane", "john", "mary"}) {
				t.Errorf("%s reads the members %v", user, got)
			}
		}
	})
}

func TestTheMembersOfADistinctChannelAreFixed(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.users("jane", "john", "mary")
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		cid := s.as("jane").distinct("john")
		s.as("jane").send(cid, "Hello")
		before := s.dump()
		drafts, notice := []chat.MemberDraft{{UserID: "mary"}}, &chat.SystemMessage{UserID: "jane", Text: "Mary is here"}
		for what, err := range map[string]error{
			"the application adds":               s.AddMembers(s.ctx, cid, drafts, nil),
			"the application adds with a notice": s.AddMembers(s.ctx, cid, drafts, notice),
			"the creator adds":                   s.As("jane").AddMembers(s.ctx, cid, drafts, nil),
			"an admin adds":                      s.As("boss").AddMembers(s.ctx, cid, drafts, nil),
			"an admin joins":                     s.As("boss").AddMembers(s.ctx, cid, []chat.MemberDraft{{UserID: "boss"}}, nil),
			"an outsider joins":                  s.As("mary").AddMembers(s.ctx, cid, drafts, nil),
			"the application removes":            s.RemoveMembers(s.ctx, cid, []chat.UserID{"john"}, notice),
			"the creator removes":                s.As("jane").RemoveMembers(s.ctx, cid, []chat.UserID{"john"}, nil),
			"an admin removes":                   s.As("boss").RemoveMembers(s.ctx, cid, []chat.UserID{"john"}, nil),
			"a member removes himself":           s.As("john").RemoveMembers(s.ctx, cid, []chat.UserID{"john"}, nil),
			"the creator leaves":                 s.As("jane").LeaveChannel(s.ctx, cid),
			"a member leaves":                    s.As("john").LeaveChannel(s.ctx, cid),
			"an outsider leaves":                 s.As("mary").LeaveChannel(s.ctx, cid),
		} {
			if e := wantErr(t, err, chat.ErrInvalid); e.Field != "cid" {
				t.Errorf("%s: %v names %q, want cid", what, err, e.Field)
			}
		}
		wantSame(t, "the store", s.dump(), before)
		// An id like it of which there is no channel answers the same.
		wantFieldErr(t, s.As("mary").LeaveChannel(s.ctx, "messaging:!members-x"), chat.ErrInvalid, "cid")

		// What a member is in it can change, and it can be hidden.
		_, err := s.UpdateMember(s.ctx, cid, "john", chat.MemberUpdate{Custom: chat.Custom{"nick": "Jo"}})
		s.check(err)
		s.check(s.As("john").HideChannel(s.ctx, cid, false))
		s.as("john").wantLists()
		s.as("john").wantTexts(cid, "Hello")
	})
}
