package record

import (
	"bytes"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// threadAudiences is for whom a reply counts in its thread.
func threadAudiences(m *codec.Message) []string {
	if !m.Private() {
		return []string{keys.All}
	}
	return Audience(m)
}

// isReply says whether a message counts in a thread.
func isReply(m *codec.Message) bool { return m.ParentID != "" && !m.Pending }

// threadStreams are the streams of its thread that count a reply, two for each
// audience: that of all replies, and in it that of the author's or the silent
// ones.
func threadStreams(c Channel, m *codec.Message) []keys.Stream {
	if !isReply(m) {
		return nil
	}
	var list []keys.Stream
	for _, audience := range threadAudiences(m) {
		list = append(list, keys.ThreadLive(c, m.ParentAt, audience), besideLive(c, m, audience))
	}
	return list
}

func besideLive(c Channel, m *codec.Message, audience string) keys.Stream {
	if m.Silent {
		return keys.ThreadSilent(c, m.ParentAt, audience)
	}
	return keys.ThreadAuthor(c, m.ParentAt, audience, m.Author)
}

// ThreadSum reads what sums up a thread for an audience.
func (b *Batch) ThreadSum(c Channel, parent int64, audience string) *Value[codec.ThreadSum] {
	return get(b, keys.ThreadSum(c, parent, audience), codec.DecodeThreadSum)
}

// Parent is a message that was replied to, wherever it lies.
type Parent struct{ public, private *Value[codec.Message] }

// ParentOf reads the message sent at a time that is no reply.
func (b *Batch) ParentOf(c Channel, at int64) Parent {
	p := codec.Place{Kind: codec.PlaceTimeline, Channel: uint64(c), At: at}
	public := b.Message(p)
	p.Kind = codec.PlacePrivate
	return Parent{public, b.Message(p)}
}

// Message is the message, once it was read; nil if there is none.
func (p Parent) Message() *codec.Message {
	for _, m := range []*Value[codec.Message]{p.public, p.private} {
		if m.Found {
			return &m.V
		}
	}
	return nil
}

// replyRecords is what a thread keeps of a reply for one audience.
type replyRecords struct {
	audience     string
	sum          *Value[codec.ThreadSum]
	live, beside *Value[codec.Stream]
	by           []int64 // the author's first replies, two at most
}

func (b *Batch) replyRecords(c Channel, m *codec.Message) []*replyRecords {
	var list []*replyRecords
	for _, audience := range threadAudiences(m) {
		r := &replyRecords{
			audience: audience, sum: b.ThreadSum(c, m.ParentAt, audience),
			live: b.Stream(keys.ThreadLive(c, m.ParentAt, audience)), beside: b.Stream(besideLive(c, m, audience)),
		}
		b.moments(keys.RepliesBy(c, m.ParentAt, audience, m.Author), 2, &r.by)
		list = append(list, r)
	}
	return list
}

// moments reads the times that the first keys of a range end in.
func (b *Batch) moments(prefix []byte, limit int, list *[]int64) {
	rng := storage.Prefix(prefix)
	rng.Limit = limit
	b.scan(rng, func(entries []storage.Entry) error {
		for _, e := range entries {
			at, err := keys.Moment(e.Key)
			if err != nil {
				return err
			}
			*list = append(*list, at)
		}
		return nil
	})
}

// addReply counts a new reply in its thread. One to a message that was purged
// has none.
func (t *Txn) addReply(c Channel, m *codec.Message) error {
	b := t.Batch()
	parents := b.ParentOf(c, m.ParentAt)
	list := b.replyRecords(c, m)
	begins := b.threadBeginning(c, m.ParentAt, m.Author)
	if err := b.Run(); err != nil {
		return err
	}
	parent := parents.Message()
	if parent == nil {
		return nil
	}
	if !parent.Replied {
		parent.Replied = true
		if err := t.ReplaceMessage(c, parent); err != nil {
			return err
		}
		if err := t.joinThread(c, m.ParentAt, parent.Author); err != nil {
			return err
		}
	}
	for _, r := range list {
		if err := t.countReply(c, m, r); err != nil {
			return err
		}
	}
	if m.Author != parent.Author {
		if err := begins.store(t, m.CreatedAt); err != nil {
			return err
		}
	}
	return t.mentionInThread(c, m, parent.Author)
}

func (t *Txn) countReply(c Channel, m *codec.Message, r *replyRecords) error {
	at := m.CreatedAt
	live, beside := keys.ThreadLive(c, m.ParentAt, r.audience), besideLive(c, m, r.audience)
	if err := t.appendTo(live, &r.live.V, at); err != nil {
		return err
	}
	if err := t.appendTo(beside, &r.beside.V, at); err != nil {
		return err
	}
	r.sum.V.Count++
	r.sum.V.Newest = at
	for _, record := range []struct {
		key   []byte
		value interface{ Encode([]byte) []byte }
	}{
		{live.Key(), &r.live.V},
		{beside.Key(), &r.beside.V},
		{keys.ThreadSum(c, m.ParentAt, r.audience), &r.sum.V},
	} {
		if err := t.put(record.key, record.value); err != nil {
			return err
		}
	}
	if err := t.txn.Put(keys.ReplyBy(c, m.ParentAt, r.audience, m.Author, at), nil); err != nil || len(r.by) > 0 {
		return err
	}
	if err := t.txn.Put(keys.FirstReply(c, m.ParentAt, r.audience, at, m.Author), nil); err != nil {
		return err
	}
	if r.audience != keys.All && r.audience != m.Author {
		return nil
	}
	return t.joinThread(c, m.ParentAt, m.Author)
}

// recountReply counts a reply among the deleted ones of its thread, and not among
// what is unread there, or the other way round.
func (t *Txn) recountReply(c Channel, m *codec.Message, deleted bool) error {
	for _, audience := range threadAudiences(m) {
		live := keys.ThreadLive(c, m.ParentAt, audience)
		change := t.RestoreInStream
		if deleted {
			change = t.RemoveFromStream
		}
		changed, err := t.changes(live, func() error { return change(live, m.CreatedAt) })
		if err != nil || !changed {
			return err
		}
		if err := change(besideLive(c, m, audience), m.CreatedAt); err != nil {
			return err
		}
		b := t.Batch()
		sum, stream := b.ThreadSum(c, m.ParentAt, audience), b.Stream(live)
		if err := b.Run(); err != nil {
			return err
		}
		if sum.V.Newest = stream.V.Newest; deleted {
			sum.V.Deleted++
		} else if sum.V.Deleted > 0 {
			sum.V.Deleted--
		}
		if err := t.put(keys.ThreadSum(c, m.ParentAt, audience), &sum.V); err != nil {
			return err
		}
	}
	return nil
}

// changes says whether a function changed what is removed from a stream.
func (t *Txn) changes(s keys.Stream, change func() error) (bool, error) {
	before, err := t.loadStream(s)
	if err == nil {
		err = change()
	}
	if err != nil {
		return false, err
	}
	after, err := t.loadStream(s)
	return after.Changes != before.Changes, err
}

// eraseReply takes a reply that was discounted out of its thread for good.
func (t *Txn) eraseReply(c Channel, m *codec.Message) error {
	b := t.Batch()
	list := b.replyRecords(c, m)
	if err := b.Run(); err != nil {
		return err
	}
	leaves := false
	for _, r := range list {
		if !r.sum.Found || len(r.by) == 0 { // the thread is gone
			continue
		}
		gone := [][]byte{keys.ReplyBy(c, m.ParentAt, r.audience, m.Author, m.CreatedAt)}
		r.sum.V.Deleted--
		if r.sum.V.Count--; r.sum.V.Count == 0 {
			gone = append(gone, keys.ThreadSum(c, m.ParentAt, r.audience))
		} else if err := t.put(keys.ThreadSum(c, m.ParentAt, r.audience), &r.sum.V); err != nil {
			return err
		}
		if r.by[0] == m.CreatedAt {
			gone = append(gone, keys.FirstReply(c, m.ParentAt, r.audience, m.CreatedAt, m.Author))
			if len(r.by) > 1 {
				if err := t.txn.Put(keys.FirstReply(c, m.ParentAt, r.audience, r.by[1], m.Author), nil); err != nil {
					return err
				}
			}
		}
		if err := t.txn.Delete(gone...); err != nil {
			return err
		}
		leaves = leaves || len(r.by) == 1
	}
	if !leaves {
		return nil
	}
	return t.leaveThread(c, m.ParentAt, m.Author)
}

// joinThread has a user take part in a thread.
func (t *Txn) joinThread(c Channel, parent int64, user string) error {
	if err := t.txn.Put(keys.InThread(c, parent, user), nil); err != nil {
		return err
	}
	return t.txn.Put(keys.ThreadOf(user, c, parent), nil)
}

// leaveThread ends that a user takes part in a thread, unless they still do:
// they wrote its parent or one of its replies, or one mentions them.
func (t *Txn) leaveThread(c Channel, parent int64, user string) error {
	b := t.Batch()
	parents := b.ParentOf(c, parent)
	var reasons []int64
	b.moments(keys.RepliesBy(c, parent, keys.All, user), 1, &reasons)
	b.moments(keys.RepliesBy(c, parent, user, user), 1, &reasons)
	mentions := 0
	rng := storage.Prefix(keys.Mentions(c, user, parent))
	rng.Limit = 1
	b.scan(rng, func(entries []storage.Entry) error {
		mentions = len(entries)
		return nil
	})
	if err := b.Run(); err != nil {
		return err
	}
	if m := parents.Message(); len(reasons) > 0 || mentions > 0 || m != nil && m.Author == user {
		return nil
	}
	return t.txn.Delete(keys.InThread(c, parent, user), keys.ThreadOf(user, c, parent))
}

// TakesPart reads whether a user takes part in a thread.
func (b *Batch) TakesPart(c Channel, parent int64, user string) *Value[struct{}] {
	return get(b, keys.InThread(c, parent, user), func(string) (struct{}, error) { return struct{}{}, nil })
}

// ThreadUsers reads the users who take part in a thread, with ids after the one
// given, at most limit.
func (r *Reader) ThreadUsers(c Channel, parent int64, after string, limit int) ([]string, error) {
	rng := storage.Prefix(keys.InThreads(c, parent))
	if after != "" {
		rng.Start = append(keys.InThread(c, parent, after), 0)
	}
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]string, len(entries[0]))
	for i, e := range entries[0] {
		if _, list[i], err = keys.OfThreadUser(e.Key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ThreadPlace is where a thread is: the time of its parent in a channel.
type ThreadPlace struct {
	Channel Channel
	Parent  int64
}

// ThreadsOf reads all threads that a user takes part in.
func (r *Reader) ThreadsOf(user string) (list []ThreadPlace, err error) {
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.ThreadsOf(user)), sliceLen) {
		if err != nil {
			return nil, err
		}
		_, c, parent, err := keys.OfThreadOf(e.Key)
		if err != nil {
			return nil, err
		}
		list = append(list, ThreadPlace{c, parent})
	}
	return list, nil
}

