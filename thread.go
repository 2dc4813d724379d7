package chat

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Replies returns a page of the replies to a message, as the application sees
// them: all, private ones and those shown in the channel included. Pages are
// those of [App.Messages]; an anchor may be any message of the channel.
// ErrNestedReply if the message is itself a reply, ErrPending if it is pending.
func (a *App) Replies(ctx context.Context, parent MessageID, q MessageQuery) (_ Page[Message], err error) {
	defer a.operation(&ctx, "Replies").ended(&err)
	return a.replies(ctx, "Replies", application, parent, q)
}

// Replies returns a page of the replies to a message as the user sees them. The
// message may be soft-deleted; ErrNotFound if it does not exist for the user.
// See [App.Replies].
func (s *Session) Replies(ctx context.Context, parent MessageID, q MessageQuery) (_ Page[Message], err error) {
	defer s.app.operation(&ctx, "Replies").ended(&err)
	return s.app.replies(ctx, "Replies", as(s.user), parent, q)
}

// AllReplies runs through all replies to a message from the oldest to the
// newest, as [App.AllMessages] does through the messages of a channel.
func (a *App) AllReplies(ctx context.Context, parent MessageID) iter.Seq2[Message, error] {
	return a.allReplies(ctx, application, parent)
}

// AllReplies runs through all replies to a message that the user can see; see
// [App.AllReplies].
func (s *Session) AllReplies(ctx context.Context, parent MessageID) iter.Seq2[Message, error] {
	return s.app.allReplies(ctx, as(s.user), parent)
}

func (a *App) allReplies(ctx context.Context, c caller, parent MessageID) iter.Seq2[Message, error] {
	return allOf(func(q MessageQuery) (_ Page[Message], err error) {
		const op = "AllReplies"
		defer a.operation(&ctx, op).ended(&err)
		return a.replies(ctx, op, c, parent, q)
	})
}

func (a *App) replies(ctx context.Context, op string, c caller, parent MessageID, q MessageQuery) (Page[Message], error) {
	var page Page[Message]
	p, err := q.check(tokenReplies)
	if err == nil {
		err = checkMessageID("parent_id", parent)
	}
	if err != nil {
		return page, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		p := p
		f, err := findParent(r, c, parent)
		if err != nil {
			return err
		}
		if p.number != 0 && (record.Channel(p.number) != f.room.number || p.parent != f.message.CreatedAt) {
			return invalid("page", "is a page token of another thread")
		}
		p.parent = f.message.CreatedAt
		if p.anchor != "" {
			b := r.Batch()
			anchor := b.Place(string(p.anchor))
			if err := b.Run(); err != nil {
				return err
			}
			if p.at, err = anchorTime(r, f.room, p.anchor, anchor); err != nil {
				return err
			}
		}
		if page, err = f.room.page(r, p); err != nil {
			return err
		}
		page.Cursor, err = a.cursorNow(r)
		return err
	})
	return page, err
}

// findParent finds a message that can have replies.
func findParent(r *record.Reader, c caller, id MessageID) (*found, error) {
	f, err := find(r, c, id)
	if err != nil {
		return nil, err
	}
	return f, checkParent(f)
}

func checkParent(f *found) error {
	switch {
	case f.message.Pending:
		return fail(ErrPending, "parent_id", "message %q is pending", f.message.ID)
	case f.message.ParentID != "":
		return fail(ErrNestedReply, "parent_id", "message %q is itself a reply, to %q", f.message.ID, f.message.ParentID)
	}
	return nil
}

// Thread is a message with replies, as one user sees it.
type Thread struct {
	Parent  Message   `json:"parent"`  // its ReplyCount and ThreadParticipants are the thread's
	Replies []Message `json:"replies"` // the newest, oldest first; not nil

	// What the user has unread of it: 0 for who does not take part, is not a
	// member of the channel, or mutes it. Exact.
	Unread         int `json:"unread"`
	UnreadMentions int `json:"unread_mentions"` // of them, those that mention the user

	LastReplyAt *time.Time `json:"last_reply_at"` // of the newest reply not deleted
	LastRead    *time.Time `json:"last_read"`     // up to when the user has read it; nil for who is not a member, or has an open invite
}

