package chat_test

import (
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

func TestOnEditTheSameLinkKeepsThePreviewAnotherReplacesItNoneRemovesIt(t *testing.T) {
	w, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		w.asked = nil
		s.channel(room, "jane", "john")
		const a, b = "https://a.example/a", "https://b.example/b"
		own := []chat.Attachment{{Type: "image"}, {Type: "file"}}
		s.as("jane").post(room, chat.Draft{ID: "m1", Text: a, Attachments: own[:1]})
		w.wantAsked(t, a)
		for _, step := range []struct {
			what  string
			edit  func() chat.Message
			own   int
			link  string
			asked string
		}{
			{"the same link, no attachments", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: "still " + a})
			}, 0, a, ""},
			{"the same link, other attachments", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: a, Attachments: own})
			}, 2, a, ""},
			{"the same link, not to be enriched", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: a, SkipEnrichURL: true})
			}, 0, a, ""},
			{"another link", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: b + " " + a, Attachments: own})
			}, 2, b, b},
			{"custom data", func() chat.Message { return s.as("jane").patch("m1", set("a", 1)) }, 2, b, ""},
			{"attachments alone", func() chat.Message { return s.as("jane").patch("m1", set("attachments", own[:1])) }, 1, b, ""},
			{"no attachments", func() chat.Message { return s.as("jane").patch("m1", unset("attachments")) }, 0, b, ""},
			{"nothing", func() chat.Message { return s.as("jane").patch("m1", chat.Patch{}) }, 0, b, ""},
			{"a text with the same link", func() chat.Message { return s.as("jane").patch("m1", set("text", "only "+b)) }, 0, b, ""},
			{"a text with another link, and attachments", func() chat.Message {
				return s.as("jane").patch("m1", set("text", a, "attachments", own))
			}, 2, a, a},
			{"no link", func() chat.Message { return s.as("jane").patch("m1", set("text", "words")) }, 2, "", ""},
			{"a link again", func() chat.Message { return s.as("jane").patch("m1", set("text", b)) }, 2, b, b},
			{"a link in code", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: "`" + b + "`"})
			}, 0, "", ""},
			{"one that is down", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: "https://down.example"})
			}, 0, "", "https://down.example"},
			{"it is not asked for again", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: "again https://down.example"})
			}, 0, "", ""},
			{"a new one, not to be enriched", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: a, SkipEnrichURL: true})
			}, 0, "", ""},
			{"and it stays without", func() chat.Message { return s.as("jane").update("m1", chat.MessageUpdate{Text: "now " + a}) }, 0, "", ""},
			{"30 attachments already there", func() chat.Message {
				return s.as("jane").update("m1", chat.MessageUpdate{Text: b, Attachments: make([]chat.Attachment, 30)})
			}, 30, "", ""},
			{"by the application", func() chat.Message {
				m, err := s.UpdateMessage(s.ctx, "m1", chat.MessageUpdate{Text: a}, nil)
				s.check(err)
				return m
			}, 0, a, a},
		} {
			m := step.edit()
			var links, asked []string
			if step.link != "" {
				links = append(links, step.link)
			}
			if step.asked != "" {
				asked = append(asked, step.asked)
			}
			t.Log(step.what)
			wantPreviews(t, m, step.own, links...)
			wantSame(t, "read", s.as("john").message("m1"), m)
			w.wantAsked(t, asked...)
		}
	})
}

func TestAnEditWithEnrichmentOffKeepsAPreviewAndMakesNone(t *testing.T) {
	w, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		w.asked = nil
		s.channel(room, "jane", "john")
		const a, b = "https://a.example/a", "https://b.example/b"
		m := s.as("jane").send(room, a)
		w.wantAsked(t, a)
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(c *chat.ChannelType) error { c.URLEnrichment = false; return nil }))
		wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: "still " + a}), 0, a)
		wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: b}), 0)
		w.wantAsked(t)
		// So where previews are off altogether.
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(c *chat.ChannelType) error { c.URLEnrichment = true; return nil }))
		wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: a}), 0, a)
		s.check(s.Close())
		s.options.Previews.Off = true
		s.open()
		wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: "still " + a}), 0, a)
		wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: b}), 0)
		wantPreviews(t, s.as("jane").send(room, a), 0)
		_, err := s.Preview(s.ctx, a)
		wantErr(t, err, chat.ErrState)
		s.check(s.Close())
		s.options.Previews.Off = false
		s.open()
	})
}

