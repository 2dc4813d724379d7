package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/internal/faultstore"
	"example.com/chat/internal/keys"
)

// What is left of a user who is erased.

// leftOf is where in the store a text still is.
func (s *scenario) leftOf(text string) (list []string) {
	s.t.Helper()
	for key, value := range s.dump() {
		if strings.Contains(key, text) || strings.Contains(value, text) {
			list = append(list, fmt.Sprintf("%q", key))
		}
	}
	return list
}

// erase erases a user and waits for the work to be done.
func (s *scenario) erase(user chat.UserID, mode chat.EraseMode) chat.Erasure {
	s.t.Helper()
	s.check(s.EraseUser(s.ctx, user, mode))
	return s.erased(user)
}

// erased waits for the erasure of a user to be done.
func (s *scenario) erased(user chat.UserID) chat.Erasure {
	s.t.Helper()
	for {
		s.check(errOf(s.RunDueWork(s.ctx)))
		e, err := s.Erasure(s.ctx, user)
		s.check(err)
		if e.FinishedAt != nil {
			return e
		}
		s.sleep(time.Millisecond)
	}
}

func TestAnErasedUserIsNobodyAtOnce(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.user(chat.User{ID: "jane", Name: "Jane Doe", Role: chat.RoleAdmin, Custom: chat.Custom{"phone": "555-1234"}})
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("jane").send(cid, "Hello")
		events := s.watch("john")
		s.sleep(time.Millisecond)
		s.check(s.EraseUser(s.ctx, "jane", chat.EraseKeep))
		u, err := s.User(s.ctx, "jane")
		s.check(err)
		if u.Name != "" || u.Role != chat.RoleUser || u.Custom != nil || u.ErasedAt == nil || u.DeactivatedAt == nil || u.CreatedAt.IsZero() {
			t.Errorf("Jane reads as %+v", u)
		}
		if got := s.as("john").message(m.ID); got.Text != "Hello" || got.User.ID != "jane" || got.User.Name != "" || got.User.ErasedAt == nil {
			t.Errorf("her message is %q by %+v", got.Text, got.User)
		}
		if e := events.wants("user.updated jane")[0]; e.User.ErasedAt == nil || e.User.Name != "" {
			t.Errorf("John is told of %+v", e.User)
		}
		for _, text := range []string{"Jane Doe", "555-1234"} {
			if left := s.leftOf(text); left != nil {
				t.Errorf("%q is left in %v", text, left)
			}
		}
		// She can do nothing any more, nor be brought back or made a member.
		_, err = s.as("jane").Messages(s.ctx, cid, chat.MessageQuery{})
		wantErr(t, err, chat.ErrPermission)
		_, err = s.as("jane").Send(s.ctx, cid, chat.Draft{Text: "I am back"})
		wantErr(t, err, chat.ErrPermission)
		_, err = s.Send(s.ctx, cid, "jane", chat.Draft{Text: "In her name"}, nil)
		wantFieldErr(t, err, chat.ErrInvalid, "user_id")
		wantFieldErr(t, s.UpsertUsers(s.ctx, chat.User{ID: "new"}, chat.User{ID: "jane", Name: "Jane"}), chat.ErrDeleted, "users[1].id")
		_, err = s.User(s.ctx, "new")
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.PatchUser(s.ctx, "jane", set("name", "Jane"))
		wantFieldErr(t, err, chat.ErrDeleted, "id")
		wantFieldErr(t, s.ReactivateUser(s.ctx, "jane"), chat.ErrDeleted, "id")
		wantFieldErr(t, s.DeactivateUser(s.ctx, "jane"), chat.ErrDeleted, "id")
		other := s.channel("messaging:other", "john")
		wantFieldErr(t, s.AddMembers(s.ctx, other, []chat.MemberDraft{{UserID: "jane"}}, nil), chat.ErrInvalid, "members")
		_, err = s.EnsureChannel(s.ctx, "messaging:hers", chat.ChannelDraft{CreatedBy: "jane"})
		wantFieldErr(t, err, chat.ErrInvalid, "created_by")
		wantFieldErr(t, s.as("john").MuteUser(s.ctx, "jane", 0), chat.ErrInvalid, "user")
		wantErr(t, s.as("john").FlagUser(s.ctx, "jane", ""), chat.ErrNotFound)
		_, err = s.Ban(s.ctx, chat.BanDraft{User: "jane"}, "")
		wantFieldErr(t, err, chat.ErrInvalid, "user")

		wantErr(t, s.EraseUser(s.ctx, "ghost", chat.EraseKeep), chat.ErrNotFound)
		_, err = s.Erasure(s.ctx, "john")
		wantErr(t, err, chat.ErrNotFound)
	})
}

