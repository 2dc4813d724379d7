package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// What is for its author alone goes to their own log, which they read wherever it
// comes from. Who writes without being a member is told of nothing that is for
// all, unless they name the channel: were they told of theirs, they could tell.

// shadowPlace is a channel in which John writes, and how he comes to.
type shadowPlace struct {
	cid    chat.CID
	enter  func(s *scenario, cid chat.CID)
	member bool
}

var shadowPlaces = map[string]shadowPlace{
	"a livestream": {cid: "livestream:a", enter: func(s *scenario, cid chat.CID) {
		s.users("john")
		s.channel(cid, "jane")
	}},
	"a livestream, as a member": {cid: "livestream:a", member: true, enter: func(s *scenario, cid chat.CID) {
		s.users("john")
		s.channel(cid, "jane", "john")
	}},
	"one's own channel, left": {cid: "messaging:a", enter: func(s *scenario, cid chat.CID) {
		s.channel(cid, "john", "jane")
		s.check(s.as("john").LeaveChannel(s.ctx, cid))
	}},
	"one's own channel, as a member": {cid: "messaging:a", member: true, enter: func(s *scenario, cid chat.CID) {
		s.channel(cid, "john", "jane")
	}},
	"another's channel, as a moderator": {cid: "messaging:a", enter: func(s *scenario, cid chat.CID) {
		s.user(chat.User{ID: "john", Role: chat.RoleModerator})
		s.channel(cid, "jane")
	}},
	"another's channel, as an admin": {cid: "messaging:a", enter: func(s *scenario, cid chat.CID) {
		s.user(chat.User{ID: "john", Role: chat.RoleAdmin})
		s.channel(cid, "jane")
	}},
}

// shadowRestraints are what makes of what John posts something that is for him
// alone. He is told the same with each, and with none.
var shadowRestraints = map[string]func(s *scenario, cid chat.CID){
	"free":                    nil,
	"banned from the channel": func(s *scenario, cid chat.CID) { s.ban(chat.BanDraft{User: "john", CID: cid, Shadow: true}) },
	"banned from all of them": func(s *scenario, _ chat.CID) { s.ban(chat.BanDraft{User: "john", Shadow: true}) },
	blockedRestraint:          func(s *scenario, _ chat.CID) { s.check(s.as("jane").BlockUser(s.ctx, "john")) },
}

const blockedRestraint = "blocked by the only other"

// shadowAct is something that John does, or that happens to what is his.
type shadowAct struct {
	name   string
	do     func(s *scenario, john *actor, cid chat.CID)
	told   string // to who follows the channel, by commas
	always bool   // to who does not, too
}

