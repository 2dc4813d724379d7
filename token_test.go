package chat_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// sealed makes a page token of any content, with a right checksum: as one who
// knows the form could forge it.
func sealed(content []byte) chat.PageToken {
	content = slices.Clone(content)
	content = binary.BigEndian.AppendUint32(content, crc32.ChecksumIEEE(content))
	return chat.PageToken(base64.RawURLEncoding.EncodeToString(content))
}

// contentOf is the inverse of sealed.
func contentOf(t testing.TB, token chat.PageToken) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(string(token))
	if err != nil || len(b) < 4 {
		t.Fatalf("%q is no token: %v", token, err)
	}
	return b[:len(b)-4]
}

// pagedList is a list that is read page by page, in the name of one viewer.
type pagedList struct {
	name string
	read func(limit int, page chat.PageToken) (items []string, prev, next chat.PageToken, err error)
	all  []string // what the viewer finds in it
	made []chat.PageToken
}

// pagedOf makes a list of a call.
func pagedOf[T any](name string, of func(T) string, read func(limit int, page chat.PageToken) (chat.Page[T], error)) *pagedList {
	return &pagedList{name: name, read: func(limit int, page chat.PageToken) ([]string, chat.PageToken, chat.PageToken, error) {
		p, err := read(limit, page)
		var items []string
		for _, item := range p.Items {
			items = append(items, of(item))
		}
		return items, p.Prev, p.Next, err
	}}
}

// learn reads the list whole, then in pages of one, and keeps their tokens.
func (l *pagedList) learn(t testing.TB) {
	t.Helper()
	var err error
	if l.all, _, _, err = l.read(30, ""); err != nil || len(l.all) < 3 {
		t.Fatalf("%s: %d items, %v", l.name, len(l.all), err)
	}
	var token chat.PageToken
	var backwards bool
	for n := 0; n == 0 || token != ""; n++ {
		_, prev, next, err := l.read(1, token)
		if err != nil || n > len(l.all) {
			t.Fatalf("%s, page %d of %d: %v", l.name, n, len(l.all), err)
		}
		if n == 0 {
			backwards = prev != "" // from the latest message on
		}
		if token = next; backwards {
			token = prev
		}
		if token != "" {
			l.made = append(l.made, token)
		}
	}
	if len(l.made) == 0 {
		t.Fatalf("%s: no page leads to another", l.name)
	}
}

