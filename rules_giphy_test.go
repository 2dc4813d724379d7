package chat_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/boltstore"
)

// giphyServer answers as Giphy's search API does: with as many pictures as it
// has, one a page.
func giphyServer(t *testing.T, pictures int, asked func(*http.Request)) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked(r)
		q := r.URL.Query()
		if q.Get("api_key") != "key" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"data":[],"meta":{"status":401,"msg":"Unauthorized","response_id":""}}`)
			return
		}
		var offset int
		if _, err := fmt.Sscan(q.Get("offset"), &offset); err != nil {
			t.Error(err)
		}
		data := []any{}
		if offset < pictures {
			image := func(name string) map[string]any {
				return map[string]any{"url": fmt.Sprintf("https://media.giphy.com/media/g%d/%s.gif", offset, name), "width": "480", "height": "270", "size": "1024", "mp4": "https://media.giphy.com/x.mp4"}
			}
			data = append(data, map[string]any{
				"type": "gif", "id": fmt.Sprint("g", offset), "slug": "cat", "url": fmt.Sprintf("https://giphy.com/gifs/g%d", offset),
				"title": fmt.Sprint("Cat ", offset), "rating": "g", "images": map[string]any{"original": image("giphy"), "fixed_height": image("200")},
			})
		}
		err := json.NewEncoder(w).Encode(map[string]any{
			"data":       data,
			"pagination": map[string]any{"offset": offset, "total_count": pictures, "count": len(data)},
			"meta":       map[string]any{"status": 200, "msg": "OK", "response_id": "1"},
		})
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// onBolt is eachDriverWith on a file alone: a real server does not go with fake
// time.
func onBolt(t *testing.T, o *chat.Options, story func(t *testing.T, s *scenario)) {
	t.Helper()
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "chat.db"), &boltstore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	story(t, newScenario(t, store, o, false))
}

func TestGiphyAnswersItsAuthorWithButtons(t *testing.T) {
	var last atomic.Value
	server := giphyServer(t, 2, func(r *http.Request) { last.Store(r.URL.Query()) })
	onBolt(t, &chat.Options{Giphy: chat.GiphyOptions{Key: "key", URL: server.URL + "/v1/gifs/search"}}, func(t *testing.T, s *scenario) {
		commandStory(s)
		jane := s.as("jane")
		m := jane.post(commandRoom, chat.Draft{ID: "g", Text: "/giphy cats & dogs"})
		if q := fmt.Sprint(last.Load()); q != "map[api_key:[key] limit:[1] offset:[0] q:[cats & dogs] rating:[g]]" {
			t.Errorf("it asks %s", q)
		}
		if m.Type != chat.TypeEphemeral || m.Command != "giphy" || m.Args != "cats & dogs" || len(m.Attachments) != 1 {
			t.Fatalf("it answers %+v", m)
		}
		a := m.Attachments[0]
		if a.Type != "giphy" || a.Title != "Cat 0" || a.TitleLink != "https://giphy.com/gifs/g0" || a.ImageURL != "https://media.giphy.com/media/g0/giphy.gif" || a.ThumbURL != "https://media.giphy.com/media/g0/200.gif" {
			t.Errorf("its picture is %+v", a)
		}
		var names []string
		for _, b := range a.Actions {
			names = append(names, b.Name)
		}
		if !slices.Equal(names, []string{"send", "shuffle", "cancel"}) {
			t.Errorf("its buttons are %q", names)
		}
		s.as("john").notSees("g")
		for _, want := range []string{"Cat 1", "Cat 0", "Cat 1"} {
			s.reopen()
			m, err := s.As("jane").RunAction(s.ctx, "g", "shuffle")
			s.check(err)
			if m.Attachments[0].Title != want {
				t.Errorf("shuffled it shows %q, want %q", m.Attachments[0].Title, want)
			}
		}
		posted, err := s.As("jane").RunAction(s.ctx, "g", "send")
		s.check(err)
		if posted.Type != chat.TypeRegular || posted.Attachments[0].Title != "Cat 1" || posted.Attachments[0].Actions != nil {
			t.Errorf("it posts %+v", posted)
		}
		wantSame(t, "read by another", s.as("john").message("g"), posted)
		s.as("jane").wantError(s.as("jane").send(commandRoom, "/giphy"), "what to look for")
	})
}

func TestGiphyThatFailsIsAnErrorMessage(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"nothing found": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"data":[],"pagination":{"total_count":0}}`)
		},
		"refused":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"no json":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"slow":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"data":["`)
			for range 2 << 20 {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
			}
		},
		"a bad address": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"data":[{"images":{"original":{"url":"javascript:alert(1)"}}}]}`)
		},
		"no picture": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"data":[{"title":"`+strings.Repeat("x", 6000)+`"}]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			server := httptest.NewServer(http.HandlerFunc(answer))
			defer server.Close()
			o := &chat.Options{
				Logger: slog.New(slog.NewTextHandler(&log, nil)),
				Giphy:  chat.GiphyOptions{Key: "verysecret", URL: server.URL, Timeout: 200 * time.Millisecond},
			}
			onBolt(t, o, func(t *testing.T, s *scenario) {
				commandStory(s)
				s.as("jane").wantError(s.as("jane").send(commandRoom, "/giphy hushhush"))
			})
			if strings.Contains(log.String(), "hushhush") || strings.Contains(log.String(), "verysecret") {
				t.Errorf("the log has %q", log.String())
			}
		})
	}
}
