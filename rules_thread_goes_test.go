package chat_test

import (
	"testing"

	"example.com/chat"
)

func TestAPrivateReplyKeepsItsAuthorInTheThread(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane", "june")
		parent := s.as("june").send(lounge, "parent").ID
		open := s.as("jane").reply(parent, "for all")
		private := s.send(lounge, "jane", chat.Draft{Text: "for john", ParentID: parent, Restricted: []chat.UserID{"john"}}, nil)
		s.check(errOf(s.DeleteMessage(s.ctx, open.ID, chat.DeleteHard, "")))
		s.as("jane").wantThreads(string(parent) + ": 0")
		s.as("john").reply(parent, "answer")
		s.as("jane").wantThreads(string(parent) + ": 1")

		s.check(errOf(s.DeleteMessage(s.ctx, private.ID, chat.DeleteHard, "")))
		s.as("jane").wantThreads()
	})
}

func TestAReplyThatWasPendingIsCountedAsDeletedNoMoreOnceItIsGone(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		s.channel(lounge, "john", "jane")
		parent := s.as("john").send(lounge, "parent").ID
		held := s.send(lounge, "jane", chat.Draft{Text: "held", ParentID: parent}, &chat.SendOptions{Pending: chat.PendingOn})
		s.check(errOf(s.CommitMessage(s.ctx, held.ID)))
		s.as("john").reply(parent, "stays")
		s.as("jane").wantThread(parent, 2, 0, "jane", "john")
		s.check(errOf(s.DeleteMessage(s.ctx, held.ID, chat.DeleteSoft, "")))
		s.as("jane").wantThread(parent, 2, 1, "jane", "john")
		s.check(errOf(s.DeleteMessage(s.ctx, held.ID, chat.DeleteHard, "")))
		s.as("jane").wantThread(parent, 1, 0, "john")
	})
}
