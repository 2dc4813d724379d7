package chat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
)

// web stands for all pages there are, by their hosts. It remembers what it was
// asked for.
type web struct {
	guard sync.Mutex
	asked []string
}

// Enrich answers at once, or as the host says: "3s.example" after three seconds,
// "dead.example" when nobody waits any longer.
func (w *web) Enrich(ctx context.Context, link string) (chat.Attachment, error) {
	w.guard.Lock()
	w.asked = append(w.asked, link)
	w.guard.Unlock()
	parsed, err := url.Parse(link)
	if err != nil {
		return chat.Attachment{}, err
	}
	host, _, _ := strings.Cut(parsed.Hostname(), ".")
	switch host {
	case "empty":
		return chat.Attachment{}, nil
	case "down":
		return chat.Attachment{}, &url.Error{Op: "Get", URL: link, Err: fmt.Errorf("no route to %s", link)}
	case "panic":
		panic("cannot read " + link)
	case "broken":
		return chat.Attachment{Title: "broken", ImageURL: "javascript:alert(1)"}, nil
	case "dead":
		<-ctx.Done()
		return chat.Attachment{}, ctx.Err()
	}
	if wait, err := time.ParseDuration(host); err == nil {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return chat.Attachment{}, ctx.Err()
		}
	}
	page := pageOf(link)
	page.OGScrapeURL = ""
	return page, nil
}

// pageOf is the preview of a page that has one.
func pageOf(link string) chat.Attachment {
	return chat.Attachment{
		AuthorName: "Example", Title: "About " + link, TitleLink: link, Text: "A page", ImageURL: link + "/1.png",
		ThumbURL: link + "/1.png", OGScrapeURL: link, Custom: chat.Custom{"width": 640.0},
	}
}

// wantAsked checks which links were looked up since it was last called.
func (w *web) wantAsked(t *testing.T, want ...string) {
	t.Helper()
	w.guard.Lock()
	defer w.guard.Unlock()
	if !slices.Equal(w.asked, want) {
		t.Errorf("%q were looked up, want %q", w.asked, want)
	}
	w.asked = nil
}

// previews are options with which links lead to a web.
func previews() (*web, *chat.Options) {
	w := new(web)
	return w, &chat.Options{Previews: chat.PreviewOptions{Enricher: w}}
}

// wantPreviews checks the previews among a message's attachments, which are the
// last of them.
func wantPreviews(t *testing.T, m chat.Message, own int, links ...string) {
	t.Helper()
	if len(m.Attachments) != own+len(links) {
		t.Errorf("%q has %d attachments, want %d and previews of %q: %+v", m.Text, len(m.Attachments), own, links, m.Attachments)
		return
	}
	for i, a := range m.Attachments {
		if i < own && a.OGScrapeURL != "" {
			t.Errorf("attachment %d of %q is a preview", i, m.Text)
		} else if i >= own {
			wantSame(t, "the preview of "+m.Text, a, pageOf(links[i-own]))
		}
	}
}

func TestTheFirstURLOutsideCodeBecomesTheLastAttachment(t *testing.T) {
	w, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		w.asked = nil
		s.channel(room, "jane", "john")
		for text, link := range map[string]string{
			"https://a.example/map":                                "https://a.example/map",
			"see http://a.example/?q=1#x and https://b.example":    "http://a.example/?q=1#x",
			"`https://code.example` [b](https://b.example/b)":      "https://b.example/b",
			"```\nhttps://code.example\n```\n<https://c.example/>": "https://c.example/",
			"mailto:jane@a.example then [x](HTTPS://A.EXAMPLE/x)":  "HTTPS://A.EXAMPLE/x",
		} {
			m := s.as("jane").send(room, text)
			wantPreviews(t, m, 0, link)
			wantSame(t, "the message read", s.as("john").message(m.ID), m)
			w.wantAsked(t, link)
		}
		own := []chat.Attachment{{Type: "image", ImageURL: "/1.png"}, {Title: "x"}}
		m := s.as("jane").post(room, chat.Draft{Text: "https://a.example/map", Attachments: own})
		wantPreviews(t, m, 2, "https://a.example/map")
		wantSame(t, "the sender's attachments", m.Attachments[:2], own)
	})
}

