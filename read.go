package chat

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Message returns one message. ErrNotFound if it does not exist.
func (a *App) Message(ctx context.Context, id MessageID) (_ Message, err error) {
	defer a.operation(&ctx, "Message").ended(&err)
	return a.message(ctx, "Message", application, id)
}

// Message returns one message as the user sees it. ErrNotFound if it does not
// exist for them.
func (s *Session) Message(ctx context.Context, id MessageID) (_ Message, err error) {
	defer s.app.operation(&ctx, "Message").ended(&err)
	return s.app.message(ctx, "Message", as(s.user), id)
}

func (a *App) message(ctx context.Context, op string, c caller, id MessageID) (Message, error) {
	if err := checkMessageID("id", id); err != nil {
		return Message{}, in(op, err)
	}
	var list []Message
	err := a.view(ctx, op, func(r *record.Reader) error {
		f, err := findToRead(r, c, id)
		if err != nil {
			return err
		}
		list, err = render(r, []found{*f})
		return err
	})
	if err != nil {
		return Message{}, err
	}
	return list[0], nil
}

// MessagesByID returns messages by their ids, at most 100, in the order asked.
// Those that do not exist are left out.
func (a *App) MessagesByID(ctx context.Context, ids ...MessageID) (_ []Message, err error) {
	defer a.operation(&ctx, "MessagesByID").ended(&err)
	return a.messagesByID(ctx, "MessagesByID", application, ids)
}

// MessagesByID returns the messages that the user can see of those named, at
// most 100, in the order asked.
func (s *Session) MessagesByID(ctx context.Context, ids ...MessageID) (_ []Message, err error) {
	defer s.app.operation(&ctx, "MessagesByID").ended(&err)
	return s.app.messagesByID(ctx, "MessagesByID", as(s.user), ids)
}

func (a *App) messagesByID(ctx context.Context, op string, c caller, ids []MessageID) ([]Message, error) {
	if len(ids) > maxIDsAtOnce {
		return nil, in(op, invalid("ids", "names %d messages; at most %d", len(ids), maxIDsAtOnce))
	}
	if err := checkMessageIDs("ids", ids); err != nil {
		return nil, in(op, err)
	}
	var messages []Message
	err := a.view(ctx, op, func(r *record.Reader) error {
		list, err := findAllToRead(r, c, ids)
		if err != nil {
			return err
		}
		visible := make([]found, 0, len(list))
		for _, f := range list {
			if f != nil && f.room.enter() == nil {
				visible = append(visible, *f)
			}
		}
		messages, err = render(r, visible)
		return err
	})
	return messages, err
}

// MessageQuery asks for a page of a channel's messages. At most one of the
// anchors and Page is given; with none the latest messages are returned. Items
// run from the oldest to the newest in every page, placeholders included.
// Replies are part of it only if they are shown in the channel.
type MessageQuery struct {
	Limit int // default 25, at most 300

	// A message of the channel: one that is soft-deleted will do, one that is
	// gone or cannot be seen is ErrNotFound, one's own pending one ErrPending.
	Before, After, Around MessageID

	// A point in time; what is finer than a microsecond is cut.
	BeforeTime, AfterTime, AroundTime time.Time

	// Inclusive has a Before or After page include the anchor itself, or what was
	// created at that very time. An Around page always does.
	Inclusive bool

	// Page is Prev or Next of another page.
	Page PageToken
}

// Messages returns a page of a channel's messages, as the application sees
// them: all, private ones included. Pending ones are in PendingMessages.
func (a *App) Messages(ctx context.Context, cid CID, q MessageQuery) (_ Page[Message], err error) {
	defer a.operation(&ctx, "Messages").ended(&err)
	return a.messages(ctx, "Messages", application, cid, q)
}

// Messages returns a page of a channel's messages as the user sees them. A page
// never skips or repeats a message, whatever is sent meanwhile.
func (s *Session) Messages(ctx context.Context, cid CID, q MessageQuery) (_ Page[Message], err error) {
	defer s.app.operation(&ctx, "Messages").ended(&err)
	return s.app.messages(ctx, "Messages", as(s.user), cid, q)
}

// AllMessages runs through all messages of a channel from the oldest to the
// newest, a page a transaction; none is held while the loop's body runs. An
// error ends it.
func (a *App) AllMessages(ctx context.Context, cid CID) iter.Seq2[Message, error] {
	return a.allMessages(ctx, application, cid)
}