var shadowActs = []shadowAct{
	{name: "a message", told: "message.new one", do: func(s *scenario, john *actor, cid chat.CID) {
		john.post(cid, chat.Draft{ID: "m", Text: "one"})
	}},
	{name: "an edit", told: "message.updated two", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "two"})))
	}},
	{name: "an edit of what was there before", told: "message.updated later", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.PatchMessage(s.ctx, "before", chat.Patch{Set: map[string]any{"text": "later"}})))
	}},
	{name: "a pin, by the application", told: "message.updated two", do: func(s *scenario, _ *actor, _ chat.CID) {
		s.check(errOf(s.PinMessage(s.ctx, "m", "", time.Now().Add(time.Hour))))
	}},
	{name: "a pin that ends", told: "message.updated two", do: func(s *scenario, _ *actor, _ chat.CID) {
		s.sleep(2 * time.Hour)
		s.check(errOf(s.RunDueWork(s.ctx)))
	}},
	{name: "a reaction", told: "reaction.new two", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.React(s.ctx, "m", chat.ReactionDraft{Type: "like"})))
	}},
	{name: "a reaction that is replaced", told: "reaction.updated two", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.React(s.ctx, "m", chat.ReactionDraft{Type: "like", Score: 2})))
	}},
	{name: "a reaction that is taken back", told: "reaction.deleted two", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.DeleteReaction(s.ctx, "m", "john", "like")))
	}},
	{name: "a reaction to another", told: "reaction.new hers", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.React(s.ctx, "hers", chat.ReactionDraft{Type: "like"})))
	}},
	{name: "a reply", told: "message.new reply", do: func(s *scenario, john *actor, cid chat.CID) {
		john.post(cid, chat.Draft{ID: "reply", Text: "reply", ParentID: "m"})
	}},
	{name: "a reply to another", told: "message.new answer", do: func(s *scenario, john *actor, cid chat.CID) {
		john.post(cid, chat.Draft{ID: "answer", Text: "answer", ParentID: "hers", ShowInChannel: true})
	}},
	{name: "a soft deletion", told: "message.deleted deleted", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.DeleteMessage(s.ctx, "answer", chat.DeleteSoft)))
	}},
	{name: "its end", told: "message.undeleted answer", do: func(s *scenario, _ *actor, _ chat.CID) {
		s.check(errOf(s.UndeleteMessage(s.ctx, "answer", "john")))
	}},
	{name: "a deletion for oneself", told: "message.deleted deleted", always: true, do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(john.DeleteMessageForMe(s.ctx, "answer"))
	}},
	{name: "a deletion of a reply for good", told: "message.deleted deleted hard", do: func(s *scenario, john *actor, _ chat.CID) {
		s.check(errOf(john.DeleteMessage(s.ctx, "reply", chat.DeleteHard)))
	}},
	{name: "a deletion of a thread for good", told: "message.deleted deleted hard", do: func(s *scenario, john *actor, cid chat.CID) {
		john.post(cid, chat.Draft{Text: "gone with it", ParentID: "m"})
		s.check(errOf(john.DeleteMessage(s.ctx, "m", chat.DeleteHard)))
	}},
	{name: "a word with a change", told: "channel.updated, message.new a word", do: func(s *scenario, john *actor, cid chat.CID) {
		word := &chat.SystemMessage{Text: "a word"}
		s.check(errOf(john.UpdateChannel(s.ctx, cid, chat.ChannelUpdate{Name: "room"}, word)))
	}},
	{name: "a custom event", told: "wave john", do: func(s *scenario, john *actor, cid chat.CID) {
		s.check(john.SendEvent(s.ctx, cid, chat.CustomEvent{Type: "wave"}))
	}},
	{name: "typing", do: func(s *scenario, john *actor, cid chat.CID) {
		s.check(john.StartTyping(s.ctx, cid))
	}},
	{name: "a message that is held", told: "message.pending held", always: true, do: func(s *scenario, john *actor, cid chat.CID) {
		s.check(s.UpdateChannelType(s.ctx, cid.Type(), func(t *chat.ChannelType) error { t.MarkMessagesPending = true; return nil }))
		john.post(cid, chat.Draft{ID: "held", Text: "held"})
	}},
	{name: "a commit", told: "message.new held", do: func(s *scenario, _ *actor, _ chat.CID) {
		s.check(errOf(s.CommitMessage(s.ctx, "held")))
	}},
	{name: "another that is held", told: "message.pending refused", always: true, do: func(_ *scenario, john *actor, cid chat.CID) {
		john.post(cid, chat.Draft{ID: "refused", Text: "refused"})
	}},
	{name: "that it is refused", told: "message.deleted deleted hard", always: true, do: func(s *scenario, _ *actor, _ chat.CID) {
		s.check(errOf(s.DeleteMessage(s.ctx, "refused", chat.DeleteHard, "")))
	}},
}

func TestEventsOfOnesOwnDoNotTellThatTheyAreForOneselfAlone(t *testing.T) {
	for place, at := range shadowPlaces {
		for restraint, restrain := range shadowRestraints {
			if at.cid.Type() == "livestream" && restraint == blockedRestraint {
				continue // nobody is blocked there
			}
			for _, named := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/named %t", place, restraint, named), func(t *testing.T) {
					inMemory(t, nil, func(t *testing.T, s *scenario) {
						john := shadowEntry(s, at, restrain)
						events := s.watch("john")
						if named {
							events.query.Channels = []chat.CID{at.cid}
						}
						for _, act := range shadowActs {
							act.do(s, john, at.cid)
							want := act.told
							if !at.member && !named && !act.always {
								want = ""
							}
							if got := strings.Join(summaries(events.readNow()), ", "); got != want {
								t.Errorf("of %s he is told %q, want %q", act.name, got, want)
							}
						}
						if alone := s.message("answer").Shadowed; alone != (restrain != nil) {
							t.Errorf("what he posts is for him alone: %t", alone)
						}
					})
				})
			}
		}
	}
}

