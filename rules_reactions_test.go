package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

const square chat.CID = "messaging:square"

// reactionStory is a channel with three members and a message to react to.
func reactionStory(s *scenario) {
	s.t.Helper()
	s.channel(square, "jane", "john", "mary")
	s.as("jane").post(square, chat.Draft{ID: "m", Text: "hello"})
}

// react puts a reaction, and lets a moment pass.
func (a *actor) react(id chat.MessageID, d chat.ReactionDraft) chat.Message {
	a.s.t.Helper()
	m, err := a.React(a.s.ctx, id, d)
	a.s.check(err)
	a.s.sleep(2 * time.Microsecond)
	return m
}

func (a *actor) unreact(id chat.MessageID, kind string) chat.Message {
	a.s.t.Helper()
	m, err := a.DeleteReaction(a.s.ctx, id, a.User(), kind)
	a.s.check(err)
	a.s.sleep(2 * time.Microsecond)
	return m
}

// reacted lists reactions as "user:type=score".
func reacted(list []chat.Reaction) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = fmt.Sprintf("%s:%s=%d", r.User.ID, r.Type, r.Score)
	}
	return strings.Join(words, " ")
}

// groupsOf are the groups of a message as "type=count/sum", in the order of
// their names.
func groupsOf(m chat.Message) string {
	var words []string
	for kind, g := range m.ReactionGroups {
		words = append(words, fmt.Sprintf("%s=%d/%d", kind, g.Count, g.SumScores))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// wantReacted checks what a message shows of its reactions.
func wantReacted(t *testing.T, m chat.Message, groups, latest, own string) {
	t.Helper()
	if got := groupsOf(m); got != groups {
		t.Errorf("the groups are %q, want %q", got, groups)
	}
	if got := reacted(m.LatestReactions); got != latest {
		t.Errorf("the latest reactions are %q, want %q", got, latest)
	}
	if got := reacted(m.OwnReactions); got != own {
		t.Errorf("the own reactions are %q, want %q", got, own)
	}
}

func TestOneReactionOfATypeForEachUser(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		john, mary := s.as("john"), s.as("mary")
		wantReacted(t, john.react("m", chat.ReactionDraft{Type: "like"}), "like=1/1", "john:like=1", "john:like=1")
		wantReacted(t, john.react("m", chat.ReactionDraft{Type: "love", Score: 3}), "like=1/1 love=1/3", "john:love=3 john:like=1", "john:love=3 john:like=1")
		wantReacted(t, mary.react("m", chat.ReactionDraft{Type: "like", Score: 5}), "like=2/6 love=1/3", "mary:like=5 john:love=3 john:like=1", "mary:like=5")
		// Again it replaces, in its place.
		first := john.message("m").OwnReactions[1]
		m := john.react("m", chat.ReactionDraft{Type: "like", Score: 2, Custom: chat.Custom{"tone": "dark"}})
		wantReacted(t, m, "like=2/7 love=1/3", "mary:like=5 john:love=3 john:like=2", "john:love=3 john:like=2")
		now := m.OwnReactions[1]
		if !now.CreatedAt.Equal(first.CreatedAt) || !now.UpdatedAt.After(first.UpdatedAt) || now.Custom["tone"] != "dark" {
			t.Errorf("the reaction was %+v and is %+v", first, now)
		}
		// The message is as it was, for everyone, and so is its time.
		for _, m := range []chat.Message{s.message("m"), s.page(square, chat.MessageQuery{}).Items[0], s.as("jane").message("m")} {
			wantReacted(t, m, "like=2/7 love=1/3", "mary:like=5 john:love=3 john:like=2", "")
			if !m.UpdatedAt.Equal(m.CreatedAt) {
				t.Errorf("the message was updated at %v, sent at %v", m.UpdatedAt, m.CreatedAt)
			}
		}
		// What it replaces leaves nothing, and what goes takes its score along.
		if r := john.react("m", chat.ReactionDraft{Type: "like", Score: 2}).OwnReactions[1]; len(r.Custom) != 0 {
			t.Errorf("the reaction without custom data is %+v", r)
		}
		wantReacted(t, mary.unreact("m", "like"), "like=1/2 love=1/3", "john:love=3 john:like=2", "")
	})
}

func TestReactionAgainTheSameChangesNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		d := chat.ReactionDraft{Type: "like", Score: 2, Custom: chat.Custom{"a": "b"}}
		s.as("john").react("m", d)
		before := s.dump()
		s.as("john").react("m", d)
		d.EnforceUnique = true
		s.as("john").react("m", d)
		s.as("john").unreact("m", "love") // there is none
		wantSame(t, "the store", s.dump(), before)
	})
}

func TestEnforceUniqueDropsTheUsersOthers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		john := s.as("john")
		john.react("m", chat.ReactionDraft{Type: "a"})
		s.as("mary").react("m", chat.ReactionDraft{Type: "a"})
		john.react("m", chat.ReactionDraft{Type: "b"})
		john.react("m", chat.ReactionDraft{Type: "c", Score: 4})
		wantReacted(t, john.react("m", chat.ReactionDraft{Type: "d", EnforceUnique: true}), "a=1/1 d=1/1", "john:d=1 mary:a=1", "john:d=1")
		john.react("m", chat.ReactionDraft{Type: "a"})
		wantReacted(t, john.react("m", chat.ReactionDraft{Type: "d", Score: 2, EnforceUnique: true}), "a=1/1 d=1/2", "john:d=2 mary:a=1", "john:d=2")
		john.react("m", chat.ReactionDraft{Type: "a"})
		wantReacted(t, john.react("m", chat.ReactionDraft{Type: "d", Score: 2, EnforceUnique: true}), "a=1/1 d=1/2", "john:d=2 mary:a=1", "john:d=2")
	})
}

func TestGroupsKnowTheirFirstAndLastReaction(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		at := map[chat.UserID]time.Time{}
		for _, user := range []chat.UserID{"jane", "john", "mary"} {
			at[user] = s.as(user).react("m", chat.ReactionDraft{Type: "like"}).OwnReactions[0].CreatedAt
		}
		want := func(first, last chat.UserID) {
			t.Helper()
			g := s.message("m").ReactionGroups["like"]
			if !g.FirstReactionAt.Equal(at[first]) || !g.LastReactionAt.Equal(at[last]) {
				t.Errorf("the group is %+v, want the first of %s and the last of %s: %v", g, first, last, at)
			}
		}
		want("jane", "mary")
		s.as("jane").unreact("m", "like")
		want("john", "mary")
		at["jane"] = s.as("jane").react("m", chat.ReactionDraft{Type: "like"}).OwnReactions[0].CreatedAt
		want("john", "jane")
		s.as("mary").unreact("m", "like") // in the middle
		want("john", "jane")
		s.as("jane").unreact("m", "like")
		want("john", "john")
		s.as("john").unreact("m", "like")
		wantReacted(t, s.message("m"), "", "", "")
	})
}

func TestTheTenLatestReactionsAreShownAndAllAreListed(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		var all []string
		for i := range 14 {
			user := chat.UserID(fmt.Sprintf("u%02d", i))
			s.users(user)
			kind := []string{"like", "love"}[i%2]
			s.check(errOf(s.React(s.ctx, "m", user, chat.ReactionDraft{Type: kind})))
			all = slices.Insert(all, 0, fmt.Sprintf("%s:%s=1", user, kind))
		}
		latest := func() string { return reacted(s.message("m").LatestReactions) }
		if got, want := latest(), strings.Join(all[:10], " "); got != want {
			t.Errorf("the latest are %q, want %q", got, want)
		}
		list := func(kind string) []string {
			var got []string
			for q := (chat.ReactionQuery{Limit: 3, Type: kind}); ; {
				page, err := s.as("john").Reactions(s.ctx, "m", q)
				s.check(err)
				if page.Prev != "" || len(page.Items) == 0 {
					t.Errorf("a page is %+v", page)
				}
				for _, r := range page.Items {
					got = append(got, reacted([]chat.Reaction{r}))
				}
				if q.Page = page.Next; q.Page == "" {
					return got
				}
			}
		}
		wantSame(t, "the list", list(""), all)
		likes := slices.DeleteFunc(slices.Clone(all), func(r string) bool { return strings.Contains(r, "love") })
		wantSame(t, "the list of a type", list("like"), likes)
		// One removed from among the latest is followed by the next.
		s.check(errOf(s.DeleteReaction(s.ctx, "m", "u10", "like")))
		all = slices.DeleteFunc(all, func(r string) bool { return strings.HasPrefix(r, "u10") })
		if got, want := latest(), strings.Join(all[:10], " "); got != want {
			t.Errorf("the latest are %q, want %q", got, want)
		}
		wantSame(t, "the list", list(""), all)
		// One's own are shown, among the latest or not.
		s.check(s.AddMembers(s.ctx, square, []chat.MemberDraft{{UserID: "u00"}}, nil))
		wantReacted(t, s.as("u00").message("m"), "like=6/6 love=7/7", strings.Join(all[:10], " "), "u00:like=1")
		wantReacted(t, s.as("u00").page(square, chat.MessageQuery{}).Items[0], "like=6/6 love=7/7", strings.Join(all[:10], " "), "u00:like=1")
	})
}