// FirstReply is an author of a thread and when they first replied.
type FirstReply struct {
	At     int64
	Author string
}

// FirstReplies adds the first authors of a thread to the list, at most limit.
func (b *Batch) FirstReplies(c Channel, parent int64, audience string, limit int, list *[]FirstReply) {
	rng := storage.Prefix(keys.FirstReplies(c, parent, audience))
	rng.Limit = limit
	b.scan(rng, func(entries []storage.Entry) error {
		for _, e := range entries {
			at, author, err := keys.OfFirstReply(audience, e.Key)
			if err != nil {
				return err
			}
			*list = append(*list, FirstReply{at, author})
		}
		return nil
	})
}

// PrivateReplies reads the private replies of a thread that a user may see and
// that were sent after a time.
func (r *Reader) PrivateReplies(c Channel, user string, parent, after int64) ([]codec.Message, error) {
	var places []codec.Place
	rng := storage.Prefix(keys.PrivatesFor(c, user, parent))
	rng.Start = keys.PrivateFor(c, user, parent, after+1)
	for e, err := range storage.Scan(r.r, rng, sliceLen) {
		if err != nil {
			return nil, err
		}
		at, err := keys.Moment(e.Key)
		if err != nil {
			return nil, err
		}
		places = append(places, codec.Place{Kind: codec.PlacePrivate, Channel: uint64(c), At: at})
	}
	return r.MessagesAt(places)
}

