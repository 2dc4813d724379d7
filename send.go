package chat

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Send posts a message in a user's name. The grants of the user are not
// checked, a frozen or disabled channel takes it. A text that is a slash command
// runs it: to relay what users type, send as them with [App.As]. Nil options are
// the defaults.
// ErrInvalid if the author is unknown or deactivated, ErrChannelDeleted,
// ErrConflict if the id is taken by something else.
func (a *App) Send(ctx context.Context, cid CID, author UserID, d Draft, o *SendOptions) (_ Message, err error) {
	const op = "Send"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("user_id", author); err != nil {
		return Message{}, in(op, err)
	}
	if o == nil {
		o = &SendOptions{}
	}
	return a.send(ctx, op, application, cid, author, d, *o)
}

// Send posts a message as the user. It needs create-message, or create-reply
// for a reply, and further grants for what the draft holds. Sending what is not
// a reply marks the channel read for the user. ErrConflict if the id is taken
// by something else, seen by the user or not; ErrRejected if a [Moderator] says
// so.
func (s *Session) Send(ctx context.Context, cid CID, d Draft) (_ Message, err error) {
	defer s.app.operation(&ctx, "Send").ended(&err)
	return s.app.send(ctx, "Send", as(s.user), cid, s.user, d, SendOptions{})
}

func (a *App) send(ctx context.Context, op string, c caller, cid CID, author UserID, d Draft, o SendOptions) (Message, error) {
	out, err := a.prepareSend(c, cid, author, d, o)
	if err != nil {
		return Message{}, in(op, err)
	}
	if name, args, ok := parseCommand(d.Text); ok && a.commands[name] != nil && (d.Type == "" || d.Type == TypeRegular) {
		return a.sendCommand(ctx, op, c, cid, out, name, args)
	}
	return a.store(ctx, op, c, cid, out)
}

// store sends what was made ready.
func (a *App) store(ctx context.Context, op string, c caller, cid CID, out *outgoing) (Message, error) {
	if err := a.lookAtSend(ctx, op, c, cid, out); err != nil {
		return Message{}, err
	}
	var t *sending
	err := errWordsWanted
	for errors.Is(err, errWordsWanted) {
		err = a.update(ctx, op, record.ChannelScope(string(cid)), func(tx *record.Txn) error {
			t = &sending{reader: &tx.Reader, tx: tx, out: out}
			return t.run(a, c, cid)
		})
		if errors.Is(err, errWordsWanted) {
			out.words = wordsOfMessage(out.draft.Text, out.html)
		}
	}
	if err != nil {
		return Message{}, err
	}
	switch {
	case t.stored != nil && (t.stored.Pending || t.stored.PinExpires != 0 || out.link.late) || out.command != nil && out.command.ephemeral:
		a.outbox.Wake()
	case t.pushes:
		a.outbox.Wake(queuePush)
	}
	return t.result(), nil
}

// run reads, checks and stores.
func (t *sending) run(a *App, c caller, cid CID) error {
	if err := t.read(c, cid); err != nil {
		return err
	}
	if t.known != nil && t.known.Found {
		return t.retry()
	}
	m, err := t.message(a.options.MaxRestricted)
	if err != nil {
		return err
	}
	if err := t.screen(m); err != nil {
		return err
	}
	if err := t.act(); err != nil {
		return err
	}
	if t.room.kind.URLEnrichment {
		m.Attachments = joinPreview(m.Attachments, t.out.link.preview)
	}
	room, ephemeral := t.room, t.out.command != nil && t.out.command.ephemeral
	switch {
	case ephemeral:
		err = a.storeEphemeral(t, m)
	case m.Pending:
		err = a.storePending(t.tx, t.room, &t.head.V, m)
	default:
		if err = t.store(m); err == nil {
			t.pushes, err = a.recordPush(t.tx, t.room, m)
		}
	}
	if err == nil && t.blocked.action == BlockFlag && !m.Pending {
		err = flagBlocked(t.tx, room, m, &t.blocked)
	}
	if err == nil && room.slowed() && !ephemeral {
		err = t.tx.PutLastSend(room.number, m.Author, room.now)
	}
	if err == nil && t.out.link.late {
		err = addLate(t.tx, t.room, m, t.out.link)
	}
	t.stored = m
	if err != nil || t.quotedBody == nil {
		return err
	}
	// What it quotes may show others, who are still to be read; and the message itself,
	// perhaps the first private one that there is for who sent it.
	t.room.sentPrivate = m.Private()
	list, err := render(t.reader, []found{*t.found()})
	if err != nil {
		return err
	}
	return t.answered(list[0], nil)
}