func TestWhatIsNotEnriched(t *testing.T) {
	w, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		w.asked = nil
		s.channel(room, "jane", "john")
		quiet, loud := s.channel("team:quiet", "jane"), s.channel("livestream:loud", "jane")
		on, off := true, false
		_, err := s.SetOverrides(s.ctx, quiet, chat.ChannelOverrides{URLEnrichment: &off})
		s.check(err)
		s.check(s.UpdateChannelType(s.ctx, "livestream", func(c *chat.ChannelType) error { c.URLEnrichment = false; return nil }))
		const text = "https://a.example/map"
		w.wantAsked(t)
		for name, none := range map[string]struct {
			cid chat.CID
			d   chat.Draft
		}{
			"skip_enrich_url":                 {room, chat.Draft{Text: text, SkipEnrichURL: true}},
			"a channel with enrichment off":   {quiet, chat.Draft{Text: text}},
			"a type with enrichment off":      {loud, chat.Draft{Text: text}},
			"30 attachments already there":    {room, chat.Draft{Text: text, Attachments: make([]chat.Attachment, 30)}},
			"no link":                         {room, chat.Draft{Text: "a.example is nice"}},
			"a link in code":                  {room, chat.Draft{Text: "`https://a.example`"}},
			"a link that is no page":          {room, chat.Draft{Text: "[a](mailto:jane@a.example) [b](ftp://a.example)"}},
			"a link that is longer than 2048": {room, chat.Draft{Text: text + strings.Repeat("x", 2048)}},
			"a link without a host":           {room, chat.Draft{Text: "[a](https:///map)"}},
		} {
			m := s.as("jane").post(none.cid, none.d)
			if len(m.Attachments) != len(none.d.Attachments) {
				t.Errorf("%s: got the attachments %+v", name, m.Attachments)
			}
			w.wantAsked(t)
		}
		// The channel's own word counts.
		_, err = s.SetOverrides(s.ctx, loud, chat.ChannelOverrides{URLEnrichment: &on})
		s.check(err)
		wantPreviews(t, s.as("jane").send(loud, text), 0, text)
		// One less leaves a place.
		wantPreviews(t, s.as("jane").post(room, chat.Draft{Text: text, Attachments: make([]chat.Attachment, 29)}), 29, text)
	})
}

func TestASendThatIsRefusedHasNothingLookedUp(t *testing.T) {
	w, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		w.asked = nil
		s.channel(room, "jane", "john")
		s.users("ned")
		s.user(chat.User{ID: "gus", Role: chat.RoleGuest})
		const text = "https://a.example/map"
		mine := s.as("jane").post(room, chat.Draft{ID: "mine", Text: text})
		w.wantAsked(t, text)
		for _, refused := range []struct {
			by   chat.UserID
			d    chat.Draft
			kind error
		}{
			{"ned", chat.Draft{Text: text}, chat.ErrNotFound},
			{"nobody", chat.Draft{Text: text}, chat.ErrPermission},
			{"jane", chat.Draft{Text: text, Type: chat.TypeSystem}, chat.ErrPermission},
			{"jane", chat.Draft{Text: text, Restricted: []chat.UserID{"john"}}, chat.ErrPermission},
			{"jane", chat.Draft{Text: text, ParentID: "never"}, chat.ErrNotFound},
			{"jane", chat.Draft{Text: text + strings.Repeat(" x", 2500)}, chat.ErrTooLong},
			{"john", chat.Draft{ID: "mine", Text: text}, chat.ErrConflict},
		} {
			_, err := s.As(refused.by).Send(s.ctx, room, refused.d)
			wantErr(t, err, refused.kind)
		}
		// Who may not post links has none looked up for them.
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(c *chat.ChannelType) error {
			c.Grants[chat.RoleChannelMember] = slices.DeleteFunc(c.Grants[chat.RoleChannelMember], func(a chat.Action) bool { return a == chat.AddLinks })
			return nil
		}))
		_, err := s.As("john").Send(s.ctx, room, chat.Draft{Text: text})
		wantErr(t, err, chat.ErrPermission)
		_, err = s.As("john").UpdateMessage(s.ctx, "mine", chat.MessageUpdate{Text: "https://b.example"})
		wantErr(t, err, chat.ErrPermission)
		w.wantAsked(t)
		wantSame(t, "the message", s.message("mine"), mine)
	})
}

func TestARetryComesBackAsItIsNowAndHasNothingLookedUp(t *testing.T) {
	w, options := previews()
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		w.asked = nil
		s.channel(room, "jane", "john")
		for _, text := range []string{"https://a.example/map", "https://down.example"} {
			d := chat.Draft{ID: chat.MessageID("about " + text), Text: text}
			first := s.as("jane").post(room, d)
			w.wantAsked(t, text)
			wantSame(t, "the message sent again", s.as("jane").post(room, d), first)
			w.wantAsked(t)
		}
	})
}

