package chat

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/markup"
	"example.com/chat/internal/record"
)

// UpdateMessage replaces text, attachments, mentions, quote and custom data of
// a message: what the update leaves out is cleared, but for a quote that the
// caller cannot see. ErrDeleted and ErrPending for messages that cannot be
// updated. Nil options are the defaults.
func (a *App) UpdateMessage(ctx context.Context, id MessageID, u MessageUpdate, o *UpdateOptions) (_ Message, err error) {
	defer a.operation(&ctx, "UpdateMessage").ended(&err)
	html := ""
	if o != nil {
		html = o.HTML
	}
	return a.updateMessage(ctx, "UpdateMessage", application, id, u, html)
}

// UpdateMessage replaces text, attachments, mentions, quote and custom data of
// one's own message, with update-message-own, or of another's, with
// update-message; see [App.UpdateMessage]. ErrRejected if a [Moderator] says so.
func (s *Session) UpdateMessage(ctx context.Context, id MessageID, u MessageUpdate) (_ Message, err error) {
	defer s.app.operation(&ctx, "UpdateMessage").ended(&err)
	return s.app.updateMessage(ctx, "UpdateMessage", as(s.user), id, u, "")
}

// PatchMessage changes parts of a message. Paths reach text, attachments,
// mentioned_users, quoted_message_id, html, and any custom data. ErrDeleted and
// ErrPending for messages that cannot be updated.
func (a *App) PatchMessage(ctx context.Context, id MessageID, p Patch) (_ Message, err error) {
	defer a.operation(&ctx, "PatchMessage").ended(&err)
	return a.patchMessage(ctx, "PatchMessage", application, id, p)
}

// PatchMessage changes parts of a message, with the grants of UpdateMessage.
// Paths reach text, attachments, mentioned_users, quoted_message_id and any
// custom data.
func (s *Session) PatchMessage(ctx context.Context, id MessageID, p Patch) (_ Message, err error) {
	defer s.app.operation(&ctx, "PatchMessage").ended(&err)
	return s.app.patchMessage(ctx, "PatchMessage", as(s.user), id, p)
}

// edit is what an update makes of a message: nil parts stay as they are.
type edit struct {
	text        *string
	html        *string // as it is stored; made from the text
	attachments *string
	claims      []claim // those that say they are the preview
	custom      func(stored string) (string, error)
	mentions    *[]UserID
	quoted      *MessageID
	remakeHTML  bool // of the text that stays
	remade      remade
	nothing     bool // changes nothing, if it may

	seen      content // what there was when it was looked at
	enriched  bool    // in a channel where links get previews
	link      link    // of the new text
	skipsLink bool    // which gets no preview if it is a new one
	looked    bool    // it may get one
	screens   bool    // block lists are held against it
	same      bool    // the text had that link already

	words     *words    // of the new text, where block lists are held against it
	proposal  *proposal // nil: the Moderator is not asked
	moderated moderated
}

// remade is html that was made of a stored text, outside the transaction.
type remade struct {
	done       bool
	text, html string
}

// errNotRemade ends a transaction that needs html of a text that none was made
// of yet.
var errNotRemade = errors.New("html is to be made of the text")

// errNotJudged ends a transaction that would store what no Moderator has seen:
// the message was changed meanwhile.
var errNotJudged = errors.New("the moderator is to be asked again")

func (a *App) updateMessage(ctx context.Context, op string, c caller, id MessageID, u MessageUpdate, html string) (Message, error) {
	e, err := a.editFromUpdate(u, html)
	if err != nil {
		return Message{}, in(op, err)
	}
	return a.editMessage(ctx, op, c, id, e)
}

func (a *App) editFromUpdate(u MessageUpdate, html string) (*edit, error) {
	e := &edit{text: &u.Text, quoted: &u.QuotedID, skipsLink: u.SkipEnrichURL}
	if err := e.setText(a, u.Text); err != nil {
		return nil, err
	}
	if html != "" {
		if err := e.setHTML(a, u.Text, html); err != nil {
			return nil, err
		}
	}
	if err := e.setAttachments(u.Attachments); err != nil {
		return nil, err
	}
	if err := e.setMentions(u.Mentions); err != nil {
		return nil, err
	}
	if u.QuotedID != "" {
		if err := checkMessageID("quoted_message_id", u.QuotedID); err != nil {
			return nil, err
		}
	}
	custom, err := encodeCustom("custom", u.Custom, maxCustom, messageFields)
	if err != nil {
		return nil, err
	}
	e.custom = func(string) (string, error) { return string(custom), nil }
	return e, nil
}