// livesHers has Jane do all that leaves a trace of her, in channels of many kinds.
func (s *scenario) livesHers() {
	s.t.Helper()
	s.user(chat.User{ID: "jane", Name: "Jane Doe", Custom: chat.Custom{"phone": "555-1234"}})
	s.users("john", "mary")
	jane, john := s.as("jane"), s.as("john")
	ride, show := s.channel("messaging:ride", "john", "jane", "mary"), s.channel("livestream:show", "john")
	s.channel("messaging:hers", "jane", "john")
	s.check(errOf(s.EnsureDistinctChannel(s.ctx, "messaging", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "john"}})))
	s.check(errOf(s.UpdateMember(s.ctx, ride, "jane", chat.MemberUpdate{Custom: chat.Custom{"seat": "her-seat"}})))

	post := func(d chat.Draft) chat.Message { d.Text = "her-text " + d.Text; return jane.post(ride, d) }
	first := john.post(ride, chat.Draft{ID: "johns", Text: "by John"})
	hers := post(chat.Draft{ID: "hers"})
	john.post(ride, chat.Draft{ID: "reply-to-hers", Text: "John replies", ParentID: hers.ID})
	john.post(ride, chat.Draft{ID: "quote-of-hers", Text: "John quotes", QuotedID: hers.ID})
	john.post(ride, chat.Draft{ID: "names-her", Text: "Hello", Mentions: []chat.UserID{"jane"}})
	post(chat.Draft{ID: "her-reply", ParentID: first.ID})
	post(chat.Draft{ID: "her-shown-reply", ParentID: first.ID, ShowInChannel: true})
	post(chat.Draft{ID: "her-silent", Silent: true})
	s.send(ride, "jane", chat.Draft{ID: "her-private", Text: "her-text", Restricted: []chat.UserID{"john"}}, nil)
	s.send(ride, "john", chat.Draft{ID: "private-to-her", Text: "for her", Restricted: []chat.UserID{"jane"}}, nil)
	post(chat.Draft{ID: "her-private-reply", ParentID: "private-to-her"})
	s.check(errOf(jane.DeleteMessage(s.ctx, post(chat.Draft{ID: "her-deleted"}).ID, chat.DeleteSoft)))
	s.send(ride, "jane", chat.Draft{ID: "her-pending", Text: "her-text"}, &chat.SendOptions{Pending: chat.PendingOn})
	s.send(ride, "jane", chat.Draft{ID: "her-pending-reply", Text: "her-text", ParentID: first.ID}, &chat.SendOptions{Pending: chat.PendingOn})
	jane.post(show, chat.Draft{ID: "her-show", Text: "her-text in a channel she is no member of"})

	s.check(jane.DeleteMessageForMe(s.ctx, "names-her"))
	s.check(jane.MarkRead(s.ctx, ride))
	s.check(jane.MuteUser(s.ctx, "mary", 0))
	s.check(jane.FlagMessage(s.ctx, first.ID, "her-reason"))
	s.check(jane.FlagUser(s.ctx, "mary", "her-reason"))
	s.check(john.FlagMessage(s.ctx, hers.ID, ""))
	s.check(john.FlagUser(s.ctx, "jane", ""))
	s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "jane", CID: show, Lasting: time.Hour}, "")))
	s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "mary", CID: show, Reason: "her-reason"}, "jane")))
	s.check(s.as("mary").FlagMessage(s.ctx, first.ID, ""))
	s.check(s.ReviewMessageFlags(s.ctx, first.ID, "her-reason", "jane"))

	for _, id := range []chat.MessageID{"johns", "reply-to-hers", "private-to-her", "hers"} {
		s.check(errOf(jane.React(s.ctx, id, chat.ReactionDraft{Type: "like", Custom: chat.Custom{"why": "her-reason"}})))
		s.check(errOf(john.React(s.ctx, id, chat.ReactionDraft{Type: "like"})))
	}
	s.check(errOf(jane.React(s.ctx, "johns", chat.ReactionDraft{Type: "love"})))
	s.check(jane.MarkThreadRead(s.ctx, "johns"))

	// A channel that is gone for users, and one whose history is hidden.
	gone, hidden := s.channel("messaging:gone", "john", "jane"), s.channel("messaging:hidden", "john", "jane")
	for _, cid := range []chat.CID{gone, hidden} {
		jane.post(cid, chat.Draft{ID: chat.MessageID("in-" + cid.ID()), Text: "her-text"})
	}
	s.check(s.DeleteChannel(s.ctx, gone, chat.DeleteSoft))
	s.check(s.TruncateChannel(s.ctx, hidden, nil))
	s.check(errOf(s.EnsureChannel(s.ctx, gone, chat.ChannelDraft{CreatedBy: "john", Members: []chat.UserID{"jane"}})))
	jane.send(gone, "her-text once more")
	s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "jane", Lasting: time.Hour}, "")))
	s.check(errOf(s.RunDueWork(s.ctx)))
}