// found is what was stored, as its author finds it.
func (t *sending) found() *found {
	ephemeral := t.out.command != nil && t.out.command.ephemeral
	return &found{room: t.room, message: t.stored, sight: whole, ephemeral: ephemeral}
}

func (t *sending) answered(m Message, err error) error {
	t.answer = &m
	return err
}

// result is the answer. Where what was read is enough for it, it is made after the
// transaction: in it, others wait.
func (t *sending) result() (m Message) {
	if t.answer != nil {
		return *t.answer
	}
	var out rendering
	for i, user := range t.mentions {
		out.people.Have(t.stored.Mentions[i], user)
	}
	if t.stored.PinnedBy != "" {
		out.people.Have(t.stored.Author, t.author)
	}
	f := t.found()
	f.author = &t.author.V
	out.message(&m, f, true)
	return m
}

// sending is a send inside its transaction, or one that is looked at before it.
type sending struct {
	reader *record.Reader
	tx     *record.Txn // nil: it is only checked
	out    *outgoing
	room   *room

	known      *record.Value[codec.Place] // where the id leads already
	author     *record.Value[codec.User]
	head       record.Value[codec.Head]
	own        record.Value[codec.Stream] // the author's messages
	ownRead    bool                       // if this will be among them
	mentions   []*record.Value[codec.User]
	listed     []listedUser
	parent     *record.Value[codec.Place]
	parentBody *record.Value[codec.Message]
	quoted     *record.Value[codec.Place]
	quotedBody *record.Value[codec.Message]

	blocked blocked // what of block lists it holds

	stored *codec.Message // nil if it was there already
	pushes bool           // it is to be pushed
	answer *Message
}

// listedUser is a user whom a private message names.
type listedUser struct {
	id     UserID
	user   *record.Value[codec.User]
	member *record.Value[codec.Member]
}

// read reads in two round trips all that the send depends on.
func (t *sending) read(c caller, cid CID) error {
	out := t.out
	var err error
	t.room, err = openRoom(t.reader, c, cid, more{
		blind:  !out.chosenID && out.draft.ParentID == "" && out.draft.QuotedID == "",
		shares: true,
		first: func(b *record.Batch) {
			if out.chosenID {
				t.known = b.Place(string(out.draft.ID))
			}
			if c.app {
				t.author = b.User(string(out.author))
			}
			if out.draft.ParentID != "" {
				t.parent = b.Place(string(out.draft.ParentID))
			}
			if out.draft.QuotedID != "" {
				t.quoted = b.Place(string(out.draft.QuotedID))
			}
			for _, id := range out.mentions {
				t.mentions = append(t.mentions, b.User(string(id)))
			}
			for _, id := range out.restricted {
				t.listed = append(t.listed, listedUser{id: id, user: b.User(string(id))})
			}
		},
		second: func(b *record.Batch, number record.Channel) {
			b.HeadInto(&t.head, number)
			d := &out.draft
			if t.ownRead = !d.Silent && len(out.restricted) == 0 && (d.ParentID == "" || d.ShowInChannel); t.ownRead {
				b.OwnStreamInto(&t.own, number, string(out.author))
			}
			t.parentBody, t.quotedBody = inRoom(b, number, t.parent), inRoom(b, number, t.quoted)
			for i := range t.listed {
				t.listed[i].member = b.Member(number, string(t.listed[i].id))
			}
		},
	})
	if err != nil {
		return err
	}
	if !c.app {
		t.author = &t.room.read.User
	}
	if err := t.room.enter(); err != nil {
		return err
	}
	return t.room.readCooldown(t.reader)
}