func TestAFailureIsSilentForTheSenderAndLoggedWithoutTheText(t *testing.T) {
	_, options := previews()
	var log bytes.Buffer
	options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		for host, problem := range map[string]string{
			"down": "errors.errorString", "panic": "panic", "broken": "chat.Error", "dead": "took too long", "empty": "",
		} {
			log.Reset()
			m := s.as("jane").post(room, chat.Draft{ID: chat.MessageID("to the " + host), Text: "my secret https://" + host + ".example/secret"})
			s.sleep(20 * time.Second)
			wantPreviews(t, s.message(m.ID), 0)
			entry := log.String()
			if problem == "" {
				if entry != "" {
					t.Errorf("that there is nothing to show is logged: %s", entry)
				}
				continue
			}
			if strings.Count(entry, "\n") != 1 || !strings.Contains(entry, `message="to the `+host+`"`) || !strings.Contains(entry, problem) {
				t.Errorf("%s is logged as %q, want the message and %q, once", host, entry, problem)
			}
			if strings.Contains(entry, "example/") || strings.Contains(entry, ".example") || strings.Contains(entry, "secret") {
				t.Errorf("the log holds text of the message: %s", entry)
			}
		}
	})
}

// took is how long something takes.
func took(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

func TestASendWaitsForThePreviewAtMostAConfiguredTime(t *testing.T) {
	for _, test := range []struct {
		wait  time.Duration // as in the options
		host  string
		waits time.Duration
		comes bool
	}{
		{0, "a", 0, true},
		{0, "999ms", 999 * time.Millisecond, true},
		{0, "2s", time.Second, false},
		{0, "dead", time.Second, false},
		{0, "down", 0, false},
		{5 * time.Second, "2s", 2 * time.Second, true},
		{time.Millisecond, "2s", time.Millisecond, false},
		{chat.None, "2s", 0, false},
	} {
		_, options := previews()
		options.Previews.Wait = test.wait
		inMemory(t, options, func(t *testing.T, s *scenario) {
			s.channel(room, "jane", "john")
			link := "https://" + test.host + ".example/"
			var sent, edited chat.Message
			if d := took(func() { sent = s.as("jane").send(room, link) }); d != test.waits {
				t.Errorf("with the wait %v a send of %s took %v, want %v", test.wait, link, d, test.waits)
			}
			// The answer is there for the edit if the page is a good one.
			other := s.as("jane").send(room, "words")
			if d := took(func() { edited = s.as("jane").update(other.ID, chat.MessageUpdate{Text: "to " + link}) }); d > test.waits {
				t.Errorf("with the wait %v an edit to %s took %v, want %v", test.wait, link, d, test.waits)
			}
			links := []string{link}[:map[bool]int{true: 1}[test.comes]]
			wantPreviews(t, sent, 0, links...)
			if test.comes {
				wantPreviews(t, edited, 0, link)
			}
		})
	}
}

func TestASlowOrDeadPageCostsOtherSendersNothing(t *testing.T) {
	_, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const dead = 600 // more than are looked up at once
		var waiting sync.WaitGroup
		for i := range dead {
			waiting.Go(func() {
				if d := took(func() { s.as("john").send(room, fmt.Sprintf("https://dead.example/%d", i)) }); d > time.Second {
					t.Errorf("a dead page costs its sender %v", d)
				}
			})
		}
		synctest.Wait() // all are under way
		if d := took(func() {
			s.as("jane").send(room, "words")
			s.as("jane").update(s.as("jane").send(room, "more words").ID, chat.MessageUpdate{Text: "other words"})
		}); d != 0 {
			t.Errorf("a send without a link took %v", d)
		}
		waiting.Wait()
		s.sleep(time.Minute)
		if d := took(func() { wantPreviews(t, s.as("jane").send(room, "https://a.example/"), 0, "https://a.example/") }); d != 0 {
			t.Errorf("afterwards a send took %v", d)
		}
	})
}

func TestEqualRequestsAreShared(t *testing.T) {
	w, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		const link = "https://3s.example/map"
		var waiting sync.WaitGroup
		for range 100 {
			waiting.Go(func() { s.as("jane").send(room, link) })
		}
		waiting.Wait()
		s.sleep(10 * time.Second)
		w.wantAsked(t, link)
		for _, m := range s.page(room, chat.MessageQuery{Limit: 300}).Items {
			wantPreviews(t, m, 0, link)
		}
	})
}

func TestACancelledSendStopsWaitingAndStoresNothing(t *testing.T) {
	_, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		ctx, cancel := context.WithTimeout(s.ctx, 100*time.Millisecond)
		defer cancel()
		d := took(func() {
			if _, err := s.As("jane").Send(ctx, room, chat.Draft{Text: "https://dead.example"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got the error %v, want that of the context", err)
			}
		})
		if d != 100*time.Millisecond {
			t.Errorf("it took %v", d)
		}
		s.as("jane").wantTexts(room)
	})
}

func TestCloseEndsWhatIsLookedUp(t *testing.T) {
	_, options := previews()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		s.as("jane").send(room, "https://dead.example")
		if d := took(func() { s.check(s.Close()) }); d != 0 {
			t.Errorf("Close took %v", d)
		}
		_, err := s.Preview(s.ctx, "https://a.example")
		wantErr(t, err, chat.ErrClosed)
	})
}