// wantNothingOfHer checks what is gone whatever becomes of the messages.
func (s *scenario) wantNothingOfHer() {
	s.t.Helper()
	for _, text := range []string{"Jane Doe", "555-1234", "her-seat", "her-reason"} {
		if left := s.leftOf(text); left != nil {
			s.t.Errorf("%q is left in %v", text, left)
		}
	}
	for _, id := range []chat.MessageID{"johns", "reply-to-hers", "private-to-her", "hers"} {
		m, err := s.Message(s.ctx, id)
		if err != nil {
			continue // deleted with hers
		}
		page, err := s.Reactions(s.ctx, id, chat.ReactionQuery{})
		s.check(err)
		if len(page.Items) != 1 || page.Items[0].User.ID != "john" || m.ReactionGroups["like"].Count != 1 || m.ReactionGroups["love"].Count != 0 {
			s.t.Errorf("%s has the reactions %+v, counts %v", id, page.Items, m.ReactionGroups)
		}
	}
	page, err := s.Channels(s.ctx, chat.ChannelQuery{Filter: chat.Eq("members", "jane")})
	s.check(err)
	if len(page.Items) > 0 {
		s.t.Errorf("she is a member of %v", cids(page.Items))
	}
	for _, cid := range []chat.CID{"messaging:ride", "messaging:hers", "messaging:gone"} {
		if state := s.as("john").channel(cid); slices.ContainsFunc(state.Members, func(m chat.Member) bool { return m.User.ID == "jane" }) {
			s.t.Errorf("she is a member of %s", cid)
		}
	}
	if flags, err := s.Flags(s.ctx, chat.FlagQuery{}); err != nil || slices.ContainsFunc(flags.Items, func(f chat.Flag) bool {
		return flagger(f) == "jane" || f.Message == nil && f.User.ID == "jane"
	}) {
		s.t.Errorf("flags are left: %+v, %v", flags.Items, err)
	}
	for _, cid := range []chat.CID{"", "livestream:show"} {
		if bans, err := s.Bans(s.ctx, chat.BanQuery{CID: cid}); err != nil || slices.ContainsFunc(bans.Items, func(b chat.Ban) bool { return b.User.ID == "jane" }) {
			s.t.Errorf("she is banned: %+v, %v", bans.Items, err)
		}
	}
	s.verify()
}

func TestTheMessagesOfAnErasedUserAreKept(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.livesHers()
		before := s.texts("messaging:ride")
		e := s.erase("jane", chat.EraseKeep)
		if e.User != "jane" || e.Mode != chat.EraseKeep || e.Messages != 0 || e.Channels != 7 || e.TotalChannels != 7 || e.StartedAt.IsZero() {
			t.Errorf("the erasure reads as %+v", e)
		}
		s.wantNothingOfHer()
		wantSame(t, "the channel", s.texts("messaging:ride"), before)
		for _, id := range []chat.MessageID{"hers", "her-reply", "her-silent", "her-show", "her-pending"} {
			if m := s.message(id); !strings.HasPrefix(m.Text, "her-text") || m.User.ErasedAt == nil {
				t.Errorf("%s is %q by %+v", id, m.Text, m.User)
			}
		}
		s.check(errOf(s.CommitMessage(s.ctx, "her-pending"))) // it can still be
	})
}

