package record

import (
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// Everyone stands, in the place of a user, for who may see all private
// messages of a channel.
const Everyone = keys.Everyone

// All stands, in the place of a user, for all readers of a channel.
const All = keys.All

// Place reads where a message lies.
func (b *Batch) Place(id string) *Value[codec.Place] {
	return get(b, keys.Message(id), codec.DecodePlace)
}

// PlaceInto reads where a message lies into a value that there is.
func (b *Batch) PlaceInto(v *Value[codec.Place], id string) {
	v.get(b, keys.Message(id), codec.DecodePlace)
}

// Message reads the message that lies in a place.
func (b *Batch) Message(p codec.Place) *Value[codec.Message] {
	m := new(Message)
	b.MessageInto(m, p)
	return &m.Value
}

// MessageInto reads the message that lies in a place into one that there is.
func (b *Batch) MessageInto(m *Message, p codec.Place) {
	*m = Message{at: p.At}
	m.decode = codec.DecodeMessage
	if b.reader.snapshot {
		m.decoded = &b.reader.db.decoded
	}
	b.keys = append(b.keys, b.copy(placeKey(p)))
	b.values = append(b.values, m)
}

// PlaceOf is where a message of a channel lies.
func PlaceOf(c Channel, m *codec.Message) codec.Place {
	p := codec.Place{Channel: uint64(c), At: m.CreatedAt, Once: m.Pending || m.SentAt != 0}
	switch {
	case m.Pending:
		p.Kind = codec.PlacePending
	case m.Private():
		p.Kind = codec.PlacePrivate
	case m.ParentID != "" && !m.Shown:
		p.Kind, p.Parent = codec.PlaceReply, m.ParentAt
	default:
		p.Kind = codec.PlaceTimeline
	}
	return p
}

func placeKey(p codec.Place) []byte {
	c := Channel(p.Channel)
	switch p.Kind {
	case codec.PlacePending:
		return keys.Pending(c, p.At)
	case codec.PlacePrivate:
		return keys.Private(c, p.At)
	case codec.PlaceReply:
		return keys.Reply(c, p.Parent, keys.ReplyPublic, p.At)
	default:
		return keys.Timeline(c, p.At)
	}
}

// Counts is what a message is counted in, as the transaction has read it.
type Counts struct {
	Head *codec.Head   // the channel's: the caller stores it
	Own  *codec.Stream // of the author's messages in the timeline; nil: it is read
}

// OwnStreamInto reads the stream of an author's messages in the timeline into a value
// that there is.
func (b *Batch) OwnStreamInto(v *Value[codec.Stream], c Channel, author string) {
	b.streamInto(v, keys.Author(c, author))
}

// InsertMessage stores a message under an id that must be new, with all its
// index entries and counts.
func (t *Txn) InsertMessage(c Channel, in Counts, m *codec.Message) error {
	t.scratch = PlaceOf(c, m).Encode(t.scratch[:0])
	t.key = append(t.key[:0], keys.Message(m.ID)...)
	if err := t.txn.Insert(t.key, t.scratch); err != nil {
		return err
	}
	return t.addMessage(c, in, m)
}

// CommitMessage stores, under an id that is known, a message that was pending.
func (t *Txn) CommitMessage(c Channel, in Counts, m *codec.Message) error {
	if err := t.put(keys.Message(m.ID), PlaceOf(c, m)); err != nil {
		return err
	}
	return t.addMessage(c, in, m)
}

// ReplaceMessage stores a message again where it lies.
func (t *Txn) ReplaceMessage(c Channel, m *codec.Message) error {
	return t.put(placeKey(PlaceOf(c, m)), m)
}

func (t *Txn) addMessage(c Channel, in Counts, m *codec.Message) error {
	if err := t.put(placeKey(PlaceOf(c, m)), m); err != nil {
		return err
	}
	for _, key := range entries(c, m) {
		if err := t.txn.Put(key, nil); err != nil {
			return err
		}
	}
	if m.Pending {
		return nil
	}
	if isReply(m) {
		if err := t.addReply(c, m); err != nil {
			return err
		}
	}
	if err := t.putPin(c, m); err != nil {
		return err
	}
	if m.Private() {
		if err := t.notePrivate(c, Audience(m)); err != nil {
			return err
		}
	}
	var few [2]keys.Stream // so many count most messages
	for _, s := range streams(few[:0], c, m) {
		if err := t.count(s, in, m); err != nil {
			return err
		}
	}
	return nil
}

// count adds a message to a stream.
func (t *Txn) count(s keys.Stream, in Counts, m *codec.Message) error {
	switch {
	case s.InHead():
		return t.appendTo(s, &in.Head.Live, m.CreatedAt)
	case in.Own == nil || m.Silent || m.Private():
		return t.AppendStream(s, m.CreatedAt)
	}
	if err := t.appendTo(s, in.Own, m.CreatedAt); err != nil {
		return err
	}
	return t.saveStream(s, in.Own)
}

// HasPrivate reads whether a channel has private messages that a user may see.
func (b *Batch) HasPrivate(c Channel, user string, has *bool) {
	rng := storage.Prefix(keys.PrivatesOf(c, user))
	rng.Limit = 1
	b.scan(rng, func(entries []storage.Entry) error {
		*has = len(entries) > 0
		return nil
	})
}

// notePrivate marks a channel, for those of its users who do not know it yet,
// as one with private messages for them.
func (t *Txn) notePrivate(c Channel, audience []string) error {
	b := t.Batch()
	known := make([]*Value[codec.UserChannel], len(audience))
	for i, user := range audience {
		known[i] = b.UserChannel(user, c)
	}
	if err := b.Run(); err != nil {
		return err
	}
	for i, user := range audience {
		if !known[i].Found || known[i].V.Private {
			continue
		}
		known[i].V.Private = true
		if err := t.PutUserChannel(user, c, &known[i].V); err != nil {
			return err
		}
	}
	return nil
}

// entries are the keys beside the message itself that say that it is there.
func entries(c Channel, m *codec.Message) [][]byte {
	var list [][]byte
	switch {
	case m.Pending:
		list = append(list, keys.PendingAt(m.CreatedAt, c), keys.PendingBy(c, m.Author, m.CreatedAt))
		if m.ParentID != "" {
			list = append(list, keys.Reply(c, m.ParentAt, keys.ReplyPending, m.CreatedAt))
		}
	case m.Private():
		if m.ParentID != "" {
			list = append(list, keys.Reply(c, m.ParentAt, keys.ReplyPrivate, m.CreatedAt))
		}
		for _, user := range Audience(m) {
			if inTimeline(m) {
				list = append(list, keys.PrivateFor(c, user, 0, m.CreatedAt))
			}
			if m.ParentID != "" {
				list = append(list, keys.PrivateFor(c, user, m.ParentAt, m.CreatedAt))
			}
		}
	case m.ParentID != "" && m.Shown:
		list = append(list, keys.Reply(c, m.ParentAt, keys.ReplyPublic, m.CreatedAt))
	}
	return append(list, mentions(c, m)...)
}

// Audience is who may see a private message: the list, the author, and who may
// see all. Of one that its author alone sees the list has no effect.
func Audience(m *codec.Message) []string {
	if m.Shadowed {
		return []string{Everyone, m.Author}
	}
	list := append(slices.Clone(m.Restricted), Everyone)
	if !slices.Contains(m.Restricted, m.Author) {
		list = append(list, m.Author)
	}
	return list
}

func inTimeline(m *codec.Message) bool { return m.ParentID == "" || m.Shown }

// streams appends to list the streams that count a message: that of its audience,
// and within it that of its author, or of the silent ones.
func streams(list []keys.Stream, c Channel, m *codec.Message) []keys.Stream {
	if !inTimeline(m) {
		return list
	}
	if !m.Private() {
		if m.Silent {
			return append(list, keys.Live(c), keys.Silent(c))
		}
		return append(list, keys.Live(c), keys.Author(c, m.Author))
	}
	for _, user := range Audience(m) {
		list = append(list, keys.PrivateLive(c, user))
		if m.Silent {
			list = append(list, keys.PrivateSilent(c, user))
		} else {
			list = append(list, keys.PrivateAuthor(c, user, m.Author))
		}
	}
	return list
}

// DiscountMessage takes a message that is deleted, or about to be, out of the
// counts.
func (t *Txn) DiscountMessage(c Channel, m *codec.Message) error {
	there := *m
	there.DeletedAt = 0
	if err := t.dropMentions(c, &there); err != nil {
		return err
	}
	if isReply(m) {
		if err := t.recountReply(c, m, true); err != nil {
			return err
		}
	}
	for _, s := range streams(nil, c, m) {
		if err := t.RemoveFromStream(s, m.CreatedAt); err != nil {
			return err
		}
	}
	return nil
}

// CountMessage takes a message that was deleted into the counts again.
func (t *Txn) CountMessage(c Channel, m *codec.Message) error {
	if err := t.putMentions(c, m); err != nil {
		return err
	}
	if isReply(m) {
		if err := t.recountReply(c, m, false); err != nil {
			return err
		}
		if err := t.rejoinThread(c, m); err != nil {
			return err
		}
	}
	for _, s := range streams(nil, c, m) {
		if err := t.RestoreInStream(s, m.CreatedAt); err != nil {
			return err
		}
	}
	return nil
}

// EraseMessage deletes a message, which was discounted if it was not pending,
// with its index entries, flags, reactions and pin. Its id leads to a tombstone
// from then on.
func (t *Txn) EraseMessage(c Channel, m *codec.Message) error {
	if err := t.forgetFlags(c, m); err != nil {
		return err
	}
	if m.Replied {
		if err := t.dropThread(c, m.CreatedAt); err != nil {
			return err
		}
	}
	if isReply(m) {
		if err := t.eraseReply(c, m); err != nil {
			return err
		}
	}
	if err := t.forgetReactions(c, m); err != nil {
		return err
	}
	if err := t.forgetPin(c, m); err != nil {
		return err
	}
	if err := t.UnplaceMessage(c, m); err != nil {
		return err
	}
	return t.bury(m)
}

// bury has the id of an erased message lead to a tombstone.
func (t *Txn) bury(m *codec.Message) error {
	gone := codec.Place{Kind: codec.PlaceGone, Once: m.Pending || m.SentAt != 0}
	return t.put(keys.Message(m.ID), gone)
}

// UnplaceMessage deletes a message and its index entries but keeps its id as
// it is: the message is about to lie elsewhere.
func (t *Txn) UnplaceMessage(c Channel, m *codec.Message) error {
	return t.txn.Delete(append(entries(c, m), placeKey(PlaceOf(c, m)))...)
}

// Replies reads all replies to a message, whoever they are for and pending
// ones too.
func (r *Reader) Replies(c Channel, parent int64) ([]codec.Message, error) {
	var t thread
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.Replies(c, parent)), sliceLen) {
		if err == nil {
			err = t.add(c, e)
		}
		if err != nil {
			return nil, err
		}
	}
	return t.read(r)
}