// inRoom reads the message that lies in a place, if that is in the channel; nil
// if no place was asked for.
func inRoom(b *record.Batch, number record.Channel, p *record.Value[codec.Place]) *record.Value[codec.Message] {
	if p == nil {
		return nil
	}
	if !holdsMessage(p) || p.V.Channel != uint64(number) {
		return &record.Value[codec.Message]{}
	}
	return b.Message(p.V)
}

// retry answers a send whose id is known: with the message as it is now if this
// is the same send again.
func (t *sending) retry() error {
	taken := fail(ErrConflict, "id", "%q is taken by another message", t.out.draft.ID)
	if t.known.V.Kind == codec.PlaceEphemeral && t.known.V.Channel == uint64(t.room.number) {
		return t.retryEphemeral(taken)
	}
	if t.known.V.Kind == codec.PlaceGone || t.known.V.Channel != uint64(t.room.number) {
		return taken
	}
	b := t.reader.Batch()
	m := b.Message(t.known.V)
	if err := b.Run(); err != nil {
		return err
	}
	s := t.room.sees(&m.V)
	if !m.Found || m.V.Fingerprint != t.out.fingerprint || s == unseen {
		return taken
	}
	return t.answered(t.room.render(t.reader, &m.V, s))
}

// message makes the message to be stored, all rules checked.
func (t *sending) message(maxRestricted int) (*codec.Message, error) {
	out, d := t.out, &t.out.draft
	if err := t.checkRoom(); err != nil {
		return nil, err
	}
	if out.app {
		if err := checkUser("user_id", out.author, t.author); err != nil {
			return nil, err
		}
	}
	for i, user := range t.mentions {
		if !user.Found {
			return nil, blame(out.moderated.mentions, invalid(element("mentioned_users", i), "user %q does not exist", out.mentions[i]))
		}
	}
	m := &codec.Message{
		ID: string(d.ID), Author: string(out.author), System: d.Type == TypeSystem, Silent: d.Silent,
		SkipPush: d.SkipPush, Text: d.Text, HTML: out.html, Attachments: out.attachments, Custom: out.custom,
		Fingerprint: out.fingerprint, Mentions: strs(out.mentions), QuotedID: string(d.QuotedID),
		MentionsAll: d.MentionAll, MentionsOnline: d.MentionOnline,
	}
	parent, err := t.reply(m)
	if err != nil {
		return nil, err
	}
	m.Shadowed = t.shadows(parent)
	if err := t.restrict(m, parent, maxRestricted); err != nil {
		return nil, err
	}
	if err := t.quote(); err != nil {
		return nil, err
	}
	if strings.TrimSpace(d.Text) == "" && out.attachments == "" && !isContent(t.room, t.quotedBody, m.Author, m.Shadowed) {
		return nil, blame(out.moderated.text, invalid("text", "is empty; a message that quotes a private one needs a text or an attachment of its own"))
	}
	if out.command != nil {
		m.Command, m.Args = out.command.name, out.command.args
	}
	m.Pending = out.pending == PendingOn || out.pending == PendingDefault && t.room.kind.MarkMessagesPending
	if !m.Pending && len(out.metadata) > 0 {
		return nil, invalid("pending_message_metadata", "is given but the message does not become pending")
	}
	if err := t.pin(m); err != nil {
		return nil, err
	}
	if m.Metadata = out.metadata; m.Pending && out.moderated.metadata != nil {
		m.Metadata = out.moderated.metadata
	}
	return m, nil
}

