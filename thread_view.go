package chat

import (
	"cmp"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// threadView is what a caller sees of the thread of a message: how many replies
// and by whom, not what they say.
type threadView struct {
	room   *room
	parent int64

	sums  []*record.Value[codec.ThreadSum]
	first [][]record.FirstReply // for each sum

	count, deleted int
	newest         int64    // of the newest reply not deleted
	authors        []string // in the order of their first reply, some
}

func newThreadView(r *room, parent int64) *threadView { return &threadView{room: r, parent: parent} }

// readSums adds to a batch what counts the replies.
func (t *threadView) readSums(b *record.Batch) {
	for _, audience := range t.room.audiences() {
		t.sums = append(t.sums, b.ThreadSum(t.room.number, t.parent, audience))
	}
}

// read adds to a batch what counts the replies, and who wrote them.
func (t *threadView) read(b *record.Batch) {
	t.readSums(b)
	list := t.room.audiences()
	t.first = make([][]record.FirstReply, len(list))
	for i, audience := range list {
		b.FirstReplies(t.room.number, t.parent, audience, participantsShown, &t.first[i])
	}
}

// sum sums up what was read.
func (t *threadView) sum(r *record.Reader) error {
	var authors []record.FirstReply
	for i, s := range t.sums {
		t.count += int(s.V.Count)
		t.deleted += int(s.V.Deleted)
		t.newest = max(t.newest, s.V.Newest)
		if t.first != nil {
			authors = append(authors, t.first[i]...)
		}
	}
	if floor := t.room.privateFloor(); floor > 0 && t.room.mayHavePrivate() {
		private, err := r.PrivateReplies(t.room.number, t.room.privateReader(), t.parent, floor)
		if err != nil {
			return err
		}
		for i := range private {
			m := &private[i]
			authors = append(authors, record.FirstReply{At: m.CreatedAt, Author: m.Author})
			if t.count++; m.DeletedAt != 0 {
				t.deleted++
			} else {
				t.newest = max(t.newest, m.CreatedAt)
			}
		}
	}
	slices.SortFunc(authors, func(a, b record.FirstReply) int { return cmp.Compare(a.At, b.At) })
	for _, a := range authors {
		if len(t.authors) == participantsShown {
			break
		}
		if !slices.Contains(t.authors, a.Author) {
			t.authors = append(t.authors, a.Author)
		}
	}
	return nil
}

// threadState is a thread as a user finds it, with what they have unread of it.
type threadState struct {
	readState
	view    *threadView
	mark    *record.Value[codec.ThreadMark]
	base    *record.Value[codec.ThreadBase]
	takes   *record.Value[struct{}]
	message *codec.Message // the parent; nil until read
	place   threadPlace

	unread, mentions int
}

func newThreadState(r *room, parent int64) *threadState {
	t := &threadState{view: newThreadView(r, parent)}
	t.room = r
	t.place = threadPlace{number: r.number, parent: parent}
	return t
}

func (t *threadState) read(b *record.Batch) {
	user := string(t.room.user)
	t.mark = b.ThreadMark(t.room.number, t.view.parent, user)
	t.base = b.ThreadBase(t.room.number, user)
	t.takes = b.TakesPart(t.room.number, t.view.parent, user)
	t.view.readSums(b)
}

// marked says whether the user has a read mark of the thread: one from before
// they joined anew is none.
func (t *threadState) marked() bool { return t.mark.Found && t.mark.V.Join == t.base.V.Join }

// readUpTo is the time up to which the user has read the thread.
func (t *threadState) readUpTo() int64 {
	if t.marked() {
		return t.mark.V.At
	}
	return max(t.base.V.At, t.view.parent)
}

// count sums up what was read, and counts what is unread.
func (t *threadState) count(r *record.Reader) error {
	if err := t.view.sum(r); err != nil {
		return err
	}
	t.place.newest = t.view.newest
	from := t.readUpTo()
	if !t.takes.Found || t.view.newest <= from || !t.mayBeUnread() {
		return nil
	}
	var err error
	t.unread, t.mentions, err = t.unreadReplies(r, t.view.parent, from)
	if t.unread > 0 {
		t.place.unread = 1
	}
	return err
}

// render makes of it what the user sees.
func (t *threadState) render(r *record.Reader, replies int) (Thread, error) {
	thread := Thread{Replies: []Message{}, Unread: t.unread, UnreadMentions: t.mentions, LastReplyAt: momentPtr(t.view.newest)}
	if t.room.joined() {
		// Not the base: that may be the time of a message they cannot see.
		thread.LastRead = momentPtr(max(t.room.member.JoinedAt, t.room.member.AcceptedAt, t.view.parent))
		if t.marked() {
			thread.LastRead = momentPtr(t.mark.V.ReadAt)
		}
	}
	var err error
	if thread.Parent, err = t.room.render(r, t.message, t.room.sees(t.message)); err != nil || replies == 0 {
		return thread, err
	}
	page, err := t.room.page(r, pageQuery{limit: replies, way: latest, parent: t.view.parent})
	thread.Replies = notNil(page.Items)
	return thread, err
}

// threadList is the threads of a user, of all channels or one.
type threadList struct {
	reader  *record.Reader
	caller  caller
	only    CID
	threads []*threadState
}

// open finds the threads that the user can see something of.
func (l *threadList) open() error {
	r := l.reader
	b := r.Batch()
	user := b.User(string(l.caller.user))
	settings := record.Settings[storedSettings](b)
	if err := b.Run(); err != nil {
		return err
	}
	if err := checkCaller(l.caller, user); err != nil {
		return err
	}
	if l.only != "" {
		room, err := openRoom(r, l.caller, l.only, more{})
		if err == nil {
			err = room.enter()
		}
		if err != nil {
			return err
		}
	}
	places, err := r.ThreadsOf(string(l.caller.user))
	if err != nil {
		return err
	}
	var in *room
	var list []*threadState
	for _, p := range places { // in the order of channels
		if in == nil || in.number != p.Channel {
			if in, err = openRoomOf(r, l.caller, user.V, settings.V, p.Channel, more{}); err != nil {
				return err
			}
		}
		if in.enter() != nil || l.only != "" && in.channel.CID != string(l.only) || p.Parent <= in.floor() {
			continue
		}
		list = append(list, newThreadState(in, p.Parent))
	}
	return l.read(list)
}

// read reads the threads, all at once, and keeps those with a parent and a reply
// that the user can see.
func (l *threadList) read(list []*threadState) error {
	b := l.reader.Batch()
	parents := make([]record.Parent, len(list))
	for i, t := range list {
		t.read(b)
		parents[i] = b.ParentOf(t.room.number, t.view.parent)
	}
	if err := b.Run(); err != nil {
		return err
	}
	for i, t := range list {
		if t.message = parents[i].Message(); t.message == nil || t.room.sees(t.message) == unseen {
			continue
		}
		if err := t.count(l.reader); err != nil {
			return err
		}
		if t.view.count > 0 {
			l.threads = append(l.threads, t)
		}
	}
	return nil
}