// dropThread forgets all that is kept of a thread beside its replies.
func (t *Txn) dropThread(c Channel, parent int64) error {
	if err := t.unlistThread(storage.Prefix(keys.ThreadUsers(c, parent))); err != nil {
		return err
	}
	for e, err := range storage.Scan(t.txn, storage.Prefix(keys.ThreadStreams(c, parent)), sliceLen) {
		if err != nil {
			return err
		}
		s, _, ok := keys.ThreadStreamOf(c, e.Key)
		if !ok {
			continue
		}
		if err := t.txn.DeleteRange(storage.Prefix(s.Parts())); err != nil {
			return err
		}
	}
	for _, prefix := range [][]byte{keys.ThreadStreams(c, parent), keys.ThreadUsers(c, parent), keys.ThreadSums(c, parent)} {
		if err := t.txn.DeleteRange(storage.Prefix(prefix)); err != nil {
			return err
		}
	}
	return nil
}

// unlistThread takes threads from those of their users, by a range of what the
// threads keep per user.
func (t *Txn) unlistThread(rng storage.Range) error {
	var gone [][]byte
	for e, err := range storage.Scan(t.txn, rng, sliceLen) {
		if err != nil {
			return err
		}
		key, err := threadOf(e.Key)
		if err != nil {
			return err
		}
		if key != nil {
			gone = append(gone, key)
		}
	}
	return t.txn.Delete(gone...)
}