func TestTheMessagesOfAnErasedUserAreDeletedSoftly(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.livesHers()
		john := s.watch("john")
		e := s.erase("jane", chat.EraseSoft)
		if e.Messages != 12 {
			t.Errorf("%d messages were deleted, want 12", e.Messages)
		}
		s.wantNothingOfHer()
		for _, id := range []chat.MessageID{"hers", "her-reply", "her-shown-reply", "her-silent", "her-private", "her-private-reply", "her-deleted", "her-show"} {
			if m := s.message(id); m.Type != chat.TypeDeleted || m.Text != "" || m.User.ErasedAt == nil {
				t.Errorf("%s is %q %q by %+v", id, m.Type, m.Text, m.User)
			}
			if m, err := s.OriginalMessage(s.ctx, id); err != nil || !strings.HasPrefix(m.Text, "her-text") {
				t.Errorf("the original of %s is %q, %v", id, m.Text, err)
			}
		}
		for _, id := range []chat.MessageID{"her-pending", "her-pending-reply"} {
			_, err := s.Message(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
		}
		if m := s.as("john").message("quote-of-hers"); m.Text != "John quotes" {
			t.Errorf("what quotes her reads %q", m.Text)
		}
		told := summaries(john.read())
		if n := len(slices.DeleteFunc(slices.Clone(told), func(what string) bool { return !strings.HasPrefix(what, "message.deleted") })); n != 7 {
			t.Errorf("John is told %q, want 7 deletions", told)
		}
	})
}

func TestTheMessagesOfAnErasedUserAreDeletedForGood(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.livesHers()
		all := s.watch("")
		s.erase("jane", chat.EraseHard)
		s.wantNothingOfHer()
		if left := s.leftOf("her-text"); left != nil {
			t.Errorf("her texts are left in %v", left)
		}
		for _, id := range []chat.MessageID{
			"hers", "her-reply", "her-shown-reply", "her-silent", "her-private", "her-private-reply", "her-deleted", "her-show", "her-pending",
			"her-pending-reply", "in-gone", "in-hidden", "reply-to-hers",
		} {
			_, err := s.OriginalMessage(s.ctx, id)
			wantErr(t, err, chat.ErrNotFound)
		}
		for id, want := range map[chat.MessageID]string{"johns": "by John", "quote-of-hers": "John quotes", "names-her": "Hello", "private-to-her": "for her"} {
			if m := s.message(id); m.Text != want || m.QuotedMessageID != "" {
				t.Errorf("%s reads %q, quotes %q", id, m.Text, m.QuotedMessageID)
			}
		}
		s.as("john").wantTexts("messaging:ride", "by John", "John quotes", "Hello", "for her")
		told := summaries(all.read())
		if first, last := told[0], told[len(told)-1]; first != "user.updated jane" || last != "user.updated jane" {
			t.Errorf("the application is told %q, want user.updated first and last", told)
		}
	})
}

// marksThreads has a user mark threads read that they take no part in, or not any
// more, and a message without replies.
func (s *scenario) marksThreads(cid chat.CID, user chat.UserID) {
	s.t.Helper()
	john, u := s.as("john"), s.as(user)
	others, former, none := john.send(cid, "a thread"), john.send(cid, "another"), john.send(cid, "no thread")
	for _, m := range []chat.Message{others, former} {
		s.as("jane").post(cid, chat.Draft{Text: "a reply", ParentID: m.ID})
	}
	reply := u.post(cid, chat.Draft{Text: "a reply", ParentID: former.ID})
	s.check(errOf(s.DeleteMessage(s.ctx, reply.ID, chat.DeleteHard, "")))
	for _, m := range []chat.Message{others, former, none} {
		s.check(u.MarkThreadRead(s.ctx, m.ID))
	}
}