func (e *edit) setText(a *App, text string) error {
	if err := checkMessageText(text, maxTextRunes); err != nil {
		return err
	}
	made := a.makeHTML(text)
	html := storedHTML(made)
	e.text, e.html, e.link = &text, &html, link{url: made.FirstURL}
	return nil
}

func (e *edit) setHTML(a *App, text, html string) error {
	safe, err := a.rebuildHTML(html)
	if err != nil {
		return err
	}
	if safe == markup.Paragraph(text) {
		safe = ""
	}
	e.html = &safe
	return nil
}

func (e *edit) setAttachments(list []Attachment) error {
	raw, claims, err := encodeBesidePreview("attachments", list)
	if err != nil {
		return err
	}
	encoded := string(raw)
	e.attachments, e.claims = &encoded, claims
	return nil
}

func (e *edit) setMentions(list []UserID) error {
	mentions, err := checkUserIDs("mentioned_users", list, maxMentions)
	e.mentions = &mentions
	return err
}

// editMessage stores an edit, all rules checked. Html of a text that stays is
// made between two transactions, and the Moderator asked; again if the message
// changed meanwhile.
func (a *App) editMessage(ctx context.Context, op string, c caller, id MessageID, e *edit) (Message, error) {
	for {
		try := *e
		edited, err := a.tryEdit(ctx, op, c, id, &try)
		switch {
		case errors.Is(err, errNotRemade):
			e.remade = remade{done: true, text: try.remade.text, html: storedHTML(a.makeHTML(try.remade.text))}
		case !errors.Is(err, errNotJudged):
			return edited, err
		}
	}
}

func (a *App) tryEdit(ctx context.Context, op string, c caller, id MessageID, e *edit) (Message, error) {
	scope, err := a.scopeOf(ctx, op, c, id, func(r *record.Reader, f *found) error {
		return a.lookAtEdit(r, f, e)
	})
	if err != nil {
		return Message{}, err
	}
	if e.proposal != nil {
		err = a.moderateEdit(ctx, e)
	}
	if err == nil {
		err = a.enrichEdit(ctx, id, e)
	}
	if err != nil {
		return Message{}, in(op, err)
	}
	if e.text != nil && e.screens {
		e.newWords() // outside of the transaction
	}
	var edited Message
	late := false
	err = a.changeIn(ctx, op, scope, c, id, func(tx *record.Txn, f *found) error {
		before := *f.message
		f.message = f.room.shown(f.message)
		if err := checkEdit(&tx.Reader, f, e); err != nil {
			return err
		}
		if e.nothing {
			var err error
			edited, err = f.room.render(&tx.Reader, f.message, whole)
			return err
		}
		if e.proposal != nil && !contentOf(f.message).equal(e.seen) {
			return errNotJudged
		}
		var err error
		if late, err = e.apply(f); err != nil {
			return err
		}
		alone, err := checkContent(&tx.Reader, f)
		if err != nil {
			return blame(e.moderated.text, err)
		}
		screened, err := e.screen(&tx.Reader, f, before.Text)
		if err == nil && screened.action == BlockFlag && !alone {
			err = flagBlocked(tx, f.room, f.message, &screened)
		}
		if err != nil {
			return err
		}
		if e.remakeHTML {
			if !e.remade.done || e.remade.text != f.message.Text {
				e.remade = remade{text: f.message.Text}
				return errNotRemade
			}
			f.message.HTML = e.remade.html
		}
		late = late && !alone
		if err := e.store(tx, f, before, alone, late); err != nil {
			return err
		}
		edited, err = f.room.render(&tx.Reader, f.message, whole)
		return err
	})
	if err == nil && late {
		a.outbox.Wake()
	}
	return edited, err
}

