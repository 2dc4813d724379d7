package chat

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/markup"
	"example.com/chat/internal/record"
)

// Send posts a message in a user's name. The grants of the user are not
// checked, a frozen or disabled channel takes it. Nil options are the defaults.
// ErrInvalid if the author is unknown or deactivated, ErrChannelDeleted,
// ErrConflict if the id is taken by something else.
func (a *App) Send(ctx context.Context, cid CID, author UserID, d Draft, o *SendOptions) (Message, error) {
	const op = "Send"
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
// by something else, seen by the user or not.
func (s *Session) Send(ctx context.Context, cid CID, d Draft) (Message, error) {
	return s.app.send(ctx, "Send", as(s.user), cid, s.user, d, SendOptions{})
}

// outgoing is a draft that was checked and made ready outside of any
// transaction: all that depends on the draft alone.
type outgoing struct {
	draft       Draft
	author      UserID
	app         bool
	pending     PendingMode
	attachments string
	custom      string
	metadata    []string
	mentions    []UserID
	restricted  []UserID
	html        string
	link        link
	enriches    bool // a preview of the link may come
	fingerprint string
	chosenID    bool // the caller chose the id

	command *invocation // what it answers, if it is the answer to a command
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
	if out.enriches {
		if err := a.enrichSend(ctx, op, c, cid, out); err != nil {
			return Message{}, err
		}
	}
	var t *sending
	err := a.update(ctx, op, record.ChannelScope(string(cid)), func(tx *record.Txn) error {
		t = &sending{reader: &tx.Reader, tx: tx, out: out}
		return t.run(a, c, cid)
	})
	if err != nil {
		return Message{}, err
	}
	if t.stored != nil && (t.stored.Pending || out.link.late) || out.command != nil && out.command.ephemeral {
		a.outbox.Wake()
	}
	if t.answer == nil {
		t.render()
	}
	return *t.answer, nil
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
	if err := t.act(); err != nil {
		return err
	}
	if t.room.kind.URLEnrichment {
		m.Attachments = joinPreview(m.Attachments, t.out.link.preview)
	}
	switch {
	case t.out.command != nil && t.out.command.ephemeral:
		err = a.storeEphemeral(t, m)
	case m.Pending:
		err = a.storePending(t.tx, t.room, &t.head.V, m)
	default:
		err = t.store(m)
	}
	if err == nil && t.out.link.late {
		err = addLate(t.tx, t.room, m, t.out.link)
	}
	t.stored = m
	if err != nil || t.quotedBody == nil {
		return err
	}
	// What it quotes may show others, who are still to be read.
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

// render makes the answer of what was read. Where that is enough it is done
// after the transaction: in it, others wait.
func (t *sending) render() {
	var out rendering
	for i, user := range t.mentions {
		out.people.Have(t.stored.Mentions[i], user)
	}
	f := t.found()
	f.author = &t.author.V
	t.answer = new(Message)
	out.message(t.answer, f, true)
}

// prepareSend checks everything that the draft alone decides.
func (a *App) prepareSend(c caller, cid CID, author UserID, d Draft, o SendOptions) (*outgoing, error) {
	out := &outgoing{draft: d, author: author, app: c.app, pending: o.Pending, chosenID: d.ID != ""}
	if err := checkCID("cid", cid); err != nil {
		return nil, err
	}
	for _, id := range []struct {
		field string
		id    MessageID
	}{{"id", d.ID}, {"parent_id", d.ParentID}, {"quoted_message_id", d.QuotedID}} {
		if id.id == "" {
			continue
		}
		if err := checkMessageID(id.field, id.id); err != nil {
			return nil, err
		}
	}
	switch d.Type {
	case "", TypeRegular, TypeSystem:
	default:
		return nil, invalid("type", "is %.64q; callers give %q or %q", d.Type, TypeRegular, TypeSystem)
	}
	if d.ShowInChannel && d.ParentID == "" {
		return nil, invalid("show_in_channel", "is set on a message without parent_id")
	}
	if o.Pending < PendingDefault || o.Pending > PendingOff {
		return nil, invalid("pending", "is %d; must be PendingDefault, PendingOn or PendingOff", o.Pending)
	}
	if err := out.encode(a.options.MaxRestricted, o); err != nil {
		return nil, err
	}
	if strings.TrimSpace(d.Text) == "" && len(d.Attachments) == 0 && d.QuotedID == "" {
		return nil, invalid("text", "is empty; a message needs a text, an attachment or a quote")
	}
	if err := a.renderText(out, o.HTML); err != nil {
		return nil, err
	}
	out.fingerprint = out.hash(cid, o)
	out.enriches = a.mayEnrich(out.link, d.SkipEnrichURL, len(d.Attachments))
	if out.draft.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		out.draft.ID = MessageID(id.String())
	}
	return out, nil
}

// encode checks the parts of the draft and encodes them.
func (out *outgoing) encode(maxRestricted int, o SendOptions) error {
	d := &out.draft
	if err := checkMessageText(d.Text, maxTextRunes); err != nil {
		return err
	}
	attachments, err := encodeAttachments("attachments", d.Attachments)
	if err != nil {
		return err
	}
	custom, err := encodeCustom("custom", d.Custom, maxCustom, messageFields)
	if err != nil {
		return err
	}
	out.attachments, out.custom = string(attachments), string(custom)
	if out.mentions, err = checkUserIDs("mentioned_users", d.Mentions, maxMentions); err != nil {
		return err
	}
	if out.restricted, err = checkUserIDs("restricted_visibility", d.Restricted, maxRestricted); err != nil {
		return err
	}
	if d.Restricted != nil && len(out.restricted) == 0 {
		return invalid("restricted_visibility", "is an empty list; leave it out for a message to all")
	}
	out.metadata, err = encodeMetadata(o.PendingMetadata)
	return err
}

func checkMessageText(text string, limit int) error {
	if err := checkText("text", text); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return fail(ErrTooLong, "text", "has %d characters; at most %d", n, limit)
	}
	return nil
}

