package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/chat"
)

const fullPage = 300

// checker compares the store with the lists, reading as users do.
type checker struct {
	app     *chat.App
	nicks   map[chat.UserID]string
	checked checks

	mu          sync.Mutex
	differences int
	shown       []string
}

// checks counts what was compared.
type checks struct {
	rooms, messages, unread, hidden atomic.Int64
}

// shownDifferences is how many differences are told in words.
const shownDifferences = 20

func (c *checker) differ(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.differences++
	if len(c.shown) < shownDifferences {
		c.shown = append(c.shown, fmt.Sprintf(format, args...))
	}
}

// run checks everything. Its error is one that ends the check; what is not as
// it should be is a difference.
func (c *checker) run(ctx context.Context, rooms []*room) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(rooms) || ctx.Err() != nil {
					return
				}
				if err := c.room(ctx, rooms[i]); err != nil {
					cancel(fmt.Errorf("%s: %w", rooms[i].cid, err))
					return
				}
				c.checked.rooms.Add(1)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return c.everywhere(ctx, rooms)
}

// room checks one channel: as the application sees it, and as each member does.
func (c *checker) room(ctx context.Context, r *room) error {
	if err := c.application(ctx, r); err != nil {
		return err
	}
	if err := c.members(ctx, r); err != nil {
		return err
	}
	hidden := hideable(r)
	list := make([]chat.Message, 0, len(r.entries))
	for i, user := range slices.Sorted(maps.Keys(r.members)) {
		// Half of the members read from the oldest message on, half from the
		// newest back.
		var err error
		if list, err = c.member(ctx, r, user, i%2 == 0, hidden, list); err != nil {
			return fmt.Errorf("user %s: %w", user, err)
		}
	}
	for user := range r.former {
		if _, err := c.app.As(user).Messages(ctx, r.cid, chat.MessageQuery{}); !errors.Is(err, chat.ErrNotFound) {
			c.differ("%s: %s, who left, reads the channel: got %v, want ErrNotFound", r.cid, user, err)
		}
		if _, err := c.app.As(user).Unread(ctx, r.cid); !errors.Is(err, chat.ErrNotFound) {
			c.differ("%s: %s, who left, asks for unread: got %v, want ErrNotFound", r.cid, user, err)
		}
	}
	return nil
}

// messageReader is what App and Session read pages by.
type messageReader interface {
	Messages(ctx context.Context, cid chat.CID, q chat.MessageQuery) (chat.Page[chat.Message], error)
}

// read reads a whole channel in full pages, into a list that is used again and
// again: of the millions of messages read, a channel's worth is kept at a time.
func read(ctx context.Context, from messageReader, cid chat.CID, forward bool, list []chat.Message) ([]chat.Message, error) {
	list = list[:0]
	q := chat.MessageQuery{Limit: fullPage}
	if forward {
		q.AfterTime = time.Unix(0, 0)
	}
	for {
		page, err := from.Messages(ctx, cid, q)
		if err != nil {
			return nil, err
		}
		token := page.Prev
		if forward {
			token = page.Next
			list = append(list, page.Items...)
		} else {
			slices.Reverse(page.Items)
			list = append(list, page.Items...)
		}
		if token == "" {
			break
		}
		q = chat.MessageQuery{Limit: fullPage, Page: token}
	}
	if !forward {
		slices.Reverse(list)
	}
	return list, nil
}

// application checks the channel as the application sees it, in both
// directions, learns the ids that the engine gave, and checks what nobody sees.
func (c *checker) application(ctx context.Context, r *room) error {
	want := r.all()
	for _, forward := range []bool{true, false} {
		got, err := read(ctx, c.app, r.cid, forward, nil)
		if err != nil {
			return err
		}
		if forward && len(got) == len(want) {
			for i, e := range want {
				if e.id == "" {
					e.id = got[i].ID
				}
			}
		}
		c.compare(r, "", got, want)
	}
	for _, e := range want {
		if !e.soft {
			continue
		}
		m, err := c.app.OriginalMessage(ctx, e.id)
		if err != nil {
			return err
		}
		if m.Text != e.text {
			c.differ("%s: the original of %s is %q, want %q", r.cid, e.id, m.Text, e.text)
		}
	}
	for _, e := range slices.Concat(r.entries, r.erased) {
		if !e.hard && !slices.Contains(r.erased, e) {
			continue
		}
		c.checked.hidden.Add(1)
		if _, err := c.app.Message(ctx, e.id); !errors.Is(err, chat.ErrNotFound) {
			c.differ("%s: message %s is deleted for good: got %v, want ErrNotFound", r.cid, e.id, err)
		}
	}
	page, err := c.app.PendingMessages(ctx, chat.PendingQuery{CID: r.cid})
	if err != nil {
		return err
	}
	if len(page.Items) > 0 {
		c.differ("%s: %d messages are pending, want none", r.cid, len(page.Items))
	}
	return nil
}