func TestReactionTokensBelongToTheirMessageAndType(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		s.as("jane").post(square, chat.Draft{ID: "n", Text: "other"})
		for _, id := range []chat.MessageID{"m", "n"} {
			s.as("john").react(id, chat.ReactionDraft{Type: "like"})
			s.as("mary").react(id, chat.ReactionDraft{Type: "like"})
		}
		page, err := s.Reactions(s.ctx, "m", chat.ReactionQuery{Limit: 1})
		s.check(err)
		_, err = s.Reactions(s.ctx, "n", chat.ReactionQuery{Page: page.Next})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
		_, err = s.Reactions(s.ctx, "m", chat.ReactionQuery{Type: "like", Page: page.Next})
		wantFieldErr(t, err, chat.ErrInvalid, "page")
	})
}

func TestReactionsNeedTheirGrants(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		s.users("ned")
		s.user(chat.User{ID: "sheriff", Role: chat.RoleModerator})
		like := chat.ReactionDraft{Type: "like"}
		_, err := s.As("ned").React(s.ctx, "m", like)
		wantErr(t, err, chat.ErrNotFound)
		_, err = s.As("ned").Reactions(s.ctx, "m", chat.ReactionQuery{})
		wantErr(t, err, chat.ErrNotFound)
		s.as("john").react("m", like)
		_, err = s.As("mary").DeleteReaction(s.ctx, "m", "john", "like")
		wantErr(t, err, chat.ErrPermission)
		wantReacted(t, s.message("m"), "like=1/1", "john:like=1", "")
		_, err = s.As("sheriff").DeleteReaction(s.ctx, "m", "john", "like")
		s.check(err)
		wantReacted(t, s.message("m"), "", "", "")

		off := false
		s.check(errOf(s.SetOverrides(s.ctx, square, chat.ChannelOverrides{Reactions: &off})))
		_, err = s.As("john").React(s.ctx, "m", like)
		wantErr(t, err, chat.ErrPermission)
		if slices.Contains(s.as("john").channel(square).Capabilities, chat.CreateReaction) {
			t.Error("the capabilities have create-reaction where reactions are off")
		}
		s.check(errOf(s.React(s.ctx, "m", "john", like))) // the application's own is not checked
		s.as("john").unreact("m", "like")
		s.check(errOf(s.SetOverrides(s.ctx, square, chat.ChannelOverrides{})))

		s.as("john").react("m", like)
		s.check(errOf(s.SetFrozen(s.ctx, square, true)))
		_, err = s.As("john").React(s.ctx, "m", chat.ReactionDraft{Type: "love"})
		wantErr(t, err, chat.ErrFrozen)
		s.as("sheriff").react("m", like)
		s.as("john").unreact("m", "like") // taking back is nothing new
		s.check(errOf(s.SetFrozen(s.ctx, square, false)))

		s.as("john").react("m", like)
		s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "john", CID: square}, "")))
		_, err = s.As("john").React(s.ctx, "m", chat.ReactionDraft{Type: "love"})
		wantErr(t, err, chat.ErrBanned)
		s.as("john").unreact("m", "like")
	})
}

