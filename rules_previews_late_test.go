package chat_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
)

func TestALaterResultChangesTheMessage(t *testing.T) {
	w, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const link = "https://3s.example/map"
		sent := s.as("jane").post(room, chat.Draft{Text: "see " + link, Attachments: []chat.Attachment{{Type: "image"}}})
		wantPreviews(t, sent, 1)
		s.as("john").send(room, "words")
		unread := s.as("john").unread(room)
		s.sleep(3 * time.Second)
		want := sent
		want.Attachments = append(want.Attachments, pageOf(link))
		for _, user := range []chat.UserID{"jane", "john"} {
			wantSame(t, "the message later", s.as(user).message(sent.ID), want)
		}
		w.wantAsked(t, link) // once: the late work joined
		// Nothing else has changed: updated_at, order, unread.
		s.as("john").wantTexts(room, sent.Text, "words")
		s.as("john").wantUnread(room, unread)

		// The same of an edit.
		const other = "https://4s.example/map"
		edited := s.as("jane").update(sent.ID, chat.MessageUpdate{Text: "see " + other})
		wantPreviews(t, edited, 0)
		s.sleep(4 * time.Second)
		edited.Attachments = []chat.Attachment{pageOf(other)}
		wantSame(t, "the message later", s.as("john").message(sent.ID), edited)
		w.wantAsked(t, other)
	})
}

func TestALaterResultNeverComesOverANewerEditOrADelete(t *testing.T) {
	const link = "https://3s.example/map"
	for name, test := range map[string]struct {
		change func(s *scenario, m chat.MessageID)
		own    int
		links  []string // in the end
	}{
		"another link": {func(s *scenario, m chat.MessageID) {
			s.as("jane").update(m, chat.MessageUpdate{Text: "https://a.example"})
		}, 0, []string{"https://a.example"}},
		"another late link": {func(s *scenario, m chat.MessageID) {
			s.as("jane").update(m, chat.MessageUpdate{Text: "https://7s.example"})
		}, 0, []string{"https://7s.example"}},
		"another, not to enrich": {func(s *scenario, m chat.MessageID) {
			s.as("jane").update(m, chat.MessageUpdate{Text: "https://a.example", SkipEnrichURL: true})
		}, 0, nil},
		"another that is not up": {func(s *scenario, m chat.MessageID) {
			s.as("jane").update(m, chat.MessageUpdate{Text: "https://down.example"})
		}, 0, nil},
		"no link":            {func(s *scenario, m chat.MessageID) { s.as("jane").update(m, chat.MessageUpdate{Text: "words"}) }, 0, nil},
		"no link, partially": {func(s *scenario, m chat.MessageID) { s.as("jane").patch(m, set("text", "words")) }, 0, nil},
		"the link is no longer first": {func(s *scenario, m chat.MessageID) {
			s.as("jane").patch(m, set("text", "https://a.example "+link))
		}, 0, []string{"https://a.example"}},
		// The text still has the link.
		"another text": {func(s *scenario, m chat.MessageID) { s.as("jane").update(m, chat.MessageUpdate{Text: "new " + link}) }, 0, []string{link}},
		"another text, then another": {func(s *scenario, m chat.MessageID) {
			s.as("jane").update(m, chat.MessageUpdate{Text: "words"})
			s.as("jane").update(m, chat.MessageUpdate{Text: "back " + link})
		}, 0, []string{link}},
		"custom data": {func(s *scenario, m chat.MessageID) { s.as("jane").patch(m, set("a", 1)) }, 0, []string{link}},
		"attachments": {func(s *scenario, m chat.MessageID) {
			s.as("jane").patch(m, set("attachments", make([]chat.Attachment, 29)))
		}, 29, []string{link}},
		"30 attachments": {func(s *scenario, m chat.MessageID) {
			s.as("jane").patch(m, set("attachments", make([]chat.Attachment, 30)))
		}, 30, nil},
		"enrichment is turned off": {func(s *scenario, _ chat.MessageID) {
			s.check(s.UpdateChannelType(s.ctx, "messaging", func(c *chat.ChannelType) error { c.URLEnrichment = false; return nil }))
		}, 0, nil},
		"undeleted": {func(s *scenario, m chat.MessageID) {
			_, err := s.DeleteMessage(s.ctx, m, chat.DeleteSoft, "jane")
			s.check(err)
			s.sleep(4 * time.Second)
			_, err = s.UndeleteMessage(s.ctx, m, "jane")
			s.check(err)
		}, 0, nil},
		"a frozen channel": {func(s *scenario, _ chat.MessageID) {
			_, err := s.SetFrozen(s.ctx, room, true)
			s.check(err)
		}, 0, []string{link}},
	} {
		t.Run(name, func(t *testing.T) {
			_, options := previews()
			inMemory(t, options, func(t *testing.T, s *scenario) {
				s.channel(room, "jane", "john")
				m := s.as("jane").send(room, "see "+link)
				test.change(s, m.ID)
				before := s.message(m.ID)
				s.sleep(20 * time.Second)
				after := s.message(m.ID)
				wantPreviews(t, after, test.own, test.links...)
				before.Attachments = after.Attachments
				wantSame(t, "all else", after, before)
			})
		})
	}
}