// store stores the edited message, tells of it, and records that its preview is
// still to come.
func (e *edit) store(tx *record.Txn, f *found, before codec.Message, alone, late bool) error {
	if alone {
		return storeAlone(tx, f, before)
	}
	f.message.Alone = nil
	if err := tx.EditMessage(f.room.number, &before, f.message); err != nil {
		return err
	}
	if err := tellMessage(tx, codec.EventMessageUpdated, f.room.number, f.message, string(f.room.user)); err != nil || !late {
		return err
	}
	return addLate(tx, f.room, f.message, e.link)
}

// checkEdit checks what the message, the channel and the caller's grants say
// of an edit.
func checkEdit(reader *record.Reader, f *found, e *edit) error {
	r, m := f.room, f.message
	if err := mayChange(f, UpdateMessageOwn, UpdateMessage); err != nil {
		return err
	}
	switch {
	case m.Pending:
		return fail(ErrPending, "id", "message %q is pending", m.ID)
	case f.sight != whole:
		return fail(ErrDeleted, "id", "message %q is deleted", m.ID)
	}
	if err := r.change(); err != nil {
		return err
	}
	if e.text != nil {
		if err := checkMessageText(*e.text, r.kind.MaxMessageLength); err != nil {
			return blame(e.moderated.text, err)
		}
	}
	switch by := &e.moderated; {
	case e.link.url != "" && !by.ownLink && !r.can(AddLinks):
		return denied(AddLinks)
	case e.attachments != nil && *e.attachments != "" && !by.ownAttachments && !r.can(CreateAttachment):
		return denied(CreateAttachment)
	case e.mentions != nil && len(*e.mentions) > 0 && !by.ownMentions && !r.can(CreateMention):
		return denied(CreateMention)
	}
	if err := e.checkClaims(f); err != nil {
		return err
	}
	return checkEditRefs(reader, f, e)
}

// checkEditRefs checks that the users and the message that an edit names are
// there.
func checkEditRefs(reader *record.Reader, f *found, e *edit) error {
	b := reader.Batch()
	var users []*record.Value[codec.User]
	if e.mentions != nil {
		for _, id := range *e.mentions {
			users = append(users, b.User(string(id)))
		}
	}
	var place *record.Value[codec.Place]
	quoting := ""
	if e.quoted != nil {
		quoting = cmp.Or(string(*e.quoted), f.message.QuotedID)
	}
	if quoting != "" {
		place = b.Place(quoting)
	}
	if err := b.Run(); err != nil {
		return err
	}
	for i, user := range users {
		if !user.Found {
			return blame(e.moderated.mentions, invalid(element("mentioned_users", i), "user %q does not exist", (*e.mentions)[i]))
		}
	}
	if quoting == "" {
		return nil
	}
	b = reader.Batch()
	quoted := inRoom(b, f.room.number, place)
	if err := b.Run(); err != nil {
		return err
	}
	switch {
	case *e.quoted == "":
		// A quote that the editor cannot see is not left out by them: it stays.
		if quoted.Found && f.room.sees(&quoted.V) == unseen {
			e.quoted = nil
		}
		return nil
	case string(*e.quoted) == f.message.QuotedID:
		// The quote stays, deleted or not: for who sees it.
		if !quoted.Found || f.room.sees(&quoted.V) == unseen {
			return notFound("message", *e.quoted)
		}
		return nil
	case !f.room.kind.Quotes && !f.room.app:
		return fail(ErrPermission, "quoted_message_id", "quotes are off in this channel")
	case string(*e.quoted) == f.message.ID:
		return invalid("quoted_message_id", "names the message itself")
	}
	return checkQuote(f.room, *e.quoted, quoted)
}

// apply makes the edit to the message. Late says that the preview of its link
// is still to come.
func (e *edit) apply(f *found) (late bool, err error) {
	m := f.message
	late = e.applyAttachments(f)
	m.UpdatedAt = max(f.room.now, m.UpdatedAt)
	if e.text != nil && *e.text != m.Text {
		m.Text, m.TextUpdatedAt = *e.text, m.UpdatedAt
	}
	if e.html != nil {
		m.HTML = *e.html
	}
	if e.mentions != nil {
		m.Mentions = strs(*e.mentions)
	}
	if e.quoted != nil {
		m.QuotedID = string(*e.quoted)
	}
	if e.custom != nil {
		m.Custom, err = e.custom(m.Custom)
	}
	return late, err
}

