package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// words makes texts that are found again, and remembers what for.
type words struct{ list []string }

func (w *words) word(what string) string {
	w.list = append(w.list, "herword-"+what)
	return w.list[len(w.list)-1]
}

// left are those that are still in the store.
func (w *words) left(s *scenario) (left []string) {
	s.t.Helper()
	all := s.dump()
	for _, word := range w.list {
		for key, value := range all {
			if strings.Contains(key, word) || strings.Contains(value, word) {
				left = append(left, word)
				break
			}
		}
	}
	return left
}

// saysAll has Jane, an admin, say something by each call that takes a text, and
// the application in her name. What of it is a message goes by the mode.
func saysAll(s *scenario, w *words) (inMessages []string) {
	s.t.Helper()
	s.user(chat.User{ID: "jane", Name: w.word("name"), Role: chat.RoleAdmin, Custom: chat.Custom{"a": w.word("user-custom")}})
	commandStory(s)
	s.users("mary", "ivy")
	s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "mary"}}, nil))
	jane, other := s.as("jane"), s.channel("messaging:other", "jane", "john")
	one := s.as("john").send(commandRoom, "one")
	two := s.as("john").post(commandRoom, chat.Draft{ID: "two", Text: "two"})

	s.check(errOf(s.UpdateMember(s.ctx, commandRoom, "jane", chat.MemberUpdate{Custom: chat.Custom{"a": w.word("member")}})))
	s.check(errOf(jane.React(s.ctx, one.ID, chat.ReactionDraft{Type: "herword-kind", Custom: chat.Custom{"a": w.word("reaction")}})))
	w.word("kind")
	s.check(jane.FlagMessage(s.ctx, one.ID, w.word("flag-message")))
	s.check(jane.FlagUser(s.ctx, "john", w.word("flag-user")))
	s.check(s.as("mary").FlagMessage(s.ctx, two.ID, "rude"))
	s.sleep(time.Millisecond)
	s.check(s.as("mary").FlagUser(s.ctx, "john", "rude"))
	s.check(jane.ReviewMessageFlags(s.ctx, two.ID, w.word("review-message")))
	s.check(s.ReviewUserFlags(s.ctx, "john", w.word("review-user"), "jane"))
	s.check(errOf(jane.Ban(s.ctx, chat.BanDraft{User: "john", CID: commandRoom, Reason: w.word("ban-here")})))
	s.check(errOf(jane.Ban(s.ctx, chat.BanDraft{User: "ned", CID: commandRoom, Reason: w.word("ban-over"), Lasting: time.Millisecond})))
	s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "john", Reason: w.word("ban"), Lasting: time.Hour}, "jane")))
	s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: "ivy", Reason: w.word("shadow-ban"), Shadow: true}, "jane")))
	jane.send(commandRoom, "/ask "+w.word("question"))

	outside := len(w.list)
	notice := func(what string) *chat.SystemMessage {
		return &chat.SystemMessage{UserID: "jane", Text: w.word(what), Custom: chat.Custom{"a": w.word(what + "-custom")}}
	}
	m := jane.post(commandRoom, chat.Draft{
		ID: "full", Text: w.word("text") + " https://a.example/" + w.word("link"), Custom: chat.Custom{"a": w.word("custom")},
		Attachments: []chat.Attachment{{Type: "image", ImageURL: "https://a.example/" + w.word("image"), Title: w.word("title")}},
	})
	jane.post(commandRoom, chat.Draft{ID: "edited", Text: w.word("before")})
	s.check(errOf(jane.UpdateMessage(s.ctx, "edited", chat.MessageUpdate{Text: w.word("after")})))
	jane.post(commandRoom, chat.Draft{ID: "reply", Text: w.word("reply"), ParentID: one.ID})
	jane.post(commandRoom, chat.Draft{ID: "quoting", Text: w.word("quoting"), QuotedID: m.ID})
	jane.post(commandRoom, chat.Draft{ID: "deleted", Text: w.word("deleted")})
	s.check(errOf(jane.DeleteMessage(s.ctx, "deleted", chat.DeleteSoft)))
	s.send(commandRoom, "jane", chat.Draft{Text: w.word("private"), Restricted: []chat.UserID{"mary"}}, nil)
	jane.send(commandRoom, "/echo "+w.word("echo"))
	s.check(s.AddMembers(s.ctx, commandRoom, []chat.MemberDraft{{UserID: "ivy"}}, notice("welcome")))
	s.check(s.RemoveMembers(s.ctx, commandRoom, []chat.UserID{"ivy"}, notice("farewell")))
	s.check(errOf(jane.UpdateChannel(s.ctx, commandRoom, chat.ChannelUpdate{Name: "Room"}, notice("renamed"))))
	jane.post(other, chat.Draft{Text: w.word("truncated")})
	s.check(jane.TruncateChannel(s.ctx, other, &chat.TruncateOptions{Message: notice("truncation")}))
	s.ban(chat.BanDraft{User: "jane", CID: other, Shadow: true})
	jane.post(other, chat.Draft{ID: "shadowed", Text: w.word("shadowed")})
	s.check(errOf(jane.UpdateMessage(s.ctx, "shadowed", chat.MessageUpdate{Text: w.word("shadow-edit")})))
	s.check(errOf(s.RunDueWork(s.ctx))) // of the truncation
	inMessages = slices.Clone(w.list[outside:])
	for i := range 2 { // what is pending stays with EraseKeep
		held := fmt.Sprint("held", i)
		s.send(commandRoom, "jane", chat.Draft{Text: w.word(held)}, &chat.SendOptions{
			Pending: chat.PendingOn, PendingMetadata: map[string]string{"a": w.word(held + "-metadata")},
		})
	}
	return append(inMessages, w.list[len(w.list)-4:]...)
}