// threadOf is the ThreadOf key that is the reverse of a key, if that is an
// InThread key.
func threadOf(key []byte) ([]byte, error) {
	parent, user, err := keys.OfThreadUser(key)
	if err != nil || user == "" {
		return nil, err
	}
	c, err := keys.ChannelOf(key)
	return keys.ThreadOf(user, c, parent), err
}

// PurgeThreads deletes at most limit records of the threads of a channel whose
// parents were sent at or before a time; more says whether some are left.
func (t *Txn) PurgeThreads(c Channel, until int64, limit int) (more bool, err error) {
	for _, rng := range []storage.Range{
		{Start: keys.ThreadUsersAll(c), End: keys.ThreadUsers(c, until+1)},
		{Start: keys.ThreadStreamsAll(c), End: keys.ThreadStreams(c, until+1)},
		{Start: keys.ThreadSumsAll(c), End: keys.ThreadSums(c, until+1)},
	} {
		rng.Limit = limit
		_, entries, err := t.txn.Read(nil, []storage.Range{rng})
		if err != nil {
			return false, err
		}
		var gone [][]byte
		for _, e := range entries[0] {
			gone = append(gone, bytes.Clone(e.Key))
		}
		if err := t.forgetThreadRecords(c, gone); err != nil {
			return false, err
		}
		if limit -= len(gone); limit == 0 {
			return true, nil
		}
	}
	return false, nil
}

func (t *Txn) forgetThreadRecords(c Channel, list [][]byte) error {
	for _, key := range list {
		if bytes.HasPrefix(key, keys.ThreadUsersAll(c)) {
			reverse, err := threadOf(key)
			if err != nil {
				return err
			}
			if reverse != nil {
				if err := t.txn.Delete(reverse); err != nil {
					return err
				}
			}
			continue
		}
		s, _, ok := keys.ThreadStreamOf(c, key)
		if !ok || !bytes.HasPrefix(key, keys.ThreadStreamsAll(c)) {
			continue
		}
		if err := t.txn.DeleteRange(storage.Prefix(s.Parts())); err != nil {
			return err
		}
	}
	return t.txn.Delete(list...)
}

// threadBeginning is from when on a thread is unread for one who takes part in
// it from now on.
type threadBeginning struct {
	channel Channel
	parent  int64
	user    string
	mark    *Value[codec.ThreadMark]
	base    *Value[codec.ThreadBase]
}

func (b *Batch) threadBeginning(c Channel, parent int64, user string) *threadBeginning {
	return &threadBeginning{c, parent, user, b.ThreadMark(c, parent, user), b.ThreadBase(c, user)}
}

// store marks the thread read up to a time, unless the user has read it before.
// What came before they joined is read.
func (s *threadBeginning) store(t *Txn, at int64) error {
	if s.mark.Found && s.mark.V.Join == s.base.V.Join {
		return nil
	}
	return t.PutThreadMark(s.channel, s.parent, s.user, codec.ThreadMark{At: max(at, s.base.V.At), ReadAt: at, Join: s.base.V.Join})
}

// ThreadMark reads how far a user has read a thread.
func (b *Batch) ThreadMark(c Channel, parent int64, user string) *Value[codec.ThreadMark] {
	return get(b, keys.ThreadMark(c, parent, user), codec.DecodeThreadMark)
}

// PutThreadMark stores how far a user has read a thread.
func (t *Txn) PutThreadMark(c Channel, parent int64, user string, m codec.ThreadMark) error {
	return t.put(keys.ThreadMark(c, parent, user), &m)
}

// ThreadBase reads how a user began with the threads of a channel.
func (b *Batch) ThreadBase(c Channel, user string) *Value[codec.ThreadBase] {
	return get(b, keys.ThreadBase(c, user), codec.DecodeThreadBase)
}

// PutThreadBase stores how a user begins with the threads of a channel.
func (t *Txn) PutThreadBase(c Channel, user string, v codec.ThreadBase) error {
	return t.put(keys.ThreadBase(c, user), &v)
}