// postsInEachWay has a user post messages that are counted each in another way.
func (s *scenario) postsInEachWay(cid chat.CID, user chat.UserID) {
	s.t.Helper()
	parent := s.as("john").send(cid, "a parent")
	post := func() {
		for _, d := range []chat.Draft{{}, {ParentID: parent.ID}, {Restricted: []chat.UserID{"john"}}, {Restricted: []chat.UserID{"john"}, ParentID: parent.ID}} {
			d.Text = "Hello"
			s.send(cid, user, d, nil)
		}
	}
	post()
	s.ban(chat.BanDraft{User: user, CID: cid, Shadow: true})
	post()
	s.check(s.Unban(s.ctx, user, cid))
}

// counts says whether a key is of what counts messages, by docs/keys.md.
func counts(key string) bool {
	c, err := keys.ChannelOf([]byte(key))
	if err != nil {
		return false
	}
	if strings.HasPrefix(key, string(keys.Marks(c))) {
		_, is := keys.StreamOf(c, []byte(key))
		return is
	}
	return key[9] == 'm' || key[9] == 'v'
}

// TestNothingOfAnErasedUserIsLeftUnderTheirID: what one has beside messages lies
// under keys with one's id. What counted messages stays, empty.
func TestNothingOfAnErasedUserIsLeftUnderTheirID(t *testing.T) {
	o := commandOptions()
	o.NoBackground = true
	eachDriverWith(t, o, func(t *testing.T, s *scenario) {
		commandStory(s)
		s.users("mary")
		s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "mary"}}, nil))
		john, mary := s.as("john"), s.as("mary")
		first, second := john.send(commandRoom, "one"), john.send(commandRoom, "two")
		answer := mary.send(commandRoom, "/ask why")
		s.postsInEachWay(commandRoom, "mary")
		s.marksThreads(commandRoom, "mary")
		s.slow(commandRoom, time.Minute)
		mary.post(commandRoom, chat.Draft{Text: "a reply", ParentID: second.ID, Silent: true}) // she waits, and takes part in a thread
		s.check(mary.MarkThreadRead(s.ctx, second.ID))
		s.check(mary.DeleteMessageForMe(s.ctx, second.ID))
		s.check(errOf(mary.React(s.ctx, first.ID, chat.ReactionDraft{Type: "like"})))
		s.check(mary.FlagMessage(s.ctx, first.ID, ""))
		s.check(mary.MuteUser(s.ctx, "john", time.Hour))
		s.check(mary.BlockUser(s.ctx, "john"))
		s.check(mary.HideChannel(s.ctx, commandRoom, true))
		for _, cid := range []chat.CID{"", commandRoom} {
			s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "mary", CID: cid, Lasting: time.Hour}, "")))
		}
		named := func() (list []string) {
			for key := range s.dump() {
				if strings.Contains(key, "mary") && !counts(key) || strings.Contains(key, string(answer.ID)) && key[1:] != string(answer.ID) {
					list = append(list, key)
				}
			}
			slices.Sort(list)
			return list
		}
		if n := len(named()); n < 15 {
			t.Errorf("before it, %d keys name her", n)
		}
		s.erase("mary", chat.EraseHard)
		// The user, the erasure, and how often her mutes changed.
		wantSame(t, "what names her", named(), []string{"umary", "xmary", "ymary"})
	})
}

func TestAllReadMarksOfThreadsOfAnErasedUserGo(t *testing.T) {
	inMemory(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "john", "jane")
		john := s.as("john")
		first, parent := john.send(cid, "one"), john.send(cid, "two")
		for range 2100 { // more is kept of them than is looked at at once
			john.post(cid, chat.Draft{Text: "a reply", ParentID: parent.ID})
		}
		for _, m := range []chat.Message{first, parent} {
			s.check(s.as("jane").MarkThreadRead(s.ctx, m.ID))
		}
		s.erase("jane", chat.EraseKeep)
		left := s.leftOf("jane")
		slices.Sort(left)
		wantSame(t, "what names her", left, []string{`"ujane"`, `"xjane"`})
	})
}