func wordsOptions() *chat.Options {
	o := commandOptions()
	o.NoBackground = true
	o.Pending = chat.PendingFuncs{Deleted: func(context.Context, chat.PendingMessage) error { return nil }}
	return o
}

func TestNoWordOfAnErasedUserIsLeft(t *testing.T) {
	eachDriverWith(t, wordsOptions(), func(t *testing.T, s *scenario) {
		var w words
		saysAll(s, &w)
		if n := len(w.left(s)); n < 30 {
			t.Errorf("before it, %d words are in the store: %q", n, w.left(s))
		}
		s.erase("jane", chat.EraseHard)
		s.check(errOf(s.RunDueWork(s.ctx)))
		if left := w.left(s); left != nil {
			t.Errorf("left are %q", left)
		}
	})
}

// TestTheBansAnErasedUserPutStay: with every mode their reasons go, and what they
// wrote in reviews.
func TestTheBansAnErasedUserPutStay(t *testing.T) {
	eachDriverWith(t, wordsOptions(), func(t *testing.T, s *scenario) {
		var w words
		inMessages := saysAll(s, &w)
		s.erase("jane", chat.EraseKeep)
		if left := slices.DeleteFunc(w.left(s), func(word string) bool { return slices.Contains(inMessages, word) }); len(left) > 0 {
			t.Errorf("left are %q", left)
		}
		for _, cid := range []chat.CID{"", commandRoom} {
			page, err := s.Bans(s.ctx, chat.BanQuery{CID: cid})
			s.check(err)
			if i := slices.IndexFunc(page.Items, func(b chat.Ban) bool { return b.User.ID == "john" }); i < 0 || page.Items[i].By.ID != "jane" || page.Items[i].Reason != "" {
				t.Errorf("the bans from %q are %+v", cid, page.Items)
			}
		}
		s.wantReviewed("", chat.ReviewedFlags, "mary→two: rude (jane: )", "mary→john: rude (jane: )")
	})
}

func TestTheReasonsOfAllBansByAnErasedUserGo(t *testing.T) {
	inMemory(t, quiet(), func(t *testing.T, s *scenario) {
		cid := s.channel("messaging:ride", "jane", "john")
		for i := range 301 { // more than are looked at at once
			user := chat.UserID(fmt.Sprintf("u%03d", i))
			s.users(user)
			s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: user, CID: cid, Reason: "her-reason"}, "jane")))
			s.check(errOf(s.Ban(s.ctx, chat.BanDraft{User: user, Reason: "his-reason"}, "john")))
		}
		s.erase("jane", chat.EraseKeep)
		if hers, his := len(s.leftOf("her-reason")), len(s.leftOf("his-reason")); hers != 0 || his != 301 {
			t.Errorf("%d of her reasons are left, and %d of his", hers, his)
		}
	})
}