// encodeMetadata turns metadata into keys and values in turn, sorted by key.
func encodeMetadata(metadata map[string]string) ([]string, error) {
	const field = "pending_message_metadata"
	if len(metadata) == 0 {
		return nil, nil
	}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		for _, s := range []string{key, metadata[key]} {
			if err := checkText(field, s); err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	encoded, err := marshalPlain(metadata)
	if err != nil {
		return nil, err
	}
	if len(encoded) > maxMetadata {
		return nil, fail(ErrTooLong, field, "is %d bytes of JSON; at most %d", len(encoded), maxMetadata)
	}
	return list, nil
}

func metadataFrom(list []string) map[string]string {
	if len(list) == 0 {
		return nil
	}
	metadata := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		metadata[list[i]] = list[i+1]
	}
	return metadata
}

// renderText makes the html of the text, or takes the application's.
func (a *App) renderText(out *outgoing, html string) error {
	text := out.draft.Text
	made := a.makeHTML(text)
	out.link.url = made.FirstURL
	if html != "" {
		var err error
		if made.HTML, err = a.rebuildHTML(html); err != nil {
			return err
		}
		made.Plain = made.HTML == markup.Paragraph(text)
	}
	out.html = storedHTML(made)
	return nil
}

// rebuildHTML makes html of the application safe.
func (a *App) rebuildHTML(html string) (string, error) {
	if err := checkText("html", html); err != nil {
		return "", err
	}
	if len(html) > maxHTML {
		return "", fail(ErrTooLong, "html", "has %d bytes; at most %d", len(html), maxHTML)
	}
	safe := a.markup.Rebuild(html)
	if strings.TrimSpace(safe) == "" {
		return "", invalid("html", "holds nothing that may be shown")
	}
	return safe, nil
}

// storedHTML is what of the html is worth storing: html that is only the
// escaped text is not.
func storedHTML(made markup.Result) string {
	if made.Plain {
		return ""
	}
	return made.HTML
}

// hash is the fingerprint of the input: a send with the same id and the same
// fingerprint is a retry.
func (out *outgoing) hash(cid CID, o SendOptions) string {
	d := &out.draft
	kind := d.Type
	if kind == "" {
		kind = TypeRegular
	}
	b := make([]byte, 0, 1024) // most fit, and it is not on the heap
	for _, s := range [...]string{
		string(cid), string(out.author), string(kind), d.Text, out.attachments, out.custom,
		string(d.ParentID), string(d.QuotedID), o.HTML,
	} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	b = appendList(appendList(appendList(b, out.mentions), out.restricted), out.metadata)
	for _, set := range [...]bool{d.ShowInChannel, d.Silent, d.SkipPush, d.SkipEnrichURL} {
		b = strconv.AppendBool(b, set)
	}
	sum := sha256.Sum256(append(b, byte(o.Pending)))
	return string(sum[:16])
}

// appendList appends strings so that no other list gives the same bytes.
func appendList[S ~string](b []byte, list []S) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