func TestWhatCannotBeReactedTo(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		s.user(chat.User{ID: "boss", Role: chat.RoleAdmin})
		like := chat.ReactionDraft{Type: "like"}
		john := s.as("john")
		john.react("m", like)

		s.send(square, "john", chat.Draft{ID: "held", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		_, err := john.React(s.ctx, "held", like)
		wantErr(t, err, chat.ErrPending)
		_, err = s.As("mary").React(s.ctx, "held", like)
		wantErr(t, err, chat.ErrNotFound)

		s.send(square, "jane", chat.Draft{ID: "hush", Text: "hush", Restricted: []chat.UserID{"john"}}, nil)
		john.react("hush", like)
		for _, call := range []func() error{
			func() error { return errOf(s.As("mary").React(s.ctx, "hush", like)) },
			func() error { return errOf(s.As("mary").DeleteReaction(s.ctx, "hush", "mary", "like")) },
			func() error { return errOf(s.As("mary").Reactions(s.ctx, "hush", chat.ReactionQuery{})) },
		} {
			if e := wantErr(t, call(), chat.ErrNotFound); e.Reason != `message "hush" not found` {
				t.Errorf("%q tells of a private message", e.Reason)
			}
		}
		wantReacted(t, s.as("boss").message("hush"), "like=1/1", "john:like=1", "")

		// A placeholder keeps its reactions.
		s.check(s.As("mary").DeleteMessageForMe(s.ctx, "m"))
		_, err = s.As("mary").React(s.ctx, "m", like)
		wantErr(t, err, chat.ErrDeleted)
		wantReacted(t, s.as("mary").message("m"), "like=1/1", "john:like=1", "")
		s.check(errOf(s.DeleteMessage(s.ctx, "m", chat.DeleteSoft, "")))
		_, err = john.React(s.ctx, "m", chat.ReactionDraft{Type: "love"})
		wantErr(t, err, chat.ErrDeleted)
		_, err = s.React(s.ctx, "m", "john", like)
		wantErr(t, err, chat.ErrDeleted)
		wantReacted(t, john.message("m"), "like=1/1", "john:like=1", "john:like=1")
		wantReacted(t, john.unreact("m", "like"), "", "", "")
		s.check(errOf(s.UndeleteMessage(s.ctx, "m", "jane")))
		john.react("m", like)

		// Truncating hides it, deleting for good leaves nothing.
		s.check(errOf(s.DeleteMessage(s.ctx, "hush", chat.DeleteHard, "")))
		_, err = john.Reactions(s.ctx, "hush", chat.ReactionQuery{})
		wantErr(t, err, chat.ErrNotFound)
		s.check(s.TruncateChannel(s.ctx, square, nil))
		_, err = john.React(s.ctx, "m", like)
		wantErr(t, err, chat.ErrNotFound)
		original, err := s.OriginalMessage(s.ctx, "m")
		s.check(err)
		wantReacted(t, original, "like=1/1", "john:like=1", "")
	})
}

func TestReactionsLeaveNothingBehind(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(s *scenario) error
	}{
		{"hard delete", func(s *scenario) error { return errOf(s.DeleteMessage(s.ctx, "m", chat.DeleteHard, "")) }},
		{"removal", func(s *scenario) error {
			_, err := s.DeleteReaction(s.ctx, "m", "john", "zebra")
			return err
		}},
		{"truncation", func(s *scenario) error { return s.TruncateChannel(s.ctx, square, &chat.TruncateOptions{Hard: true}) }},
		{"channel", func(s *scenario) error { return s.DeleteChannel(s.ctx, square, chat.DeleteHard) }},
	} {
		eachDriverWith(t, &chat.Options{NoBackground: true}, func(t *testing.T, s *scenario) {
			reactionStory(s)
			s.as("john").react("m", chat.ReactionDraft{Type: "zebra"})
			s.check(end.do(s))
			s.check(errOf(s.RunDueWork(s.ctx)))
			for key, value := range s.dump() {
				if strings.Contains(key+value, "zebra") {
					t.Errorf("%s: the key %q is left", end.name, key)
				}
			}
		})
	}
}

func TestAMessageHasReactionsOfAHundredTypes(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		for i := range 100 {
			s.check(errOf(s.As("john").React(s.ctx, "m", chat.ReactionDraft{Type: fmt.Sprint("t", i)})))
		}
		_, err := s.As("mary").React(s.ctx, "m", chat.ReactionDraft{Type: "more"})
		wantFieldErr(t, err, chat.ErrLimit, "type")
		s.as("mary").react("m", chat.ReactionDraft{Type: "t7"})
		if own := s.as("john").message("m").OwnReactions; len(own) != 100 || own[0].Type != "t99" {
			t.Errorf("john has %d reactions, the newest %v", len(own), own[0])
		}
		s.as("john").react("m", chat.ReactionDraft{Type: "more", EnforceUnique: true})
		wantReacted(t, s.message("m"), "more=1/1 t7=1/1", "john:more=1 mary:t7=1", "")
	})
}