// ThreadQuery asks for threads.
type ThreadQuery struct {
	CID     CID // empty: of all channels
	Limit   int // default 10, at most 30
	Replies int // newest replies of each: default 3, at most 300; None for none
	Page    PageToken
}

// Threads returns the threads that the user takes part in: those whose parent or
// one of whose replies they wrote, or that have a reply, not deleted, that
// mentions them. Those with something unread come first, and then those with the
// newest reply: who marks threads read between two pages is shown some of them
// again, among those that are read. The list is read forwards: Prev is always
// empty. Its cost depends on how many threads the user takes part in.
func (s *Session) Threads(ctx context.Context, q ThreadQuery) (_ Page[Thread], err error) {
	const op = "Threads"
	defer s.app.operation(&ctx, op).ended(&err)
	var page Page[Thread]
	from, err := q.check()
	if err != nil {
		return page, in(op, err)
	}
	err = s.app.view(ctx, op, func(r *record.Reader) error {
		page = Page[Thread]{}
		list := &threadList{reader: r, caller: as(s.user), only: q.CID}
		if err := list.open(); err != nil {
			return err
		}
		chosen := list.threads
		if from != nil {
			chosen = slices.DeleteFunc(chosen, func(t *threadState) bool { return t.place.compare(*from) <= 0 })
		}
		slices.SortFunc(chosen, func(t, u *threadState) int { return t.place.compare(u.place) })
		if len(chosen) > q.Limit {
			chosen = chosen[:q.Limit]
			page.Next = chosen[q.Limit-1].place.token(q.CID)
		}
		for _, t := range chosen {
			thread, err := t.render(r, q.Replies)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, thread)
		}
		page.Cursor, err = s.app.cursorNow(r)
		return err
	})
	return page, err
}

func (q *ThreadQuery) check() (from *threadPlace, err error) {
	if q.CID != "" {
		if err := checkCID("cid", q.CID); err != nil {
			return nil, err
		}
	}
	if err := checkLimit("limit", &q.Limit, standardThreads, maxThreads); err != nil {
		return nil, err
	}
	if err := checkCount("replies", &q.Replies, standardReplies, maxPage); err != nil || q.Page == "" {
		return nil, err
	}
	from = new(threadPlace)
	var number int64
	err = q.Page.decodeNamed(tokenThreads, string(q.CID), &from.unread, &from.newest, &number, &from.parent)
	from.number = record.Channel(number)
	return from, err
}

// Thread returns the thread of a message as the user sees it, whether they take
// part in it or not, with its newest 25 replies. ErrNestedReply if the message
// is itself a reply.
func (s *Session) Thread(ctx context.Context, parent MessageID) (_ Thread, err error) {
	const op = "Thread"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := checkMessageID("parent_id", parent); err != nil {
		return Thread{}, in(op, err)
	}
	var thread Thread
	err = s.app.view(ctx, op, func(r *record.Reader) error {
		f, err := findParent(r, as(s.user), parent)
		if err != nil {
			return err
		}
		t := newThreadState(f.room, f.message.CreatedAt)
		b := r.Batch()
		t.read(b)
		if err := b.Run(); err != nil {
			return err
		}
		t.message = f.message
		if err := t.count(r); err != nil {
			return err
		}
		thread, err = t.render(r, standardPage)
		return err
	})
	return thread, err
}

// MarkThreadRead marks all replies to a message read, for the user. What is read
// of the channel stays as it is. ErrPermission for who is not a member, or has not
// accepted the invite.
func (s *Session) MarkThreadRead(ctx context.Context, parent MessageID) (err error) {
	defer s.app.operation(&ctx, "MarkThreadRead").ended(&err)
	return s.markThread(ctx, "MarkThreadRead", parent, func(f *found, last int64) (parent, at int64, err error) {
		return f.message.CreatedAt, max(last, f.message.CreatedAt), checkParent(f)
	})
}