// checkRoom checks what the channel and the caller's grants say of the draft.
func (t *sending) checkRoom() error {
	room, d := t.room, &t.out.draft
	if err := room.change(); err != nil {
		return err
	}
	answer, by := t.out.command != nil, &t.out.moderated // what they say is not the user's to be checked
	if !answer || !t.out.command.own {
		if err := checkMessageText(d.Text, room.kind.MaxMessageLength); err != nil {
			return blame(t.out.moderated.text, err)
		}
	}
	if room.app {
		return nil
	}
	if err := room.unbanned(CreateMessage); err != nil {
		return err
	}
	needs := []struct {
		when   bool
		action Action
	}{
		{d.ParentID == "", CreateMessage},
		{d.ParentID != "", CreateReply},
		{d.Type == TypeSystem && !answer, CreateSystemMessage},
		{len(d.Attachments) > 0 && !answer && !by.ownAttachments, CreateAttachment},
		{len(t.out.mentions) > 0 && !by.ownMentions, CreateMention},
		{d.MentionAll, CreateMentionAll},
		{d.MentionOnline, CreateMentionOnline},
		{t.out.link.url != "" && !answer && !by.ownLink, AddLinks},
		{d.Pinned, PinMessage},
	}
	for _, n := range needs {
		if n.when && !room.can(n.action) {
			return denied(n.action)
		}
	}
	switch {
	case room.channel.Frozen && !room.can(UseFrozenChannel):
		return fail(ErrFrozen, "", "channel %q is frozen", room.channel.CID)
	case room.cools():
		return room.cooling()
	case d.ParentID != "" && !room.kind.Replies:
		return fail(ErrPermission, "parent_id", "replies are off in this channel")
	case d.QuotedID != "" && !room.kind.Quotes:
		return fail(ErrPermission, "quoted_message_id", "quotes are off in this channel")
	}
	return nil
}

// reply checks the parent and ties the message to it.
func (t *sending) reply(m *codec.Message) (*codec.Message, error) {
	id := t.out.draft.ParentID
	if id == "" {
		return nil, nil
	}
	parent := &t.parentBody.V
	if !t.parentBody.Found || t.room.sees(parent) == unseen {
		return nil, notFound("message", id)
	}
	switch {
	case parent.Pending:
		return nil, fail(ErrPending, "parent_id", "message %q is pending", id)
	case parent.ParentID != "":
		return nil, fail(ErrNestedReply, "parent_id", "message %q is itself a reply; reply to %q", id, parent.ParentID)
	}
	m.ParentID, m.ParentAt, m.Shown = parent.ID, parent.CreatedAt, t.out.draft.ShowInChannel
	return parent, nil
}

// inherited is the audience of a reply to a private message that names none, and
// the most that one may name: of a shadowed message none but its author see it,
// who is not to know.
func (t *sending) inherited(parent *codec.Message) (list []string) {
	if !parent.Shadowed || unaware(parent, string(t.out.author)) {
		list = slices.Clone(parent.Restricted)
	}
	if !slices.Contains(list, parent.Author) {
		list = append(list, parent.Author)
	}
	return list
}

// inherits says whether a reply has the audience of its private parent: it names
// none, or is what the answer to a command posts that had inherited it.
func (t *sending) inherits(parent *codec.Message) bool {
	return len(t.listed) == 0 || t.out.command != nil && slices.Equal(strs(t.out.restricted), t.inherited(parent))
}

// restrict decides the audience. A reply to a private message is for its
// parent's audience or a part of it, and needs no grant of its own; any other
// private message does.
func (t *sending) restrict(m *codec.Message, parent *codec.Message, most int) error {
	const field = "restricted_visibility"
	private := parent != nil && (parent.Restricted != nil || parent.Shadowed && !unaware(parent, m.Author))
	if private && t.inherits(parent) {
		m.Restricted = t.inherited(parent)
		return nil
	}
	if len(t.listed) == 0 {
		return nil
	}
	if !private && !t.room.can(CreateRestrictedVisibilityMessage) {
		return denied(CreateRestrictedVisibilityMessage)
	}
	var outside []string
	for _, l := range t.listed {
		switch {
		case private && !slices.Contains(t.inherited(parent), string(l.id)),
			!exists(l.user),
			!allows(t.room.kind, ReadChannel, &l.user.V, l.member.Found, &l.member.V, t.room.channel.CreatedBy):
			outside = append(outside, string(l.id))
		}
		m.Restricted = append(m.Restricted, string(l.id))
	}
	if len(outside) == 0 {
		return nil
	}
	if private {
		return invalid(field, "%s: not among those who see the parent, or unable to read the channel", strings.Join(outside, ", "))
	}
	return invalid(field, "%s: no such user, or unable to read the channel", strings.Join(outside, ", "))
}