func TestAllFlagsByAnErasedUserGo(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		var last chat.MessageID
		for range 301 { // more than are looked at at once
			last = s.as("john").send(cid, "Hello").ID
			s.check(s.as("jane").FlagMessage(s.ctx, last, ""))
		}
		s.check(s.as("john").FlagMessage(s.ctx, last, ""))
		s.erase("jane", chat.EraseKeep)
		page, err := s.Flags(s.ctx, chat.FlagQuery{Limit: 300})
		if err != nil || len(page.Items) != 1 || flagger(page.Items[0]) != "john" {
			t.Errorf("%d flags are left, %v", len(page.Items), err)
		}
	})
}

func TestAnErasureSkipsNothingWhereTheStoreFails(t *testing.T) {
	inMemory(t, quiet(), func(t *testing.T, s *scenario) {
		s.livesHers()
		failing := false
		s.check(s.Close())
		commits, dice := 0, rand.New(rand.NewPCG(1, 2))
		s.store = faultstore.NewFailing(s.store, func(_ int, op faultstore.Op) faultstore.Outcome {
			if failing && op == faultstore.Commit {
				if commits++; dice.IntN(4) == 0 {
					return faultstore.Fail
				}
			}
			return faultstore.Succeed
		})
		s.open()
		s.check(s.EraseUser(s.ctx, "jane", chat.EraseHard))
		failing = true
		for range 100 {
			_, _ = s.RunDueWork(s.ctx)
			s.sleep(time.Minute) // it is tried again after a while
		}
		failing = false
		s.erased("jane")
		s.wantNothingOfHer()
		if left := s.leftOf("her-text"); left != nil {
			t.Errorf("her texts are left in %v", left)
		}
		if commits < 30 {
			t.Errorf("there were %d commits, too few to tell", commits)
		}
	})
}

func TestPendingMessagesOfAnErasedUserAreCalledBack(t *testing.T) {
	var told []string
	o := quiet()
	o.Pending = chat.PendingFuncs{Deleted: func(_ context.Context, m chat.PendingMessage) error {
		told = append(told, m.Message.Text+" by "+m.Message.User.Name)
		return nil
	}}
	eachDriverWith(t, o, func(t *testing.T, s *scenario) {
		told = nil
		cid := s.channel("messaging:ride", "jane", "john")
		s.send(cid, "jane", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		s.erase("jane", chat.EraseSoft)
		s.check(errOf(s.RunDueWork(s.ctx)))
		wantSame(t, "told", told, []string{"held by "})
		if left := s.leftOf("held"); left != nil {
			t.Errorf("it is left in %v", left)
		}
	})
}

func TestAnErasureIsBegunAnewByAModeThatTakesMore(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		for i := range 250 {
			s.as("jane").post(cid, chat.Draft{ID: chat.MessageID(fmt.Sprint("m", i)), Text: "her-text"})
		}
		kept := s.erase("jane", chat.EraseKeep)
		if kept.Messages != 0 {
			t.Errorf("%d messages were deleted", kept.Messages)
		}
		soft := s.erase("jane", chat.EraseSoft)
		if soft.Messages != 250 || !soft.StartedAt.After(kept.StartedAt) {
			t.Errorf("softly %+v", soft)
		}
		wantSame(t, "with a mode that takes less", s.erase("jane", chat.EraseKeep), soft)
		wantSame(t, "with the same mode", s.erase("jane", chat.EraseSoft), soft)
		// Two at once are one.
		s.check(s.EraseUser(s.ctx, "john", chat.EraseKeep))
		s.check(s.EraseUser(s.ctx, "john", chat.EraseHard))
		s.erased("john")
		if hard := s.erase("jane", chat.EraseHard); hard.Messages != 250 {
			t.Errorf("for good %+v", hard)
		}
		if left := s.leftOf("her-text"); left != nil {
			t.Errorf("%d texts are left", len(left))
		}
	})
}

// afterCommits are options of a chat that calls a function, if one is set, after
// each commit.
func afterCommits() (each *func(), o *chat.Options) {
	each, o = new(func()), quiet()
	o.Trace = &chat.Trace{Commit: func(context.Context, chat.CommitTrace) {
		if *each != nil {
			(*each)()
		}
	}}
	return each, o
}