// members checks the list of members.
func (c *checker) members(ctx context.Context, r *room) error {
	var got []chat.UserID
	q := chat.MemberQuery{Limit: fullPage}
	for {
		page, err := c.app.Members(ctx, r.cid, q)
		if err != nil {
			return err
		}
		for _, m := range page.Items {
			got = append(got, m.User.ID)
		}
		if page.Next == "" {
			break
		}
		q.Page = page.Next
	}
	if want := slices.Sorted(maps.Keys(r.members)); !slices.Equal(got, want) {
		c.differ("%s: %d members, want %d", r.cid, len(got), len(want))
	}
	return nil
}

// hideable are the messages that are hidden from some or all.
func hideable(r *room) []*entry {
	list := slices.Clone(r.erased)
	for _, e := range r.entries {
		if e.forTwo != nil || e.hard {
			list = append(list, e)
		}
	}
	return list
}

// member checks all that one member sees: every message of the channel, those
// hidden from them by id, and what they have unread. It returns the list, to be used again.
func (c *checker) member(ctx context.Context, r *room, user chat.UserID, forward bool, hidden []*entry, list []chat.Message) ([]chat.Message, error) {
	s := c.app.As(user)
	list, err := read(ctx, s, r.cid, forward, list)
	if err != nil {
		return nil, err
	}
	c.compare(r, user, list, r.history(user))
	for some := range slices.Chunk(hidden, 100) {
		var ids []chat.MessageID
		var want []*entry
		for _, e := range some {
			ids = append(ids, e.id)
			if e.seenBy(user) && !slices.Contains(r.erased, e) {
				want = append(want, e)
			}
		}
		got, err := s.MessagesByID(ctx, ids...)
		if err != nil {
			return nil, err
		}
		c.checked.hidden.Add(int64(len(ids) - len(want)))
		c.compare(r, user, got, want)
	}
	unread, err := s.Unread(ctx, r.cid)
	if err != nil {
		return nil, err
	}
	c.checked.unread.Add(1)
	if want := r.unread(user); unread != want {
		c.differ("%s: %s has %d unread, want %d", r.cid, user, unread, want)
	}
	return list, nil
}

// compare compares messages with the list. An empty viewer is the application.
func (c *checker) compare(r *room, viewer chat.UserID, got []chat.Message, want []*entry) {
	c.checked.messages.Add(int64(len(want)))
	if len(got) != len(want) {
		c.differ("%s: %s sees %d messages, want %d", r.cid, name(viewer), len(got), len(want))
		return
	}
	var last time.Time
	for i := range got {
		m, e := &got[i], want[i]
		if problem := c.problem(viewer, m, e); problem != "" {
			c.differ("%s: %s reads message %d, %s, from %s: %s", r.cid, name(viewer), i, e.id, nickOf(e.author), problem)
		}
		if !m.CreatedAt.After(last) {
			c.differ("%s: message %s is not later than the one before it", r.cid, m.ID)
		}
		last = m.CreatedAt
	}
}

func name(viewer chat.UserID) string {
	if viewer == "" {
		return "the application"
	}
	return string(viewer)
}

// problem says how a message is not what its viewer should see; empty if it is.
func (c *checker) problem(viewer chat.UserID, m *chat.Message, e *entry) string {
	kind, text, quoted, custom := e.kind, e.text, e.quoted, e.custom
	blank := e.soft || viewer != "" && e.blankTo(viewer)
	if blank {
		kind, text, quoted, custom = chat.TypeDeleted, "", nil, nil
	}
	if quoted != nil && (quoted.hard || viewer != "" && !quoted.seenBy(viewer)) {
		quoted = nil
	}
	forMe := viewer != "" && e.forMe == viewer
	switch {
	case m.ID != e.id:
		return fmt.Sprintf("id is %s", m.ID)
	case m.Type != kind:
		return fmt.Sprintf("type is %s, want %s", m.Type, kind)
	case m.Text != text:
		return fmt.Sprintf("text is %q, want %q", m.Text, text)
	case (m.HTML == "") != (text == ""):
		return fmt.Sprintf("html is %q", m.HTML)
	case m.User.ID != e.author || m.User.Name != c.nicks[e.author]:
		return fmt.Sprintf("author is %s, %q", m.User.ID, m.User.Name)
	case !slices.Equal(m.Restricted, e.forTwo):
		return fmt.Sprintf("is private to %v, want %v", m.Restricted, e.forTwo)
	case m.Silent != e.silent:
		return fmt.Sprintf("silent is %v", m.Silent)
	case (m.DeletedAt != nil) != e.soft:
		return fmt.Sprintf("deleted at %v", m.DeletedAt)
	case m.DeletedForMe != forMe:
		return fmt.Sprintf("deleted for me is %v", m.DeletedForMe)
	case m.Pending != nil:
		return "is pending"
	case (m.SentAt != nil) != e.wasPending || m.SentAt != nil && m.SentAt.After(m.CreatedAt):
		return fmt.Sprintf("was sent at %v", m.SentAt)
	case m.Custom["irc"] != custom["irc"]:
		return fmt.Sprintf("custom data is %v, want %v", m.Custom, custom)
	}
	return c.quoteProblem(viewer, m, quoted)
}