func TestOGScrapeURLIsTheEnginesUnlessItIsOnThePreviewThatIsThere(t *testing.T) {
	_, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const link = "https://a.example/a"
		m := s.as("jane").post(room, chat.Draft{Text: link, Attachments: []chat.Attachment{{Type: "image"}}})
		preview := m.Attachments[1]
		plain := s.as("jane").send(room, "words")

		// A send has no preview to give back.
		for _, a := range []chat.Attachment{preview, {OGScrapeURL: link}} {
			_, err := s.As("jane").Send(s.ctx, room, chat.Draft{Text: link, Attachments: []chat.Attachment{{}, a}})
			wantFieldErr(t, err, chat.ErrInvalid, "attachments[1].og_scrape_url")
			_, err = s.Send(s.ctx, room, "jane", chat.Draft{Text: link, Attachments: []chat.Attachment{a}}, nil)
			wantFieldErr(t, err, chat.ErrInvalid, "attachments[0].og_scrape_url")
		}

		// What came back is the preview, wherever it stands and however it was read.
		asJSON := map[string]any{
			"author_name": preview.AuthorName, "title": preview.Title, "title_link": preview.TitleLink, "text": preview.Text,
			"image_url": preview.ImageURL, "thumb_url": preview.ThumbURL, "og_scrape_url": link, "width": 640,
		}
		for _, list := range [][]chat.Attachment{
			{preview},
			{{Type: "image"}, preview},
			{preview, {Type: "image"}},
			append([]chat.Attachment{preview}, make([]chat.Attachment, 30)...),
		} {
			own := len(list) - 1
			wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: "see " + link, Attachments: list}), own, link)
			wantPreviews(t, s.as("jane").patch(m.ID, set("attachments", list)), own, link)
		}
		wantPreviews(t, s.as("jane").patch(m.ID, set("attachments", []any{asJSON, map[string]any{"type": "file"}})), 1, link)

		// Anything else is not.
		before := s.message(m.ID)
		forged := preview
		forged.Title = "Win a prize"
		other := preview
		other.OGScrapeURL = "https://b.example"
		for _, a := range []chat.Attachment{forged, other, {OGScrapeURL: link}} {
			list := []chat.Attachment{{}, a}
			_, err := s.As("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: link, Attachments: list})
			wantFieldErr(t, err, chat.ErrInvalid, "attachments[1].og_scrape_url")
			_, err = s.UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: "words", Attachments: list}, nil)
			wantFieldErr(t, err, chat.ErrInvalid, "attachments[1].og_scrape_url")
			_, err = s.As("jane").PatchMessage(s.ctx, m.ID, set("attachments", list))
			wantFieldErr(t, err, chat.ErrInvalid, "attachments[1].og_scrape_url")
		}
		_, err := s.As("jane").UpdateMessage(s.ctx, plain.ID, chat.MessageUpdate{Text: "words", Attachments: []chat.Attachment{preview}})
		wantFieldErr(t, err, chat.ErrInvalid, "attachments[0].og_scrape_url")
		wantSame(t, "the message", s.message(m.ID), before)

		// Given back with another link, it goes.
		m = s.as("jane").update(m.ID, chat.MessageUpdate{Text: "https://b.example", Attachments: []chat.Attachment{preview}})
		wantPreviews(t, m, 0, "https://b.example")
		_, err = s.As("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Attachments: m.Attachments})
		wantFieldErr(t, err, chat.ErrInvalid, "text") // nothing would be left
	})
}

func TestOurPreviewCountsNeitherTowards30Nor5KiB(t *testing.T) {
	_, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const link = "https://a.example/a"
		large := []chat.Attachment{{Text: strings.Repeat("x", 5<<10-len(`[{"text":""}]`))}}
		m := s.as("jane").post(room, chat.Draft{Text: link, Attachments: large})
		wantPreviews(t, m, 1, link)
		wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: link, Attachments: m.Attachments}), 1, link)
		large[0].Text += "x"
		_, err := s.As("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: link, Attachments: large})
		wantFieldErr(t, err, chat.ErrInvalid, "attachments")

		many := s.as("jane").update(m.ID, chat.MessageUpdate{Text: link, Attachments: make([]chat.Attachment, 30)})
		wantPreviews(t, many, 30, link)
		wantPreviews(t, s.as("jane").update(m.ID, chat.MessageUpdate{Text: link, Attachments: many.Attachments}), 30, link)
		_, err = s.As("jane").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: link, Attachments: append(many.Attachments, chat.Attachment{})})
		wantFieldErr(t, err, chat.ErrInvalid, "attachments")
	})
}