// shadowEntry has John come to a place, where something was said before, and be
// restrained there.
func shadowEntry(s *scenario, at shadowPlace, restrain func(*scenario, chat.CID)) *actor {
	s.t.Helper()
	s.users("jane")
	for kind, role := range map[string]chat.Role{"livestream": chat.RoleUser, "messaging": chat.RoleChannelCreator} {
		s.check(s.UpdateChannelType(s.ctx, kind, func(t *chat.ChannelType) error {
			t.Grants[role] = append(t.Grants[role], chat.UpdateChannel, chat.CreateSystemMessage, chat.SendCustomEvent)
			return nil
		}))
	}
	at.enter(s, at.cid)
	john := s.as("john")
	s.as("jane").post(at.cid, chat.Draft{ID: "hers", Text: "hers"})
	john.post(at.cid, chat.Draft{ID: "before", Text: "before"})
	if restrain != nil {
		restrain(s, at.cid)
	}
	return john
}

// readNow reads all there is now, whatever is asked for: it waits a second for
// more.
func (r *reader) readNow() (list []chat.Event) {
	ctx, cancel := context.WithTimeout(r.s.ctx, time.Second)
	defer cancel()
	for {
		events, next, err := r.poll(ctx)
		r.cursor, list = next, append(list, events...)
		if err != nil {
			return list
		}
	}
}

// One who leaves is told no more of the channel, also of what they had not read
// yet; theirs were told to them where they read it before.
func TestWhatWasNotReadBeforeLeavingDoesNotTellThatItIsForOneselfAlone(t *testing.T) {
	for restraint, restrain := range shadowRestraints {
		t.Run(restraint, func(t *testing.T) {
			inMemory(t, nil, func(t *testing.T, s *scenario) {
				at := shadowPlaces["one's own channel, as a member"]
				john := shadowEntry(s, at, restrain)
				events := s.watch("john")
				john.post(at.cid, chat.Draft{ID: "m", Text: "one"})
				events.wants("message.new one")
				s.check(errOf(john.React(s.ctx, "m", chat.ReactionDraft{Type: "like"})))
				s.check(john.SendEvent(s.ctx, at.cid, chat.CustomEvent{Type: "wave"}))
				s.check(john.LeaveChannel(s.ctx, at.cid))
				events.wants("notification.removed_from_channel john")
			})
		})
	}
}

// A private message is told to its author wherever it is: so it is where what
// they post is for them alone.
func TestAPrivateMessageOfAShadowBannedUserIsToldToThemAsAnyOther(t *testing.T) {
	for restraint, restrain := range shadowRestraints {
		t.Run(restraint, func(t *testing.T) {
			inMemory(t, nil, func(t *testing.T, s *scenario) {
				at := shadowPlaces["another's channel, as an admin"]
				john := shadowEntry(s, at, restrain)
				events := s.watch("john")
				john.post(at.cid, chat.Draft{ID: "m", Text: "psst", Restricted: []chat.UserID{"jane"}})
				john.post(at.cid, chat.Draft{ID: "reply", Text: "more", ParentID: "m"})
				events.wants("message.new psst", "message.new more")
				s.check(errOf(john.UpdateMessage(s.ctx, "m", chat.MessageUpdate{Text: "hush"})))
				events.wants("message.updated hush")
				s.check(errOf(john.DeleteMessage(s.ctx, "m", chat.DeleteHard)))
				events.wants("message.deleted deleted hard")
			})
		})
	}
}

// The application is told of what others are not, wherever it is posted; nobody
// is pushed it.
func TestWhatAShadowBannedStrangerPostsIsToldToTheApplicationAlone(t *testing.T) {
	ear, phone := &ear{}, &phone{}
	options := &chat.Options{EventHandler: ear, Pusher: phone, NoBackground: true}
	options.EventTypes = []chat.EventType{chat.MessageNew, chat.ReactionNew, chat.MessageDeleted, "wave"} // no marks
	inMemory(t, options, func(t *testing.T, s *scenario) {
		at := shadowPlaces["a livestream"]
		john := shadowEntry(s, at, shadowRestraints["banned from the channel"])
		phone.want(s, "before: jane")
		app, jane := s.watch(""), s.watch("jane")
		ear.heard = nil
		john.post(at.cid, chat.Draft{ID: "m", Text: "one"})
		s.check(errOf(john.React(s.ctx, "m", chat.ReactionDraft{Type: "like"})))
		s.check(errOf(john.DeleteMessage(s.ctx, "m", chat.DeleteSoft)))
		s.check(john.SendEvent(s.ctx, at.cid, chat.CustomEvent{Type: "wave"}))
		want := []string{"message.new deleted", "reaction.new deleted", "message.deleted deleted", "wave john"}
		app.wants(want...)
		jane.wants()
		phone.want(s)
		wantSame(t, "what the handler is told", ear.heard, want)
	})
}
