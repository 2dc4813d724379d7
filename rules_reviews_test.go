package chat_test

import (
	"fmt"
	"testing"

	"example.com/chat"
)

// wantReviewed checks which flags are of a state, as "by→what: outcome".
func (s *scenario) wantReviewed(cid chat.CID, state chat.FlagState, want ...string) {
	s.t.Helper()
	got := []string{}
	for q := (chat.FlagQuery{CID: cid, State: state, Limit: 2}); ; {
		page, err := s.Flags(s.ctx, q)
		s.check(err)
		for i, line := range flagged(page.Items) {
			if r := page.Items[i].Review; r != nil {
				who := "the application"
				if r.By != nil {
					who = string(r.By.ID)
				}
				if line += fmt.Sprintf(" (%s: %s)", who, r.Outcome); r.At.IsZero() {
					s.t.Errorf("%s has no time", line)
				}
			}
			got = append(got, line)
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	wantSame(s.t, "the flags", got, append([]string{}, want...))
}

func TestReviewedFlagsStayListedAsReviewed(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		jane, mod := s.as("jane"), s.as("mod")
		s.flagged(jane.FlagMessage(s.ctx, "one", "rude"))
		s.flagged(jane.FlagMessage(s.ctx, "two", "spam"))
		s.flagged(jane.FlagUser(s.ctx, "john", "rude"))
		s.flagged(s.As("owner").FlagMessage(s.ctx, "one", "me too"))
		s.wantReviewed("", chat.ReviewedFlags)
		s.check(mod.ReviewMessageFlags(s.ctx, "one", "warned"))
		s.check(s.ReviewUserFlags(s.ctx, "john", "nothing wrong", ""))
		s.wantReviewed("", chat.AnyFlags, "jane→one: rude (mod: warned)", "jane→two: spam", "jane→john: rude (the application: nothing wrong)", "owner→one: me too (mod: warned)")
		s.wantReviewed(commandRoom, chat.ReviewedFlags, "jane→one: rude (mod: warned)", "owner→one: me too (mod: warned)")
		s.wantReviewed("", chat.OpenFlags, "jane→two: spam")
		// A later review replaces it.
		s.check(s.ReviewMessageFlags(s.ctx, "one", "removed", "sheriff"))
		s.wantReviewed(commandRoom, chat.ReviewedFlags, "jane→one: rude (sheriff: removed)", "owner→one: me too (sheriff: removed)")
		// What has no flags has nothing to be reviewed.
		s.check(s.ReviewMessageFlags(s.ctx, "far", "", ""))
		s.check(s.ReviewUserFlags(s.ctx, "nobody", "", ""))
		s.wantReviewed("", chat.OpenFlags, "jane→two: spam")
		s.check(s.As("sheriff").ReviewUserFlags(s.ctx, "john", "banned"))
		s.wantReviewed("", chat.ReviewedFlags, "jane→one: rude (sheriff: removed)", "jane→john: rude (sheriff: banned)", "owner→one: me too (sheriff: removed)")
	})
}

func TestFlagThatIsPutAgainAfterAReviewComesBack(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		jane := s.as("jane")
		s.flagged(jane.FlagMessage(s.ctx, "one", "rude"))
		s.flagged(jane.FlagMessage(s.ctx, "two", "spam"))
		s.flagged(jane.FlagUser(s.ctx, "john", "rude"))
		s.check(s.ReviewMessageFlags(s.ctx, "one", "warned", ""))
		s.check(s.ReviewUserFlags(s.ctx, "john", "warned", ""))
		watch := s.watch("mod")
		s.flagged(jane.FlagMessage(s.ctx, "two", "still open: no news"))
		s.flagged(jane.FlagMessage(s.ctx, "one", "again"))
		s.flagged(jane.FlagUser(s.ctx, "john", "again"))
		s.wantReviewed("", chat.AnyFlags, "jane→two: still open: no news", "jane→one: again", "jane→john: again")
		s.wantReviewed(commandRoom, chat.OpenFlags, "jane→two: still open: no news", "jane→one: again")
		watch.wants("message.flagged one")
		s.check(s.UnflagMessage(s.ctx, "one"))
		s.check(s.UnflagUser(s.ctx, "john"))
		s.wantReviewed("", chat.AnyFlags, "jane→two: still open: no news")
	})
}

func TestReviewNeedsToSeeTheFlags(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		for _, id := range []chat.MessageID{"one", "far", "private"} {
			s.flagged(s.As("jane").FlagMessage(s.ctx, id, "rude"))
		}
		s.flagged(s.As("jane").FlagUser(s.ctx, "john", "rude"))
		for _, c := range []struct {
			by   chat.UserID
			id   chat.MessageID
			kind error
		}{
			{"jane", "one", chat.ErrPermission}, {"ned", "one", chat.ErrNotFound}, {"mod", "far", chat.ErrNotFound}, {"mod", "private", chat.ErrNotFound},
		} {
			wantErr(t, s.As(c.by).ReviewMessageFlags(s.ctx, c.id, "ok"), c.kind)
		}
		wantErr(t, s.As("mod").ReviewUserFlags(s.ctx, "john", "ok"), chat.ErrPermission)
		s.wantReviewed("", chat.ReviewedFlags)
		s.check(s.As("boss").ReviewMessageFlags(s.ctx, "private", "ok"))
		s.ban(chat.BanDraft{User: "mod", CID: commandRoom})
		wantErr(t, s.As("mod").ReviewMessageFlags(s.ctx, "one", "ok"), chat.ErrBanned)
	})
}

func TestReviewIsInTheNameOfAUserWhoIsActive(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		flagStory(s)
		s.users("gone")
		s.check(s.DeactivateUser(s.ctx, "gone"))
		s.send(commandRoom, "jane", chat.Draft{ID: "held", Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		for _, by := range []chat.UserID{"gone", "nobody"} {
			for _, id := range []chat.MessageID{"one", "held"} {
				wantFieldErr(t, s.ReviewMessageFlags(s.ctx, id, "ok", by), chat.ErrInvalid, "by")
			}
			wantFieldErr(t, s.ReviewUserFlags(s.ctx, "john", "ok", by), chat.ErrInvalid, "by")
		}
	})
}