func TestALaterResultLeavesWhatIsGoneAlone(t *testing.T) {
	const link = "https://3s.example/map"
	for name, remove := range map[string]func(s *scenario, m chat.MessageID){
		"deleted softly": func(s *scenario, m chat.MessageID) {
			_, err := s.DeleteMessage(s.ctx, m, chat.DeleteSoft, "jane")
			s.check(err)
		},
		"deleted for good": func(s *scenario, m chat.MessageID) {
			_, err := s.DeleteMessage(s.ctx, m, chat.DeleteHard, "jane")
			s.check(err)
		},
		"truncated": func(s *scenario, _ chat.MessageID) { s.check(s.TruncateChannel(s.ctx, room, nil)) },
		"the channel deleted softly": func(s *scenario, _ chat.MessageID) {
			s.check(s.DeleteChannel(s.ctx, room, chat.DeleteSoft))
		},
		"the channel deleted for good": func(s *scenario, _ chat.MessageID) {
			s.check(s.DeleteChannel(s.ctx, room, chat.DeleteHard))
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, options := previews()
			inMemory(t, options, func(t *testing.T, s *scenario) {
				s.channel(room, "jane", "john")
				m := s.as("jane").send(room, "see "+link)
				remove(s, m.ID)
				synctest.Wait()
				before := s.dump()
				s.sleep(20 * time.Second)
				after := s.dump()
				for key, value := range after {
					if value != before[key] && key[0] != 'q' && key[0] != 'd' {
						t.Errorf("the key %q holds %q, before %q", key, value, before[key])
					}
				}
				for key, value := range after {
					if isWorkOf(key, "previews") {
						t.Errorf("work is left: %q %q", key, value)
					}
				}
			})
		})
	}
}

// isWorkOf says whether a key is one of a queue.
func isWorkOf(key, queue string) bool {
	return (key[0] == 'q' || key[0] == 'd') && strings.HasPrefix(key[1:], queue+"\x00")
}

// No text is kept beside the message, so that nothing of it is left when the
// message is deleted for good.
func TestALatePreviewKeepsNothingOfTheText(t *testing.T) {
	_, options := previews()
	options.NoBackground = true
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		m := s.as("jane").send(room, "https://3s.example/zanzibar")
		_, err := s.DeleteMessage(s.ctx, m.ID, chat.DeleteHard, "jane")
		s.check(err)
		for key, value := range s.dump() {
			if strings.Contains(key+value, "zanzibar") {
				t.Errorf("%q: %q", key, value)
			}
		}
	})
}

func TestALatePreviewComesAfterARestart(t *testing.T) {
	w, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const link = "https://3s.example/map"
		m := s.as("jane").send(room, link)
		s.sleep(time.Second) // the late work runs
		s.reopen()
		wantPreviews(t, s.message(m.ID), 0)
		s.sleep(30 * time.Second) // a claim of a process that ended lasts a while
		wantPreviews(t, s.message(m.ID), 0, link)
		w.wantAsked(t, link, link)

		// Where nobody works in the background it waits to be done.
		s.check(s.Close())
		s.options.NoBackground = true
		s.open()
		m = s.as("jane").send(room, link)
		s.sleep(time.Hour)
		wantPreviews(t, s.message(m.ID), 0)
		_, err := s.RunDueWork(s.ctx)
		s.check(err)
		wantPreviews(t, s.message(m.ID), 0, link)
	})
}