// One who may not post attachments edits a message with a preview all the same.
func TestAPreviewGivenBackIsNoAttachmentOfOnesOwn(t *testing.T) {
	_, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const link = "https://a.example/a"
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(c *chat.ChannelType) error {
			c.Grants[chat.RoleChannelMember] = []chat.Action{chat.ReadChannel, chat.CreateMessage, chat.AddLinks}
			return nil
		}))
		m := s.as("john").send(room, link)
		m = s.as("john").update(m.ID, chat.MessageUpdate{Text: "see " + link, Attachments: m.Attachments})
		wantPreviews(t, m, 0, link)
		_, err := s.As("john").UpdateMessage(s.ctx, m.ID, chat.MessageUpdate{Text: link, Attachments: append(m.Attachments, chat.Attachment{})})
		wantErr(t, err, chat.ErrPermission)
	})
}

// Two edits at the same time: the later one has the last word, and its link has
// its preview.
func TestAPreviewBelongsToTheLinkOfTheLastEdit(t *testing.T) {
	const a, b = "https://a.example/a", "https://500ms.example/b"
	for _, first := range []string{"words", a, b, "https://3s.example"} { // what comes between
		for _, second := range []string{"new " + a, "new " + b, "https://300ms.example", "https://2s.example"} {
			_, options := previews()
			inMemory(t, options, func(t *testing.T, s *scenario) {
				s.channel(room, "jane", "john")
				m := s.as("jane").send(room, a)
				done := make(chan struct{})
				go func() {
					defer close(done)
					s.as("jane").update(m.ID, chat.MessageUpdate{Text: second}) // waits for its preview
				}()
				s.sleep(100 * time.Millisecond)
				s.as("jane").update(m.ID, chat.MessageUpdate{Text: first})
				<-done
				s.sleep(time.Minute)
				got := s.message(m.ID)
				_, link, _ := strings.Cut(got.Text, "https://")
				if link == "" {
					wantPreviews(t, got, 0)
					return
				}
				wantPreviews(t, got, 0, "https://"+link)
			})
		}
	}
}

func TestAPreviewIsHiddenAsTheRestOfTheMessageIs(t *testing.T) {
	_, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "ann")
		for _, link := range []string{"https://a.example/a", "https://3s.example/late"} {
			private := s.send(room, "jane", chat.Draft{Text: link, Restricted: []chat.UserID{"john"}}, nil)
			open := s.as("jane").send(room, link)
			quoting := s.as("john").post(room, chat.Draft{Text: "this", QuotedID: open.ID})
			s.sleep(10 * time.Second)
			wantPreviews(t, s.as("john").message(private.ID), 0, link)
			s.as("ann").notSees(private.ID)
			wantPreviews(t, *s.as("ann").message(quoting.ID).QuotedMessage, 0, link)

			// Deleted for oneself, and for all, it is blank; the original has it.
			s.check(s.As("ann").DeleteMessageForMe(s.ctx, open.ID))
			wantPreviews(t, s.as("ann").message(open.ID), 0)
			wantPreviews(t, *s.as("ann").message(quoting.ID).QuotedMessage, 0)
			_, err := s.DeleteMessage(s.ctx, open.ID, chat.DeleteSoft, "jane")
			s.check(err)
			wantPreviews(t, s.as("john").message(open.ID), 0)
			original, err := s.OriginalMessage(s.ctx, open.ID)
			s.check(err)
			wantPreviews(t, original, 0, link)
			restored, err := s.UndeleteMessage(s.ctx, open.ID, "jane")
			s.check(err)
			wantPreviews(t, restored, 0, link)
		}
	})
}

func TestPreviewWithoutSending(t *testing.T) {
	w, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		got, err := s.Preview(s.ctx, "https://a.example/a")
		s.check(err)
		wantSame(t, "the preview", got, pageOf("https://a.example/a"))
		got, err = s.Preview(s.ctx, "https://9s.example/a") // it waits as long as it takes
		s.check(err)
		wantSame(t, "the slow preview", got, pageOf("https://9s.example/a"))
		got, err = s.Preview(s.ctx, "https://empty.example/")
		s.check(err)
		wantSame(t, "that of an empty page", got, chat.Attachment{})
		w.asked = nil

		for _, bad := range []string{
			"", "a.example", "www.a.example", "/a", "//a.example", "ftp://a.example", "javascript:alert(1)", "https://", "https:///a",
			"\xff", "https://a.example/\x00", "https://a.example/%zz", "https://a.example/" + strings.Repeat("x", 2048),
		} {
			_, err := s.Preview(s.ctx, bad)
			wantFieldErr(t, err, chat.ErrInvalid, "url")
		}
		w.wantAsked(t)
		for host, says := range map[string]string{"down": "no route", "panic": "panic: cannot read", "dead": "deadline", "broken": "scheme"} {
			if _, err := s.Preview(s.ctx, "https://"+host+".example/"); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: got the error %v, want it to say %q", host, err, says)
			}
		}
	})
}