// pagedLists is a chat with a secret channel and secret messages, and every
// list of it that goes by pages.
func pagedLists(t testing.TB) []*pagedList {
	t.Helper()
	store := memstore.New()
	refused := errors.New("refused")
	refuse := func(context.Context, chat.PendingMessage) error { return refused }
	app, err := chat.New(store, &chat.Options{
		NoBackground: true, PendingGiveUp: time.Nanosecond, Pending: chat.PendingFuncs{Sent: refuse},
	})
	t.Cleanup(func() {
		if err := errors.Join(app.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	ctx := context.Background()
	const other = chat.CID("messaging:other")
	check(app.UpsertUsers(ctx, chat.User{ID: "ann"}, chat.User{ID: "jane"}, chat.User{ID: "john"}, chat.User{ID: "mary"}))
	for _, cid := range []chat.CID{room, other, "messaging:third", "messaging:secret"} {
		members := []chat.UserID{"ann", "jane", "john"}
		if cid == "messaging:secret" {
			members = []chat.UserID{"jane", "mary"}
		}
		_, err := app.EnsureChannel(ctx, cid, chat.ChannelDraft{CreatedBy: "jane", Members: members})
		check(err)
		for i := range 4 {
			for _, draft := range []chat.Draft{{Text: "open"}, {Text: "secret", Restricted: []chat.UserID{"jane"}}} {
				draft.ID = chat.MessageID(fmt.Sprint(cid.ID(), " ", draft.Text, " ", i))
				_, err := app.Send(ctx, cid, "jane", draft, nil)
				check(err)
			}
			_, err := app.Send(ctx, cid, "jane", chat.Draft{ID: chat.MessageID(fmt.Sprint(cid.ID(), " held ", i)), Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
			check(err)
		}
	}
	talk := pagedTalk(t, ctx, app, []chat.CID{room, other})
	for range 2 { // the first try, and giving up
		time.Sleep(time.Microsecond)
		_, err = app.RunDueWork(ctx)
		check(err)
	}

	john := app.As("john")
	message := func(m chat.Message) string { return string(m.ID) }
	member := func(m chat.Member) string { return string(m.User.ID) }
	lists := talk
	for _, cid := range []chat.CID{room, other} {
		in := " in " + string(cid)
		lists = append(lists,
			pagedOf("John's Messages"+in, message, func(limit int, page chat.PageToken) (chat.Page[chat.Message], error) {
				return john.Messages(ctx, cid, chat.MessageQuery{Limit: limit, Page: page})
			}),
			pagedOf("John's Members"+in, member, func(limit int, page chat.PageToken) (chat.Page[chat.Member], error) {
				return john.Members(ctx, cid, chat.MemberQuery{Limit: limit, Page: page})
			}),
			pagedOf("PendingMessages"+in, message, func(limit int, page chat.PageToken) (chat.Page[chat.Message], error) {
				return app.PendingMessages(ctx, chat.PendingQuery{CID: cid, Limit: limit, Page: page})
			}),
		)
	}
	channels := func(q chat.ChannelQuery) func(limit int, page chat.PageToken) (chat.Page[chat.ChannelState], error) {
		return func(limit int, page chat.PageToken) (chat.Page[chat.ChannelState], error) {
			q.Limit, q.Page, q.Messages, q.Members = limit, page, chat.None, chat.None
			return john.Channels(ctx, q)
		}
	}
	cid := func(s chat.ChannelState) string { return string(s.Channel.CID) }
	lists = append(lists,
		pagedOf("John's Channels", cid, channels(chat.ChannelQuery{})),
		pagedOf("John's Channels, the oldest first", cid, channels(chat.ChannelQuery{Ascending: true})),
		pagedOf("John's Channels by unread", cid, channels(chat.ChannelQuery{Sort: chat.ByUnread})),
		pagedOf("Users", func(u chat.User) string { return string(u.ID) }, func(limit int, page chat.PageToken) (chat.Page[chat.User], error) {
			return app.Users(ctx, chat.UserQuery{Limit: limit, Page: page})
		}),
		pagedOf("PendingMessages of all channels", message, func(limit int, page chat.PageToken) (chat.Page[chat.Message], error) {
			return app.PendingMessages(ctx, chat.PendingQuery{Limit: limit, Page: page})
		}),
		pagedOf("FailedCallbacks", func(f chat.FailedCallback) string { return string(f.MessageID) },
			func(limit int, page chat.PageToken) (chat.Page[chat.FailedCallback], error) {
				return app.FailedCallbacks(ctx, chat.FailedCallbackQuery{Limit: limit, Page: page})
			}),
	)
	for _, l := range lists {
		l.learn(t)
	}
	return lists
}

func TestAPageTokenIsTakenByItsListAlone(t *testing.T) {
	lists := pagedLists(t)
	for _, l := range lists {
		for _, token := range l.made {
			for _, other := range lists {
				_, _, _, err := other.read(1, token)
				if other == l && err != nil {
					t.Errorf("%s refuses its own token: %v", l.name, err)
				}
				if other != l && !errors.Is(err, chat.ErrInvalid) {
					t.Errorf("%s takes a token of %s: %v", other.name, l.name, err)
				}
			}
		}
	}
}

// FuzzPageToken asks for pages by any token, forged ones too: each list answers
// ErrInvalid, or a part of what the viewer finds in it, in its order, which
// leads on to the rest.
func FuzzPageToken(f *testing.F) {
	lists := pagedLists(f)
	for _, l := range lists {
		for _, token := range l.made {
			f.Add([]byte(token), false, uint8(1))
			f.Add(contentOf(f, token), true, uint8(2))
		}
	}
	f.Add([]byte("\x01m"), true, uint8(0))
	f.Add([]byte("\x00\xff"), false, uint8(30))
	f.Fuzz(func(t *testing.T, b []byte, seal bool, n uint8) {
		token := chat.PageToken(b)
		if seal {
			token = sealed(b)
		}
		if token == "" {
			return // the first page
		}
		limit := 1 + int(n)%30
		for _, l := range lists {
			l.check(t, limit, token)
		}
	})
}

// check follows a token through the list, one way and then the other.
func (l *pagedList) check(t *testing.T, limit int, token chat.PageToken) {
	t.Helper()
	items, prev, next, err := l.read(limit, token)
	if err != nil {
		if !errors.Is(err, chat.ErrInvalid) {
			t.Fatalf("%s by %q: %v", l.name, token, err)
		}
		return
	}
	l.part(t, items, limit)
	for _, way := range []struct {
		token chat.PageToken
		next  bool
	}{{next, true}, {prev, false}} {
		read := slices.Clone(items)
		for pages, token := 0, way.token; token != ""; pages++ {
			if pages > len(l.all) {
				t.Fatalf("%s by %q: the pages do not end", l.name, token)
			}
			more, prev, next, err := l.read(limit, token)
			if err != nil {
				t.Fatalf("%s: its own token is refused: %v", l.name, err)
			}
			if way.next {
				read, token = append(read, more...), next
			} else {
				read, token = append(slices.Clone(more), read...), prev
			}
		}
		l.part(t, read, len(l.all))
	}
}

// part checks that items stand in the list one after the other.
func (l *pagedList) part(t *testing.T, items []string, most int) {
	t.Helper()
	if len(items) > most {
		t.Fatalf("%s: %d items, at most %d", l.name, len(items), most)
	}
	if len(items) == 0 {
		return
	}
	at := slices.Index(l.all, items[0])
	if at < 0 || at+len(items) > len(l.all) || !slices.Equal(l.all[at:at+len(items)], items) {
		t.Fatalf("%s: %q is no part of %q", l.name, items, l.all)
	}
}