func TestAnAppWithoutPreviewsLeavesLateOnesToOthers(t *testing.T) {
	_, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const link = "https://3s.example/map"
		m := s.as("jane").send(room, link)
		s.check(s.Close())
		s.options.Previews.Off = true
		s.open()
		s.sleep(time.Hour)
		wantPreviews(t, s.message(m.ID), 0)
		s.check(s.Close())
		s.options.Previews.Off = false
		s.open()
		s.sleep(time.Minute)
		wantPreviews(t, s.message(m.ID), 0, link)
	})
}

// TestLatePreviewsThatNobodyMakesAreDropped: where previews stay off, what was
// still to come is given up after a day.
func TestLatePreviewsThatNobodyMakesAreDropped(t *testing.T) {
	for _, background := range []bool{true, false} {
		_, options := previews()
		options.NoBackground = true
		inMemory(t, options, func(t *testing.T, s *scenario) {
			s.channel(room, "jane", "john")
			const link = "https://3s.example/map"
			m := s.as("jane").send(room, link)
			with := len(s.dump())
			s.check(s.Close())
			s.options.Previews.Off, s.options.NoBackground = true, !background
			s.open()
			work := func() {
				if !background {
					s.check(second(s.RunDueWork(s.ctx)))
				}
			}
			s.sleep(23 * time.Hour)
			work()
			if n := len(s.dump()); n != with {
				t.Errorf("%d keys are stored after a while, %d before", n, with)
			}
			s.sleep(2 * time.Hour)
			work()
			for key := range s.dump() {
				if isWorkOf(key, "previews") {
					t.Errorf("work is left: %q", key)
				}
			}
			wantPreviews(t, s.message(m.ID), 0)
		})
	}
}

func TestAPendingMessageHasItsPreviewWhenItIsCommitted(t *testing.T) {
	w, options := previews()
	var told []chat.Message
	options.Pending = chat.PendingFuncs{Sent: func(_ context.Context, p chat.PendingMessage) error {
		told = append(told, p.Message)
		return nil
	}}
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		hold := func(link string) chat.Message {
			told = nil
			return s.send(room, "jane", chat.Draft{Text: link}, &chat.SendOptions{Pending: chat.PendingOn})
		}
		commit := func(m chat.Message) chat.Message {
			m, err := s.CommitMessage(s.ctx, m.ID)
			s.check(err)
			return m
		}
		// Within the wait: the application is told of it with the preview.
		m := hold("https://a.example/map")
		synctest.Wait()
		if len(told) != 1 {
			t.Fatalf("the application was told %d times", len(told))
		}
		wantPreviews(t, told[0], 0, "https://a.example/map")
		wantPreviews(t, s.as("jane").message(m.ID), 0, "https://a.example/map")
		wantPreviews(t, commit(m), 0, "https://a.example/map")

		// Late, and committed later.
		m = hold("https://3s.example/map")
		synctest.Wait()
		wantPreviews(t, told[0], 0)
		s.sleep(3 * time.Second)
		wantPreviews(t, s.as("jane").message(m.ID), 0, "https://3s.example/map")
		wantPreviews(t, commit(m), 0, "https://3s.example/map")

		// Late, and committed before.
		m = hold("https://3s.example/other")
		wantPreviews(t, commit(m), 0)
		s.sleep(3 * time.Second)
		wantPreviews(t, s.as("john").message(m.ID), 0, "https://3s.example/other")

		// Late, and deleted or expired before.
		for _, wait := range []time.Duration{0, 100 * time.Hour} {
			w.wantAsked(t, w.asked...)
			m = hold("https://3s.example/third")
			if wait == 0 {
				_, err := s.DeleteMessage(s.ctx, m.ID, chat.DeleteHard, "jane")
				s.check(err)
			}
			s.sleep(10*time.Second + wait)
			s.as("jane").notSees(m.ID)
		}
	})
}