func TestReactionsOfAMessageThatIsQuotedAreShown(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		s.as("john").react("m", chat.ReactionDraft{Type: "like"})
		s.as("mary").post(square, chat.Draft{ID: "q", Text: "look", QuotedID: "m"})
		for _, user := range []chat.UserID{"john", "mary"} {
			own := ""
			if user == "john" {
				own = "john:like=1"
			}
			wantReacted(t, *s.as(user).message("q").QuotedMessage, "like=1/1", "john:like=1", own)
		}
	})
}

func TestReactionsAreToldToEachAsTheySeeThem(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		s.send(square, "jane", chat.Draft{ID: "hush", Text: "hush", Restricted: []chat.UserID{"john"}}, nil)
		john, mary, app := s.watch("john"), s.watch("mary"), s.watch("")
		s.as("john").react("m", chat.ReactionDraft{Type: "like"})
		for who, r := range map[string]*reader{"john:like=1": john, "": mary} {
			e := r.wants("reaction.new hello")[0]
			wantReacted(t, *e.Message, "like=1/1", "john:like=1", who)
			if e.Reaction == nil || e.Reaction.Type != "like" || e.User.ID != "john" || e.By != nil || e.CID != square {
				t.Errorf("the event is %+v", e)
			}
		}
		s.as("john").react("m", chat.ReactionDraft{Type: "like", Score: 2})
		if e := mary.wants("reaction.updated hello")[0]; e.Reaction.Score != 2 {
			t.Errorf("the event has %+v", e.Reaction)
		}
		s.as("john").react("m", chat.ReactionDraft{Type: "like", Score: 2})
		mary.wants() // it was there
		s.as("john").react("m", chat.ReactionDraft{Type: "love", EnforceUnique: true})
		list := mary.wants("reaction.deleted hello", "reaction.new hello")
		if r := list[0].Reaction; r.Type != "like" || r.User.ID != "john" || r.MessageID != "m" {
			t.Errorf("told is %+v", r)
		}
		s.user(chat.User{ID: "sheriff", Role: chat.RoleModerator})
		s.check(errOf(s.As("sheriff").DeleteReaction(s.ctx, "m", "john", "love")))
		if e := mary.wants("reaction.deleted hello")[0]; e.User.ID != "john" || e.By == nil || e.By.ID != "sheriff" {
			t.Errorf("told is %+v", e)
		}
		// That of a private message is its audience's. What is gone when it is read
		// is told as gone alone.
		s.as("john").react("hush", chat.ReactionDraft{Type: "like"})
		mary.wants()
		s.as("john").unreact("hush", "like")
		for _, r := range []*reader{john, app} {
			r.wants("reaction.deleted hello", "reaction.deleted hello", "reaction.deleted hush")
		}
	})
}

func TestReactionsOfAnErasedUserShowTheirID(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		reactionStory(s)
		s.as("john").react("m", chat.ReactionDraft{Type: "like"})
		s.check(s.DeactivateUser(s.ctx, "john"))
		s.check(s.RemoveMembers(s.ctx, square, []chat.UserID{"john"}, nil))
		r := s.as("mary").message("m").LatestReactions[0]
		if r.User.ID != "john" || r.User.DeactivatedAt == nil {
			t.Errorf("the reaction of one who left and was deactivated is %+v", r)
		}
		_, err := s.React(s.ctx, "m", "john", chat.ReactionDraft{Type: "love"})
		wantFieldErr(t, err, chat.ErrInvalid, "user_id")
	})
}

// A pending message takes no time in its channel: one that is sent after it may
// have the same.
func TestReactionsOfAnotherMessageOfTheSameTimeStay(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		held := s.send(lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		m := s.as("jane").send(lounge, "at once")
		if !held.CreatedAt.Equal(m.CreatedAt) {
			t.Fatalf("sent at %v and %v", held.CreatedAt, m.CreatedAt)
		}
		s.check(errOf(s.as("john").React(s.ctx, m.ID, chat.ReactionDraft{Type: "love"})))
		s.check(errOf(s.as("john").DeleteReaction(s.ctx, held.ID, "john", "love")))
		s.check(errOf(s.DeleteReaction(s.ctx, held.ID, "john", "love")))
		if got := s.as("jane").message(m.ID); got.ReactionGroups["love"].Count != 1 {
			t.Errorf("the reactions are %v", got.ReactionGroups)
		}
	})
}