func (c *checker) quoteProblem(viewer chat.UserID, m *chat.Message, quoted *entry) string {
	if quoted == nil {
		if m.QuotedMessageID != "" || m.QuotedMessage != nil {
			return fmt.Sprintf("quotes %s, want nothing", m.QuotedMessageID)
		}
		return ""
	}
	if m.QuotedMessageID != quoted.id || m.QuotedMessage == nil || m.QuotedMessage.ID != quoted.id {
		return fmt.Sprintf("quotes %q, want %s", m.QuotedMessageID, quoted.id)
	}
	text := quoted.text
	if quoted.soft || viewer != "" && quoted.blankTo(viewer) {
		text = ""
	}
	if m.QuotedMessage.Text != text {
		return fmt.Sprintf("quotes %q, want %q", m.QuotedMessage.Text, text)
	}
	return ""
}

// everywhere checks what goes over all channels: the list of channels, the
// users, and what each user has unread in total.
func (c *checker) everywhere(ctx context.Context, rooms []*room) error {
	want := map[chat.UserID]chat.UnreadTotals{}
	cids := map[chat.CID]bool{}
	for _, r := range rooms {
		cids[r.cid] = true
		for user := range r.members {
			if n := r.unread(user); n > 0 {
				t := want[user]
				want[user] = chat.UnreadTotals{Messages: t.Messages + n, Channels: t.Channels + 1}
			}
		}
	}
	q := chat.ChannelQuery{Limit: 30, Messages: chat.None, Members: chat.None}
	for {
		page, err := c.app.Channels(ctx, q)
		if err != nil {
			return err
		}
		for _, st := range page.Items {
			delete(cids, st.Channel.CID)
		}
		if page.Next == "" {
			break
		}
		q.Page = page.Next
	}
	if len(cids) > 0 {
		c.differ("%d channels are not listed", len(cids))
	}
	var token chat.PageToken
	users := 0
	for {
		page, err := c.app.Users(ctx, chat.UserQuery{Limit: fullPage, Page: token})
		if err != nil {
			return err
		}
		users += len(page.Items)
		for _, u := range page.Items {
			if u.Name != c.nicks[u.ID] {
				c.differ("user %s is named %q, want %q", u.ID, u.Name, c.nicks[u.ID])
			}
			got, err := c.app.As(u.ID).TotalUnread(ctx)
			if err != nil {
				return err
			}
			if got != want[u.ID] {
				c.differ("user %s has in total %+v unread, want %+v", u.ID, got, want[u.ID])
			}
		}
		if token = page.Next; token == "" {
			break
		}
	}
	if users != len(c.nicks) {
		c.differ("%d users, want %d", users, len(c.nicks))
	}
	return c.verify(ctx, rooms)
}

// verify has the engine recompute its own counters and indexes, and compares
// what it counted.
func (c *checker) verify(ctx context.Context, rooms []*room) error {
	report, err := c.app.Verify(ctx, nil)
	if err != nil {
		return err
	}
	for _, p := range report.Problems {
		c.differ("%s: the engine's own check: %s", p.CID, p.Problem)
	}
	messages, members := 0, 0
	for _, r := range rooms {
		messages += len(r.all())
		members += len(r.members)
	}
	if report.Channels != len(rooms) || report.Messages != messages || report.Members != members || report.Pending != 0 {
		c.differ("the engine's own check counts %d channels, %d messages, %d pending, %d members; want %d, %d, 0, %d",
			report.Channels, report.Messages, report.Pending, report.Members, len(rooms), messages, members)
	}
	return nil
}