// shadows says whether the message is for its author alone, who does not know:
// they are shadow-banned, or it hangs on one of theirs that is so, whoever sends
// it in their name. One that is nothing but a quote of such would be empty for all
// others.
func (t *sending) shadows(parent *codec.Message) bool {
	author := string(t.out.author)
	onlyQuotes := strings.TrimSpace(t.out.draft.Text) == "" && t.out.attachments == "" && t.quotedBody != nil
	return t.room.shadowed() || parent != nil && unaware(parent, author) || onlyQuotes && unaware(&t.quotedBody.V, author)
}

// quote checks the quoted message.
func (t *sending) quote() error {
	return checkQuote(t.room, t.out.draft.QuotedID, t.quotedBody)
}

func checkQuote(r *room, id MessageID, quoted *record.Value[codec.Message]) error {
	if id == "" {
		return nil
	}
	if !quoted.Found {
		return notFound("message", id)
	}
	switch s := r.sees(&quoted.V); {
	case s == unseen:
		return notFound("message", id)
	case quoted.V.Pending:
		return fail(ErrPending, "quoted_message_id", "message %q is pending", id)
	case s != whole:
		return fail(ErrDeleted, "quoted_message_id", "message %q is deleted", id)
	}
	return nil
}

// store stores a message that everyone in its audience sees from now on.
func (t *sending) store(m *codec.Message) error {
	stamp(&t.head.V, m)
	if err := t.storePin(m); err != nil {
		return err
	}
	in := record.Counts{Head: &t.head.V}
	if t.ownRead {
		in.Own = &t.own.V
	}
	if err := t.tx.InsertMessage(t.room.number, in, m); err != nil {
		return err
	}
	if err := t.tx.PutHead(t.room.number, &t.head.V); err != nil {
		return err
	}
	if err := tellMessage(t.tx, codec.EventMessageNew, t.room.number, m, ""); err != nil {
		return err
	}
	if m.ParentID != "" {
		return t.storedReply(m)
	}
	if !t.room.joined() {
		return nil
	}
	return t.tx.PutMark(t.room.number, m.Author, codec.Mark{At: m.CreatedAt, ReadAt: m.CreatedAt})
}

// storedReply tells those who take part in the thread of a reply, and marks it
// read for who sent it.
func (t *sending) storedReply(m *codec.Message) error {
	if err := tellReply(t.tx, t.room.number, m); err != nil || !t.room.isMember {
		return err
	}
	b := t.tx.Batch()
	base := b.ThreadBase(t.room.number, m.Author)
	if err := b.Run(); err != nil {
		return err
	}
	return t.tx.PutThreadMark(t.room.number, m.ParentAt, m.Author, codec.ThreadMark{At: m.CreatedAt, ReadAt: m.CreatedAt, Join: base.V.Join})
}

// stamp gives a message the channel's next time.
func stamp(h *codec.Head, m *codec.Message) {
	h.Last = max(time.Now().UnixMicro(), h.Last+1)
	m.CreatedAt, m.UpdatedAt = h.Last, h.Last
}

// stampAside gives a message that is in no pages its time: after everything sent
// so far, so that no truncation up to now hides it, and before what is truncated
// from now on, whatever the clock does.
func stampAside(h *codec.Head, m *codec.Message) {
	h.LastAside = max(time.Now().UnixMicro(), h.LastAside+1, h.Last+1)
	m.CreatedAt, m.UpdatedAt = h.LastAside, h.LastAside
}

func strs[T ~string](list []T) []string {
	if list == nil {
		return nil
	}
	s := make([]string, len(list))
	for i, v := range list {
		s[i] = string(v)
	}
	return s
}