// thread is replies that were found: read, or still to be read.
type thread struct {
	list      []codec.Message
	elsewhere []codec.Place
}

func (t *thread) add(c Channel, e storage.Entry) error {
	_, kind, at, err := keys.OfReply(e.Key)
	if err != nil {
		return err
	}
	p := codec.Place{Channel: uint64(c), At: at}
	switch {
	case kind == keys.ReplyPrivate:
		p.Kind = codec.PlacePrivate
	case kind == keys.ReplyPending:
		p.Kind = codec.PlacePending
	case len(e.Value) == 0:
		p.Kind = codec.PlaceTimeline
	default:
		m, err := codec.DecodeMessage(e.Value)
		t.list = append(t.list, m)
		return err
	}
	t.elsewhere = append(t.elsewhere, p)
	return nil
}

func (t *thread) read(r *Reader) ([]codec.Message, error) {
	more, err := r.MessagesAt(t.elsewhere)
	return append(t.list, more...), err
}

// MessagesAt reads the messages that lie in the places; those that do not are
// left out.
func (r *Reader) MessagesAt(places []codec.Place) ([]codec.Message, error) {
	b := r.Batch()
	found := make([]*Value[codec.Message], len(places))
	for i, p := range places {
		found[i] = b.Message(p)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	list := make([]codec.Message, 0, len(found))
	for _, m := range found {
		if m.Found {
			list = append(list, m.V)
		}
	}
	return list, nil
}

// PurgeUntil erases at most limit messages of a channel that were sent at or
// before a time, only pending ones or wherever they lie, and calls gone for
// each; more says whether some may be left. Their counts stay: nothing at or
// before a truncation is counted.
func (t *Txn) PurgeUntil(c Channel, until int64, onlyPending bool, limit int, gone func(*codec.Message) error) (more bool, err error) {
	left := limit
	ranges := []storage.Range{
		{Start: keys.Pendings(c), End: keys.Pending(c, until+1)},
		{Start: keys.Timelines(c), End: keys.Timeline(c, until+1)},
		{Start: keys.Privates(c), End: keys.Private(c, until+1)},
	}
	if onlyPending {
		ranges = ranges[:1]
	}
	for _, rng := range ranges {
		if left == 0 {
			return true, nil
		}
		n, err := t.purgeRange(c, rng, left, gone)
		if err != nil {
			return false, err
		}
		left -= n
	}
	if left == 0 || onlyPending {
		return left == 0, nil
	}
	n, err := t.purgeReplies(c, until, left, gone)
	return n == left, err
}

// purgeReplies erases public replies at or before a time. Threads are ordered
// by their parents, so later replies to older messages lie between them.
func (t *Txn) purgeReplies(c Channel, until int64, limit int, gone func(*codec.Message) error) (int, error) {
	var list []codec.Message
	rng := storage.Range{Start: keys.RepliesAll(c), End: keys.Replies(c, until+1)}
	for e, err := range storage.Scan(t.txn, rng, sliceLen) {
		if err != nil {
			return 0, err
		}
		if len(e.Value) == 0 { // the message lies elsewhere, and took its entry along
			continue
		}
		m, err := codec.DecodeMessage(e.Value)
		if err != nil {
			return 0, err
		}
		if m.CreatedAt > until {
			continue
		}
		if list = append(list, m); len(list) == limit {
			break
		}
	}
	return len(list), t.eraseAll(c, list, gone)
}

func (t *Txn) purgeRange(c Channel, rng storage.Range, limit int, gone func(*codec.Message) error) (int, error) {
	rng.Limit = limit
	_, entries, err := t.txn.Read(nil, []storage.Range{rng})
	if err != nil {
		return 0, err
	}
	list := make([]codec.Message, len(entries[0]))
	for i, e := range entries[0] {
		if list[i], err = codec.DecodeMessage(e.Value); err != nil {
			return 0, err
		}
	}
	return len(list), t.eraseAll(c, list, gone)
}

func (t *Txn) eraseAll(c Channel, list []codec.Message, gone func(*codec.Message) error) error {
	all := make([]*codec.Message, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	if err := t.forgetFlags(c, all...); err != nil {
		return err
	}
	for i := range list {
		if err := t.forgetReactions(c, &list[i]); err != nil {
			return err
		}
		if err := t.forgetPin(c, &list[i]); err != nil {
			return err
		}
		if err := t.UnplaceMessage(c, &list[i]); err != nil {
			return err
		}
		if err := t.bury(&list[i]); err != nil {
			return err
		}
		if err := gone(&list[i]); err != nil {
			return err
		}
	}
	return nil
}
