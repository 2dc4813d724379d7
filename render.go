package chat

import (
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/markup"
	"example.com/chat/internal/record"
)

// shown is a user as results show them; one who was erased shows the id alone.
func shown(people *record.People, id string) User {
	if u := people.User(id); u != nil {
		return userFrom(u)
	}
	return User{ID: UserID(id)}
}

func userFrom(u *codec.User) (user User) {
	user.fill(u)
	return user
}

// fill makes the empty user what is stored.
func (u *User) fill(stored *codec.User) {
	u.ID, u.Name, u.Role, u.Custom = UserID(stored.ID), stored.Name, Role(stored.Role), decodeCustom(stored.Custom)
	u.CreatedAt, u.UpdatedAt = moment(stored.CreatedAt), moment(stored.UpdatedAt)
	u.DeactivatedAt, u.ErasedAt = momentPtr(stored.Deactivated), momentPtr(stored.Erased)
}

// rendering makes messages of what is stored, for one caller.
type rendering struct {
	people record.People
	quotes map[string]*found // by id; what the caller may not see is absent

	threads map[*codec.Message]*threadView     // of those that have replies
	reacted map[*codec.Message]*reactedMessage // those that may have reactions
}

// wantThread adds to a batch what is shown of a message's thread.
func (out *rendering) wantThread(b *record.Batch, f *found) {
	if !f.message.Replied || out.threads[f.message] != nil {
		return
	}
	if out.threads == nil {
		out.threads = map[*codec.Message]*threadView{}
	}
	t := newThreadView(f.room, f.message.CreatedAt)
	t.read(b)
	out.threads[f.message] = t
}

// readConversation sums up the threads, and reads who replied and who reacted, in
// one round trip.
func (out *rendering) readConversation(reader *record.Reader) error {
	if len(out.threads) == 0 && len(out.reacted) == 0 {
		return nil
	}
	b := reader.Batch()
	for _, t := range out.threads {
		if err := t.sum(reader); err != nil {
			return err
		}
		out.people.WantAll(b, t.authors)
	}
	for message, r := range out.reacted {
		out.wantReacted(b, message, r)
	}
	return b.Run()
}

// render makes one message.
func (r *room) render(reader *record.Reader, m *codec.Message, s sight) (Message, error) {
	list, err := render(reader, []found{{room: r, message: m, sight: s}})
	if err != nil {
		return Message{}, err
	}
	return list[0], nil
}

// renderAll makes messages of the channel, without those that the caller does not see.
func (r *room) renderAll(reader *record.Reader, messages []codec.Message) ([]Message, error) {
	list := make([]found, 0, len(messages))
	for i := range messages {
		if s := r.sees(&messages[i]); s != unseen {
			list = append(list, found{room: r, message: &messages[i], sight: s})
		}
	}
	return render(reader, list)
}

// renderEntries makes messages of what lies in the channel's pages.
func (r *room) renderEntries(reader *record.Reader, lists ...[]record.Entry) ([]Message, error) {
	messages, err := reader.Decode(lists...)
	if err != nil {
		return nil, err
	}
	var few [standardPage + 1]found // not on the heap
	list := slices.Grow(few[:0], len(messages))
	for _, m := range messages {
		if s := r.sees(m.Message); s != unseen {
			list = append(list, found{room: r, message: m.Message, sight: s, lookup: m.Lookup})
		}
	}
	return render(reader, list)
}

