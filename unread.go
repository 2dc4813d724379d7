package chat

import (
	"context"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// UnreadTotals is what a user has unread in all their channels, hidden ones
// included.
type UnreadTotals struct {
	Messages int
	Channels int // those with unread messages
	Mentions int // of Messages, those that mention the user, or everyone

	Replies int // in threads that the user takes part in, counted apart from Messages
	Threads int // those with unread replies
}

// Unread returns how many messages of a channel the user has unread: those
// after their read mark that they can see now, by others whom they do not mute,
// not silent, not deleted, no replies but those shown in the channel. It is
// exact. A muted channel, one the user is not a member of, and one with an open
// invite have none.
func (s *Session) Unread(ctx context.Context, cid CID) (_ int, err error) {
	const op = "Unread"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := checkCID("cid", cid); err != nil {
		return 0, in(op, err)
	}
	n := 0
	err = s.app.view(ctx, op, func(r *record.Reader) error {
		n = 0
		state, err := openUnread(r, as(s.user), cid)
		if err == nil {
			err = state.room.enter()
		}
		if err == nil {
			n, err = state.unread(r)
		}
		return err
	})
	return n, err
}

// TotalUnread returns what the user has unread in all their channels. Its cost
// depends on how many channels they are a member of and how many threads they take
// part in: it looks at each.
func (s *Session) TotalUnread(ctx context.Context) (_ UnreadTotals, err error) {
	const op = "TotalUnread"
	defer s.app.operation(&ctx, op).ended(&err)
	var totals UnreadTotals
	err = s.app.view(ctx, op, func(r *record.Reader) error {
		totals = UnreadTotals{}
		b := r.Batch()
		user := b.User(string(s.user))
		settings := record.Settings[storedSettings](b)
		if err := b.Run(); err != nil {
			return err
		}
		if err := checkCaller(as(s.user), user); err != nil {
			return err
		}
		list, err := r.UserChannels(string(s.user))
		if err != nil {
			return err
		}
		for _, own := range list {
			if !own.Member {
				continue
			}
			var state readState
			state.room, err = openRoomOf(r, as(s.user), user.V, settings.V, own.Channel, more{second: state.alongside(s.user)})
			if err != nil {
				return err
			}
			if state.room.enter() != nil {
				continue
			}
			n, err := state.unread(r)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			mentions, err := state.unreadMentions(r, 0, state.from())
			if err != nil {
				return err
			}
			totals.Messages += n
			totals.Mentions += mentions
			totals.Channels++
		}
		return totals.addThreads(r, as(s.user))
	})
	return totals, err
}

// addThreads adds what a user has unread in threads.
func (t *UnreadTotals) addThreads(r *record.Reader, c caller) error {
	list := &threadList{reader: r, caller: c}
	if err := list.open(); err != nil {
		return err
	}
	for _, thread := range list.threads {
		if thread.unread > 0 {
			t.Replies += thread.unread
			t.Threads++
		}
	}
	return nil
}

// readState is how far a user has read a channel, and what counts as unread.
type readState struct {
	room  *room
	mark  *record.Value[codec.Mark]
	count *record.Unread
	known *knownUnread
}

// knownUnread is how many messages of a remembered room its caller has unread.
type knownUnread struct {
	version     uint64 // of what was counted
	from, until int64  // the times between which those are muted who were
	n           int
}

// newReadState is one that is going to count.
func newReadState() *readState {
	var s struct { // in one piece of memory
		readState
		count record.Unread
	}
	s.readState.count = &s.count
	return &s.readState
}

func openReadState(r *record.Reader, c caller, cid CID) (*readState, error) {
	s := newReadState()
	var err error
	s.room, err = openRoom(r, c, cid, more{second: s.alongside(c.user)})
	return s, err
}

// openUnread is openReadState for who asks for what is unread and nothing else:
// where nothing was written in the channel since it was counted, nothing is read.
func openUnread(r *record.Reader, c caller, cid CID) (*readState, error) {
	s := &readState{}
	var err error
	s.room, err = openRoom(r, c, cid, more{second: s.alongside(c.user), has: func(room *room) bool {
		s.known = room.knownUnread(r)
		return s.known != nil
	}})
	return s, err
}

// knownUnread is nil if something was written in the channel since, or a mute has
// ended.
func (r *room) knownUnread(reader *record.Reader) *knownUnread {
	known := r.unread.Load()
	if known == nil || r.now < known.from || r.now >= known.until || !reader.Unchanged(known.version, r.scope) {
		return nil
	}
	return known
}

func (s *readState) alongside(user UserID) func(*record.Batch, record.Channel) {
	return func(b *record.Batch, number record.Channel) {
		s.mark = b.Mark(number, string(user))
		if s.count == nil {
			s.count = new(record.Unread)
		}
		s.count.Read(b, number, string(user))
	}
}

// from is the time after which messages can be unread.
func (s *readState) from() int64 { return max(s.mark.V.At, s.room.floor()) }

// mutedUsers are those whom the user mutes now.
func (s *readState) mutedUsers(r *record.Reader) ([]string, error) {
	b := r.Batch()
	mutes := b.Mutes(string(s.room.user))
	if err := b.Run(); err != nil {
		return nil, err
	}
	var list []string
	for _, m := range mutes.V {
		if m.Until == 0 || m.Until > s.room.now {
			list = append(list, m.User)
		}
	}
	return list, nil
}

// unread is how many messages the user has unread. It is remembered until something
// is written in the channel, or of the user, or a mute ends.
func (s *readState) unread(r *record.Reader) (int, error) {
	if !s.mayBeUnread() {
		return 0, nil
	}
	if s.known == nil {
		s.known = s.room.knownUnread(r)
	}
	if s.known != nil {
		return s.known.n, nil
	}
	n, err := s.countUnread(r)
	if err == nil && s.room.remembered && r.Snapshot() {
		s.room.unread.Store(&knownUnread{r.Version(), s.room.now, s.count.Until(), n})
	}
	return n, err
}

// countUnread counts. What the user deleted for themselves, a short list, is taken
// off one by one.
func (s *readState) countUnread(r *record.Reader) (int, error) {
	s.count.After, s.count.Now = s.from(), s.room.now
	s.count.Private, s.count.PrivateReader = s.room.mayHavePrivate(), s.room.privateReader()
	n, err := s.count.Count(r)
	if err != nil || n == 0 || len(s.room.forMe) == 0 {
		return n, err
	}
	muted, err := s.mutedUsers(r)
	if err != nil {
		return 0, err
	}
	messages, err := forMeMessages(r, s.room.number, s.room.forMe, s.from())
	if err != nil {
		return 0, err
	}
	for i := range messages {
		if s.counts(&messages[i], muted) {
			n--
		}
	}
	return n, nil
}

// mayBeUnread says whether anything in the channel can be unread for the user.
func (s *readState) mayBeUnread() bool { return s.room.joined() && !s.room.muted() }

// unreadReplies counts the replies of a thread that are unread after a time, and
// those among them that mention the user.
func (s *readState) unreadReplies(r *record.Reader, parent, after int64) (n, mentions int, err error) {
	b := r.Batch()
	count := record.Unread{After: after, Now: s.room.now, Private: s.room.mayHavePrivate(), PrivateReader: s.room.privateReader()}
	count.ReadThread(b, s.room.number, parent, string(s.room.user))
	if err := b.Run(); err != nil {
		return 0, 0, err
	}
	if n, err = count.Count(r); err != nil || n == 0 {
		return 0, 0, err
	}
	if len(s.room.forMe) > 0 {
		muted, err := s.mutedUsers(r)
		if err != nil {
			return 0, 0, err
		}
		messages, err := forMeMessages(r, s.room.number, s.room.forMe, after)
		if err != nil {
			return 0, 0, err
		}
		for i := range messages {
			if m := &messages[i]; m.ParentID != "" && m.ParentAt == parent && s.countsHidden(m, muted) {
				n--
			}
		}
	}
	if n > 0 {
		mentions, err = s.unreadMentions(r, parent, after)
	}
	return n, mentions, err
}

// counts says whether a message would be unread if the user had not deleted it
// for themselves.
func (s *readState) counts(m *codec.Message, muted []string) bool {
	return (m.ParentID == "" || m.Shown) && s.countsHidden(m, muted)
}

// countsHidden is counts, wherever the message lies.
func (s *readState) countsHidden(m *codec.Message, muted []string) bool {
	return s.room.sees(m) == placeholderForMe && !m.Silent && m.Author != string(s.room.user) && !slices.Contains(muted, m.Author)
}

// MarkRead marks everything in a channel read. ErrPermission for who is not a
// member, or has not accepted the invite.
func (s *Session) MarkRead(ctx context.Context, cid CID) (err error) {
	defer s.app.operation(&ctx, "MarkRead").ended(&err)
	return s.setMark(ctx, "MarkRead", cid, func(tx *record.Txn, r *room) (codec.Mark, error) {
		b := tx.Batch()
		head := b.Head(r.number)
		err := b.Run()
		return codec.Mark{At: head.V.Last, ReadAt: r.now}, err
	})
}

// MarkReadTo marks a channel read up to a message that the user can see. What
// was read beyond it stays so. ErrPermission for who is not a member, or has not
// accepted the invite, ErrPending for one's own pending message.
func (s *Session) MarkReadTo(ctx context.Context, id MessageID) (err error) {
	defer s.app.operation(&ctx, "MarkReadTo").ended(&err)
	return s.markAt(ctx, "MarkReadTo", id, func(mark codec.Mark, at int64) codec.Mark {
		if at <= mark.At {
			return mark
		}
		return codec.Mark{At: at, ReadAt: at}
	})
}

// MarkUnread marks a channel unread from a message on that the user can see,
// itself included. ErrPermission for who is not a member, or has not accepted the
// invite, ErrPending for one's own pending message.
func (s *Session) MarkUnread(ctx context.Context, id MessageID) (err error) {
	defer s.app.operation(&ctx, "MarkUnread").ended(&err)
	return s.markAt(ctx, "MarkUnread", id, func(_ codec.Mark, at int64) codec.Mark {
		return codec.Mark{At: at - 1, ReadAt: at - 1}
	})
}

// markAt sets the user's read mark by a message.
func (s *Session) markAt(ctx context.Context, op string, id MessageID, to func(codec.Mark, int64) codec.Mark) error {
	return s.app.changeMessage(ctx, op, as(s.user), id, func(tx *record.Txn, f *found) error {
		if f.message.Pending {
			return fail(ErrPending, "id", "message %q is pending", id)
		}
		if !f.room.joined() {
			return notMember(f.room)
		}
		b := tx.Batch()
		mark := b.Mark(f.room.number, string(s.user))
		if err := b.Run(); err != nil {
			return err
		}
		next := to(mark.V, f.message.CreatedAt)
		if err := tx.PutMark(f.room.number, string(s.user), next); err != nil {
			return err
		}
		return f.room.tellRead(tx, next.At < f.message.CreatedAt)
	})
}

func (s *Session) setMark(ctx context.Context, op string, cid CID, mark func(*record.Txn, *room) (codec.Mark, error)) error {
	return s.app.changeChannel(ctx, op, as(s.user), cid, "", nil, func(tx *record.Txn, r *room) error {
		if !r.joined() {
			return notMember(r)
		}
		m, err := mark(tx, r)
		if err != nil {
			return err
		}
		if err := tx.PutMark(r.number, string(s.user), m); err != nil {
			return err
		}
		return r.tellRead(tx, false)
	})
}

// tellRead tells the caller that their mark was set, and the others if they have
// read on.
func (r *room) tellRead(tx *record.Txn, unread bool) error {
	if unread {
		return r.tellUser(tx, string(r.user), codec.Event{Kind: codec.EventMarkUnread})
	}
	if err := r.tellUser(tx, string(r.user), codec.Event{Kind: codec.EventMarkRead}); err != nil || !r.kind.ReadEvents {
		return err
	}
	return r.tell(tx, codec.Event{Kind: codec.EventMessageRead, User: string(r.user)})
}