func TestAnErasureIsBegunAnewWhileItRuns(t *testing.T) {
	each, o := afterCommits()
	eachDriverWith(t, o, func(t *testing.T, s *scenario) {
		*each = nil
		cid := s.channel("messaging:ride", "jane", "john")
		for range 3 {
			s.as("jane").send(cid, "her-text")
		}
		s.check(s.EraseUser(s.ctx, "jane", chat.EraseSoft))
		commits := 0
		*each = func() {
			if commits++; commits == 3 { // it is being done
				*each = nil
				s.check(s.EraseUser(s.ctx, "jane", chat.EraseHard))
			}
		}
		if e := s.erased("jane"); e.Mode != chat.EraseHard || commits != 3 {
			t.Errorf("after %d commits it is %+v", commits, e)
		}
		if left := s.leftOf("her-text"); left != nil {
			t.Errorf("her texts are left in %v", left)
		}
	})
}

func TestAnErasureGoesOnAfterARestart(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		s.livesHers()
		s.check(s.EraseUser(s.ctx, "jane", chat.EraseHard))
		for range 3 { // it is cut off, and found again
			s.reopen()
			stop, cancel := context.WithTimeout(s.ctx, time.Nanosecond)
			_, _ = s.RunDueWork(stop)
			cancel()
		}
		s.erased("jane")
		s.wantNothingOfHer()
		if left := s.leftOf("her-text"); left != nil {
			t.Errorf("her texts are left in %v", left)
		}
	})
}

func TestAnErasureThatIsStoppedGoesOnAtOnce(t *testing.T) {
	each, o := afterCommits()
	eachDriverWith(t, o, func(t *testing.T, s *scenario) {
		*each = nil
		s.livesHers()
		s.check(s.EraseUser(s.ctx, "jane", chat.EraseHard))
		ctx, stop := context.WithCancel(s.ctx)
		defer stop()
		commits := 0
		*each = func() {
			if commits++; commits == 12 { // in the middle of the channels
				*each = nil
				stop()
			}
		}
		if _, err := s.RunDueWork(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped, it answers %v", err)
		}
		e, err := s.Erasure(s.ctx, "jane")
		s.check(err)
		if e.FinishedAt != nil || e.Channels == 0 || e.Channels >= 7 || e.TotalChannels != 7 {
			t.Errorf("stopped, it is %+v", e)
		}
		s.reopen()
		if n, err := s.RunDueWork(s.ctx); n == 0 || err != nil {
			t.Errorf("the next process does %d pieces of work, %v", n, err)
		}
		if e, err = s.Erasure(s.ctx, "jane"); err != nil || e.FinishedAt == nil || e.Messages < 12 {
			t.Errorf("at last it is %+v, %v", e, err)
		}
		s.wantNothingOfHer()
	})
}

func TestErrorsSayThatAUserIsErased(t *testing.T) {
	eachDriverWith(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		m := s.as("john").send(cid, "Hello")
		s.check(s.EraseUser(s.ctx, "jane", chat.EraseKeep))
		for call, c := range map[string]struct{ err, kind error }{
			"a call of theirs":              {errOf(s.as("jane").Channels(s.ctx, chat.ChannelQuery{})), chat.ErrPermission},
			"a message of theirs by its id": {errOf(s.as("jane").Message(s.ctx, m.ID)), chat.ErrPermission},
			"Send":                          {errOf(s.Send(s.ctx, cid, "jane", chat.Draft{Text: "Hi"}, nil)), chat.ErrInvalid},
			"React":                         {errOf(s.React(s.ctx, m.ID, "jane", chat.ReactionDraft{Type: "like"})), chat.ErrInvalid},
			"CreatedBy":                     {errOf(s.EnsureChannel(s.ctx, "messaging:hers", chat.ChannelDraft{CreatedBy: "jane"})), chat.ErrInvalid},
		} {
			if wantErr(t, c.err, c.kind); c.err != nil && !strings.HasSuffix(c.err.Error(), `user "jane" is erased`) {
				t.Errorf("%s: the error is %v", call, c.err)
			}
		}
	})
}