// AllMessages runs through all messages of a channel that the user can see; see
// [App.AllMessages].
func (s *Session) AllMessages(ctx context.Context, cid CID) iter.Seq2[Message, error] {
	return s.app.allMessages(ctx, as(s.user), cid)
}

func (a *App) allMessages(ctx context.Context, c caller, cid CID) iter.Seq2[Message, error] {
	return allOf(func(q MessageQuery) (_ Page[Message], err error) {
		const op = "AllMessages"
		defer a.operation(&ctx, op).ended(&err)
		return a.messages(ctx, op, c, cid, q)
	})
}

// allOf runs through all pages, from the oldest on.
func allOf(read func(MessageQuery) (Page[Message], error)) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		q := MessageQuery{Limit: maxPage, AfterTime: time.Time{}.Add(1)}
		for {
			page, err := read(q)
			if err != nil {
				yield(Message{}, err)
				return
			}
			for _, m := range page.Items {
				if !yield(m, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q = MessageQuery{Limit: maxPage, Page: page.Next}
		}
	}
}

// pageQuery is a MessageQuery that was checked.
type pageQuery struct {
	limit  int
	way    way
	anchor MessageID // empty: at is given
	at     int64
	with   bool  // the anchor itself too
	number int64 // of the channel whose token it is; 0: no token
	parent int64 // of the thread; 0: the channel's pages
}

type way int

const (
	latest way = iota
	before
	after
	around
)

// check checks the query, for a page of the list that its token leads through.
func (q MessageQuery) check(list byte) (pageQuery, error) {
	p := pageQuery{limit: q.Limit}
	if err := checkLimit("limit", &p.limit, standardPage, maxPage); err != nil {
		return p, err
	}
	given := 0
	for _, anchor := range []struct {
		field string
		way   way
		id    MessageID
		time  time.Time
	}{
		{"before", before, q.Before, q.BeforeTime},
		{"after", after, q.After, q.AfterTime},
		{"around", around, q.Around, q.AroundTime},
	} {
		if anchor.id != "" {
			given++
			if err := checkMessageID(anchor.field, anchor.id); err != nil {
				return p, err
			}
			p.way, p.anchor = anchor.way, anchor.id
		}
		if !anchor.time.IsZero() {
			given++
			p.way, p.at = anchor.way, clampTime(anchor.time)
		}
	}
	p.with = q.Inclusive || p.way == around
	if q.Page != "" {
		given++
		var direction int64
		var err error
		if list == tokenReplies {
			err = q.Page.decodeNumbers(list, &direction, &p.at, &p.number, &p.parent)
		} else {
			err = q.Page.decodeNumbers(list, &direction, &p.at, &p.number)
		}
		if err != nil {
			return p, err
		}
		if p.way = way(direction); p.way != before && p.way != after {
			return p, invalid("page", "is not a page token of this list")
		}
	}
	if given > 1 {
		return p, invalid("page", "more than one of the anchors and Page is given")
	}
	if q.Inclusive && (given == 0 || q.Page != "") {
		return p, invalid("inclusive", "is set without an anchor")
	}
	return p, nil
}

// clampTime is a time in microseconds, far ones moved to where arithmetic is
// safe.
func clampTime(t time.Time) int64 {
	const far = math.MaxInt64 / 4
	switch {
	case t.Year() > 9999:
		return far
	case t.Year() < 1:
		return -far
	}
	return t.UnixMicro()
}

func (a *App) messages(ctx context.Context, op string, c caller, cid CID, q MessageQuery) (Page[Message], error) {
	var page Page[Message]
	p, err := q.check(tokenMessages)
	if err == nil {
		err = checkCID("cid", cid)
	}
	if err != nil {
		return page, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		p := p
		var anchor *record.Value[codec.Place]
		room, err := openRoom(r, c, cid, more{first: func(b *record.Batch) {
			if p.anchor != "" {
				anchor = b.Place(string(p.anchor))
			}
		}})
		if err == nil {
			err = room.enter()
		}
		if err != nil {
			return err
		}
		if p.number != 0 && record.Channel(p.number) != room.number {
			return otherChannel()
		}
		// Whether the caller sees a message tells the page around it.
		told := p.way == around && anchor != nil && anchor.V.Kind == codec.PlaceTimeline && anchor.V.Channel == uint64(room.number)
		if told {
			p.at = anchor.V.At
		} else if anchor != nil {
			if p.at, err = anchorTime(r, room, p.anchor, anchor); err != nil {
				return err
			}
		}
		shown, err := room.page(r, p)
		if err != nil {
			return err
		}
		if told && !holds(shown.Items, p.anchor) {
			if _, err := anchorTime(r, room, p.anchor, anchor); err != nil {
				return err
			}
		}
		if shown.Cursor, err = a.cursorNow(r); err != nil {
			return err
		}
		page = shown
		return nil
	})
	return page, err
}