// render makes messages of what was found, with whole users, quotes one level
// deep, and the sums of their threads and reactions, in four round trips at most:
// the last of them for who replied and reacted, where anybody did.
func render(reader *record.Reader, list []found) ([]Message, error) {
	if len(list) == 0 {
		return nil, nil
	}
	out := rendering{people: reader.People()}
	var quoted map[string]*record.Value[codec.Place]
	b := reader.Batch()
	for i := range list {
		f := &list[i]
		f.message = f.room.shown(f.message)
		f.author = out.people.Find(b, f.message.Author, f.lookup)
		out.wantThread(b, f)
		out.wantReactions(b, f)
		if f.room.pinned(f.message) && f.message.PinnedBy != "" {
			out.people.Want(b, f.message.PinnedBy)
		}
		if f.sight != whole {
			continue
		}
		out.people.WantAll(b, f.message.Mentions)
		if id := f.message.QuotedID; id != "" && quoted[id] == nil {
			if quoted == nil {
				quoted = map[string]*record.Value[codec.Place]{}
			}
			quoted[id] = b.Place(id)
		}
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	if err := out.quote(reader, list, quoted); err != nil {
		return nil, err
	}
	if err := out.readConversation(reader); err != nil {
		return nil, err
	}
	messages := make([]Message, len(list))
	for i := range list {
		out.message(&messages[i], &list[i], true)
	}
	return messages, nil
}

// quote reads the quoted messages and checks each against the caller again.
func (out *rendering) quote(reader *record.Reader, list []found, places map[string]*record.Value[codec.Place]) error {
	if len(places) == 0 {
		return nil
	}
	b := reader.Batch()
	messages := map[string]*record.Value[codec.Message]{}
	for id, p := range places {
		if holdsMessage(p) && p.V.Kind != codec.PlacePending {
			messages[id] = b.Message(p.V)
		}
	}
	if err := b.Run(); err != nil {
		return err
	}
	b = reader.Batch()
	out.quotes = map[string]*found{}
	for i := range list {
		f := &list[i]
		id := f.message.QuotedID
		m := messages[id]
		if f.sight != whole || m == nil || !m.Found || places[id].V.Channel != uint64(f.room.number) {
			continue
		}
		if s := f.room.sees(&m.V); s != unseen {
			q := &found{room: f.room, message: f.room.shown(&m.V), sight: s}
			out.quotes[id] = q
			out.wantThread(b, q)
			out.people.Want(b, q.message.Author)
			out.people.WantAll(b, q.message.Mentions)
			out.wantReactions(b, q)
			if f.room.pinned(q.message) && q.message.PinnedBy != "" {
				out.people.Want(b, q.message.PinnedBy)
			}
		}
	}
	return b.Run()
}

// message makes m, which is empty, of what was found; withQuote says whether it
// may show its quote.
func (out *rendering) message(m *Message, f *found, withQuote bool) {
	stored := f.message
	m.ID, m.CID, m.Type = MessageID(stored.ID), CID(f.room.channel.CID), messageType(stored)
	if f.author != nil {
		m.User.fill(f.author)
	} else {
		m.User = shown(&out.people, stored.Author)
	}
	if f.ephemeral {
		m.Type = TypeEphemeral
	}
	m.CreatedAt, m.UpdatedAt = moment(stored.CreatedAt), moment(stored.UpdatedAt)
	m.DeletedAt, m.MessageTextUpdatedAt = momentPtr(stored.DeletedAt), momentPtr(stored.TextUpdatedAt)
	m.SentAt, m.Silent = momentPtr(stored.SentAt), stored.Silent
	m.ParentID, m.ShowInChannel = MessageID(stored.ParentID), stored.Shown
	out.pin(m, f)
	if stored.Reacted {
		out.reactions(m, stored)
	}
	m.Shadowed = stored.Shadowed && f.room.knowsShadowed(stored)
	if n := len(stored.Restricted); n != 0 {
		m.Restricted = make([]UserID, 0, n)
	}
	for _, id := range stored.Restricted {
		m.Restricted = append(m.Restricted, UserID(id))
	}
	if stored.Replied {
		out.thread(m, stored)
	}
	if f.sight != whole {
		m.Type = TypeDeleted
		m.DeletedForMe = f.sight == placeholderForMe || f.room.forMe.Has(stored.CreatedAt)
		return
	}
	m.Text, m.HTML = stored.Text, stored.HTML
	if m.HTML == "" {
		m.HTML = paragraph(stored)
	}
	if stored.Attachments != "" {
		m.Attachments = decodeAttachments(stored.Attachments)
	}
	if stored.Custom != "" {
		m.Custom = decodeCustom(stored.Custom)
	}
	m.Command, m.Args = stored.Command, stored.Args
	for _, id := range stored.Mentions {
		m.MentionedUsers = append(m.MentionedUsers, shown(&out.people, id))
	}
	m.MentionsAll, m.MentionsOnline = stored.MentionsAll, stored.MentionsOnline
	if stored.Pending {
		m.Pending = &Pending{Metadata: metadataFrom(stored.Metadata)}
	}
	if withQuote && stored.QuotedID != "" {
		out.quoted(m, stored)
	}
}

// thread fills in what a message shows of its thread.
func (out *rendering) thread(m *Message, stored *codec.Message) {
	t := out.threads[stored]
	if t == nil {
		return
	}
	m.ReplyCount, m.DeletedReplyCount = t.count, t.deleted
	for _, id := range t.authors {
		m.ThreadParticipants = append(m.ThreadParticipants, shown(&out.people, id))
	}
}

// quoted fills in the quoted message, if it may be shown.
func (out *rendering) quoted(m *Message, stored *codec.Message) {
	quoted := out.quotes[stored.QuotedID]
	if quoted == nil {
		return
	}
	m.QuotedMessageID = MessageID(stored.QuotedID)
	m.QuotedMessage = new(Message)
	out.message(m.QuotedMessage, quoted, false)
}

func paragraph(m *codec.Message) string {
	if html, ok := m.Paragraph(); ok {
		return html
	}
	return markup.Paragraph(m.Text)
}

func messageType(m *codec.Message) MessageType {
	switch {
	case m.ParentID != "":
		return TypeReply
	case m.System:
		return TypeSystem
	}
	return TypeRegular
}