// sending is a send inside its transaction, or one that is looked at before it.
type sending struct {
	reader *record.Reader
	tx     *record.Txn // nil: it is only checked
	out    *outgoing
	room   *room

	known      *record.Value[codec.Place] // where the id leads already
	author     *record.Value[codec.User]
	head       *record.Value[codec.Head]
	mentions   []*record.Value[codec.User]
	listed     []listedUser
	parent     *record.Value[codec.Place]
	parentBody *record.Value[codec.Message]
	quoted     *record.Value[codec.Place]
	quotedBody *record.Value[codec.Message]

	stored *codec.Message // nil if it was there already
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
		blind: !out.chosenID && out.draft.ParentID == "" && out.draft.QuotedID == "",
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
			t.head = b.Head(number)
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
	return t.room.enter()
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
			return nil, invalid(element("mentioned_users", i), "user %q does not exist", out.mentions[i])
		}
	}
	m := &codec.Message{
		ID: string(d.ID), Author: string(out.author), System: d.Type == TypeSystem, Silent: d.Silent,
		SkipPush: d.SkipPush, Text: d.Text, HTML: out.html, Attachments: out.attachments, Custom: out.custom,
		Fingerprint: out.fingerprint, Mentions: strs(out.mentions), QuotedID: string(d.QuotedID),
	}
	parent, err := t.reply(m)
	if err != nil {
		return nil, err
	}
	if err := t.restrict(m, parent, maxRestricted); err != nil {
		return nil, err
	}
	if err := t.quote(); err != nil {
		return nil, err
	}
	if strings.TrimSpace(d.Text) == "" && out.attachments == "" && !isContent(t.room, t.quotedBody) {
		return nil, invalid("text", "is empty; a message that quotes a private one needs a text or an attachment of its own")
	}
	if out.command != nil {
		m.Command, m.Args = out.command.name, out.command.args
	}
	m.Pending = out.pending == PendingOn || out.pending == PendingDefault && t.room.kind.MarkMessagesPending
	if !m.Pending && len(out.metadata) > 0 {
		return nil, invalid("pending_message_metadata", "is given but the message does not become pending")
	}
	m.Metadata = out.metadata
	return m, nil
}

// checkRoom checks what the channel and the caller's grants say of the draft.
func (t *sending) checkRoom() error {
	room, d := t.room, &t.out.draft
	if err := room.change(); err != nil {
		return err
	}
	if err := checkMessageText(d.Text, room.kind.MaxMessageLength); err != nil {
		return err
	}
	if room.app {
		return nil
	}
	if err := room.unbanned(CreateMessage); err != nil {
		return err
	}
	answer := t.out.command != nil // what a command says is not the user's to be checked
	needs := []struct {
		when   bool
		action Action
	}{
		{d.ParentID == "", CreateMessage},
		{d.ParentID != "", CreateReply},
		{d.Type == TypeSystem && !answer, CreateSystemMessage},
		{len(d.Attachments) > 0 && !answer, CreateAttachment},
		{len(t.out.mentions) > 0, CreateMention},
		{t.out.link.url != "" && !answer, AddLinks},
	}
	for _, n := range needs {
		if n.when && !room.can(n.action) {
			return denied(n.action)
		}
	}
	switch {
	case room.channel.Frozen && !room.can(UseFrozenChannel):
		return fail(ErrFrozen, "", "channel %q is frozen", room.channel.CID)
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

// restrict decides the audience. A reply to a private message is for its
// parent's audience or a part of it, and needs no grant of its own; any other
// private message does.
func (t *sending) restrict(m *codec.Message, parent *codec.Message, most int) error {
	const field = "restricted_visibility"
	private := parent != nil && parent.Restricted != nil
	if len(t.listed) == 0 {
		if private {
			m.Restricted = slices.Clone(parent.Restricted)
			if !slices.Contains(m.Restricted, parent.Author) {
				m.Restricted = append(m.Restricted, parent.Author)
			}
		}
		return nil
	}
	if !private && !t.room.can(CreateRestrictedVisibilityMessage) {
		return denied(CreateRestrictedVisibilityMessage)
	}
	var outside []string
	for _, l := range t.listed {
		switch {
		case private && string(l.id) != parent.Author && !slices.Contains(parent.Restricted, string(l.id)),
			!l.user.Found,
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
	if err := t.tx.InsertMessage(t.room.number, &t.head.V, m); err != nil {
		return err
	}
	if err := t.tx.PutHead(t.room.number, &t.head.V); err != nil {
		return err
	}
	if m.ParentID != "" || !t.room.isMember {
		return nil
	}
	return t.tx.PutMark(t.room.number, m.Author, codec.Mark{At: m.CreatedAt, ReadAt: m.CreatedAt})
}

// stamp gives a message the channel's next time.
func stamp(h *codec.Head, m *codec.Message) {
	h.Last = max(time.Now().UnixMicro(), h.Last+1)
	m.CreatedAt, m.UpdatedAt = h.Last, h.Last
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