// checkContent is an error if the edited message has no content left but
// perhaps a quote that does not count. Alone says that the edit is for the caller
// alone: also where nothing is left but a quote of what is so, or they would tell
// by the error.
func checkContent(r *record.Reader, f *found) (alone bool, err error) {
	m, alone := f.message, f.alone()
	if strings.TrimSpace(m.Text) != "" || m.Attachments != "" {
		return alone, nil
	}
	quoted := &record.Value[codec.Message]{}
	if m.QuotedID != "" {
		b := r.Batch()
		place := b.Place(m.QuotedID)
		if err := b.Run(); err != nil {
			return false, err
		}
		quoted = inRoom(b, f.room.number, place)
		if err := b.Run(); err != nil {
			return false, err
		}
	}
	alone = alone || f.mayBeAlone() && unaware(&quoted.V, m.Author)
	if isContent(f.room, quoted, m.Author, m.Shadowed || alone) {
		return alone, nil
	}
	return false, invalid("text", "would be empty; a message needs a text, an attachment, or a quote of a message to all")
}

// isContent says whether a quote alone makes an author's message. That of a
// private message does not: whoever cannot see it would see an empty message. One
// that is shadowed may be nothing but a quote of another of theirs.
func isContent(r *room, quoted *record.Value[codec.Message], author string, shadowed bool) bool {
	m := &quoted.V
	private := m.Private() && (m.Restricted != nil || !shadowed || !unaware(m, author))
	return quoted.Found && !private && r.sees(m) != unseen
}

// patchable are the fields of a message that a patch reaches.
var (
	patchable    = nameSet{"text": true, "attachments": true, "mentioned_users": true, "quoted_message_id": true}
	appPatchable = nameSet{"text": true, "attachments": true, "mentioned_users": true, "quoted_message_id": true, "html": true}
)

func (a *App) patchMessage(ctx context.Context, op string, c caller, id MessageID, p Patch) (Message, error) {
	reach := patchable
	if c.app {
		reach = appPatchable
	}
	plan, err := compilePatch(p, messageFields, reach)
	if err != nil {
		return Message{}, in(op, err)
	}
	e, err := a.editFromPatch(plan)
	if err != nil {
		return Message{}, in(op, err)
	}
	return a.editMessage(ctx, op, c, id, e)
}

func (a *App) editFromPatch(plan patchPlan) (*edit, error) {
	e := &edit{nothing: plan.isEmpty(), custom: func(stored string) (string, error) {
		custom, err := applyCustom(plan, decodeCustom(stored))
		if err != nil {
			return "", err
		}
		encoded, err := encodeCustom("custom", custom, maxCustom, messageFields)
		return string(encoded), err
	}}
	text, changed, err := plan.text("text")
	if err == nil && changed {
		err = e.setText(a, text)
	}
	if err != nil {
		return nil, err
	}
	html, changed, err := plan.text("html")
	if err == nil && changed {
		err = e.patchHTML(a, html)
	}
	if err != nil {
		return nil, err
	}
	list, changed, err := plan.attachments("attachments")
	if err == nil && changed {
		err = e.setAttachments(list)
	}
	if err != nil {
		return nil, err
	}
	mentions, changed, err := plan.userIDs("mentioned_users")
	if err == nil && changed {
		err = e.setMentions(mentions)
	}
	if err != nil {
		return nil, err
	}
	quoted, changed, err := plan.messageID("quoted_message_id")
	if err == nil && changed {
		e.quoted = &quoted
		if quoted != "" {
			err = checkMessageID("quoted_message_id", quoted)
		}
	}
	return e, err
}

// patchHTML sets the html; unset, it is what the text alone makes.
func (e *edit) patchHTML(a *App, html string) error {
	if html == "" {
		e.remakeHTML = e.html == nil
		return nil
	}
	safe, err := a.rebuildHTML(html)
	e.html = &safe
	return err
}