// MarkThreadUnread marks a thread unread from a reply on, itself included, or,
// given its parent, from its first reply on. ErrPermission for who is not a
// member, or has not accepted the invite, ErrPending for a pending message,
// ErrNotFound also for a reply whose parent is hidden from the user: so is its
// thread. Only who takes part in a thread has something unread in it.
func (s *Session) MarkThreadUnread(ctx context.Context, id MessageID) (err error) {
	defer s.app.operation(&ctx, "MarkThreadUnread").ended(&err)
	return s.markThread(ctx, "MarkThreadUnread", id, func(f *found, _ int64) (parent, at int64, err error) {
		m := f.message
		switch {
		case m.ParentID == "":
			return m.CreatedAt, m.CreatedAt, nil
		case m.ParentAt <= f.room.floor():
			return 0, 0, fail(ErrNotFound, "id", "the thread of message %q not found: its parent is hidden", id)
		}
		return m.ParentAt, m.CreatedAt - 1, nil
	})
}

// markThread sets the user's read mark of a thread, by a message of it.
func (s *Session) markThread(ctx context.Context, op string, id MessageID, to func(f *found, last int64) (parent, at int64, err error)) error {
	return s.app.changeMessage(ctx, op, as(s.user), id, func(tx *record.Txn, f *found) error {
		if f.message.Pending {
			return fail(ErrPending, "id", "message %q is pending", id)
		}
		if !f.room.joined() {
			return notMember(f.room)
		}
		b := tx.Batch()
		head := b.Head(f.room.number)
		base := b.ThreadBase(f.room.number, string(s.user))
		if err := b.Run(); err != nil {
			return err
		}
		parent, at, err := to(f, head.V.Last)
		if err != nil {
			return err
		}
		mark := codec.ThreadMark{At: at, ReadAt: f.room.now, Join: base.V.Join}
		kind := codec.EventMarkRead
		if op == "MarkThreadUnread" {
			kind, mark.ReadAt = codec.EventMarkUnread, at
		}
		if err := tx.PutThreadMark(f.room.number, parent, string(s.user), mark); err != nil {
			return err
		}
		place, err := parentPlace(tx, f, parent)
		if err != nil {
			return err
		}
		return f.room.tellUser(tx, string(s.user), codec.Event{Kind: kind, Place: place, Sent: parent})
	})
}

// parentPlace is where the parent of a thread lies, of which a message was found.
func parentPlace(tx *record.Txn, f *found, parent int64) (codec.PlaceKind, error) {
	if f.message.ParentID == "" {
		return record.PlaceOf(f.room.number, f.message).Kind, nil
	}
	b := tx.Batch()
	m := b.ParentOf(f.room.number, parent)
	if err := b.Run(); err != nil {
		return 0, err
	}
	if stored := m.Message(); stored != nil {
		return record.PlaceOf(f.room.number, stored).Kind, nil
	}
	return codec.PlaceTimeline, nil
}

// threadPlace is a place in a list of threads: those with something unread
// first, then by the newest reply, the newest first.
type threadPlace struct {
	unread int64 // 1 if there is something
	newest int64
	number record.Channel
	parent int64
}

func (p threadPlace) compare(q threadPlace) int {
	return cmp.Or(cmp.Compare(q.unread, p.unread), cmp.Compare(q.newest, p.newest), cmp.Compare(q.number, p.number), cmp.Compare(q.parent, p.parent))
}

// token is that of the list of a channel's threads, or of all.
func (p threadPlace) token(cid CID) PageToken {
	return encodeNamedToken(tokenThreads, string(cid), p.unread, p.newest, int64(p.number), p.parent)
}