// anchorTime is the time of a message that a page is asked for by.
func anchorTime(r *record.Reader, room *room, id MessageID, place *record.Value[codec.Place]) (int64, error) {
	b := r.Batch()
	m := inRoom(b, room.number, place)
	if err := b.Run(); err != nil {
		return 0, err
	}
	if !m.Found || room.sees(&m.V) == unseen {
		return 0, notFound("message", id)
	}
	if m.V.Pending {
		return 0, fail(ErrPending, "", "message %q is pending", id)
	}
	return m.V.CreatedAt, nil
}

func holds(messages []Message, id MessageID) bool {
	for i := range messages {
		if messages[i].ID == id {
			return true
		}
	}
	return false
}

// page reads one page of the channel, or of a thread.
func (r *room) page(reader *record.Reader, p pageQuery) (Page[Message], error) {
	var page Page[Message]
	older := record.Span{From: r.floor(), To: never, Reverse: true}
	newer := record.Span{From: max(r.floor(), p.at), To: never}
	switch p.way {
	case latest:
		older.Limit = p.limit + 1
	case before:
		older.To, older.Limit = p.at, p.limit+1
		newer.From, newer.Limit = max(r.floor(), p.at-1), 1
		if p.with {
			older.To++
			newer.From++
		}
	case after:
		newer.Limit = p.limit + 1
		older.To, older.Limit = p.at+1, 1
		if p.with {
			newer.From = max(r.floor(), p.at-1)
			older.To--
		}
	case around:
		// The anchor is the first of the newer half.
		older.To, older.Limit = p.at, p.limit/2+1
		newer.From, newer.Limit = max(r.floor(), p.at-1), p.limit-p.limit/2+1
	}
	pages := r.replies(p.parent)
	spans, err := pages.Read(reader, older, newer)
	if err == nil && p.way == around && (len(spans[0]) < older.Limit || len(spans[1]) < newer.Limit) {
		// What one half has no use for goes to the other.
		older.Limit, newer.Limit = p.limit+1, p.limit+1
		spans, err = pages.Read(reader, older, newer)
	}
	if err != nil {
		return page, err
	}
	behind, ahead := spans[0], spans[1]
	slices.Reverse(behind)
	fromBehind, fromAhead := p.take(len(behind), len(ahead))
	items := [2][]record.Entry{behind[len(behind)-fromBehind:], ahead[:fromAhead]}
	if page.Items, err = r.renderEntries(reader, items[:]...); err != nil {
		return page, err
	}
	first, last := p.at+1, p.at-1 // of an empty page: its anchor, on either side
	for _, list := range slices.Backward(items[:]) {
		if len(list) > 0 {
			first = list[0].At
		}
	}
	for _, list := range items {
		if n := len(list); n > 0 {
			last = list[n-1].At
		}
	}
	if fromBehind < len(behind) {
		page.Prev = r.pageToken(p.parent, before, first)
	}
	if fromAhead < len(ahead) {
		page.Next = r.pageToken(p.parent, after, last)
	}
	return page, nil
}

func (r *room) pageToken(parent int64, way way, at int64) PageToken {
	if parent != 0 {
		return encodeToken(tokenReplies, int64(way), at, int64(r.number), parent)
	}
	return encodeToken(tokenMessages, int64(way), at, int64(r.number))
}

// take is how many messages of those that were found behind and ahead of its anchor
// are the page's, next to the anchor. There is more where it takes fewer than that.
func (p pageQuery) take(behind, ahead int) (fromBehind, fromAhead int) {
	switch p.way {
	case latest, before:
		return min(p.limit, behind), 0
	case after:
		return 0, min(p.limit, ahead)
	}
	fromAhead = min(p.limit-min(p.limit/2, behind), ahead)
	return min(p.limit-fromAhead, behind), fromAhead
}
