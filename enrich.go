package chat

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// link is what there is of the link of a text that is to be stored: the first
// one outside code.
type link struct {
	url     string
	preview string // as it is stored; empty if there is none
	late    bool   // it did not come within the wait
}

// enrich waits for the preview of a link, at most as long as a send waits. That
// there is none is logged, and no error; the error is the caller's context's.
func (a *App) enrich(ctx context.Context, id MessageID, l *link) error {
	waiting, cancel := context.WithTimeout(ctx, a.options.Previews.Wait)
	defer cancel()
	preview, err := a.previews.ask(waiting, l.url)
	switch {
	case err == nil:
		l.preview = preview
	case ctx.Err() != nil:
		return ctx.Err()
	case waiting.Err() != nil && errors.Is(err, waiting.Err()):
		l.late = true
	default:
		a.logPreview(ctx, string(id), err)
	}
	return nil
}

func (a *App) logPreview(ctx context.Context, id string, err error) {
	a.options.Logger.InfoContext(ctx, "no link preview", "message", id, previewProblem(err))
}

// lookAtSend has the Moderator judge what is to be sent, and looks for its
// preview. What is refused, or was sent before, asks neither.
func (a *App) lookAtSend(ctx context.Context, op string, c caller, cid CID, out *outgoing) error {
	moderated := a.options.Moderator != nil && !c.app && (out.command == nil || !out.command.own && !out.command.ephemeral)
	if !moderated && !out.enriches {
		return nil
	}
	wanted := false
	var p *proposal
	err := a.view(ctx, op, func(r *record.Reader) error {
		wanted, p = false, nil
		t := &sending{reader: r, out: out}
		if err := t.read(c, cid); err != nil {
			return err
		}
		if t.known != nil && t.known.Found {
			return nil
		}
		wanted = t.room.kind.URLEnrichment
		m, err := t.message(a.options.MaxRestricted)
		if err == nil {
			out.words = wordsOfMessage(out.draft.Text, out.html)
			err = t.screen(m)
		}
		if err == nil && moderated && a.moderates(t.room) {
			p, err = t.propose(m)
		}
		return err
	})
	if err == nil && p != nil {
		err = in(op, a.moderateSend(ctx, out, p))
	}
	if err != nil || !wanted || !out.enriches {
		return err
	}
	return in(op, a.enrich(ctx, out.draft.ID, &out.link))
}

// lookAtEdit looks, before the transaction, whether an edit is one that is
// stored, so that what is refused asks no Moderator and has nothing looked up.
func (a *App) lookAtEdit(r *record.Reader, f *found, e *edit) error {
	shown := f.message.Text
	f.message = f.room.shown(f.message)
	e.enriched, e.proposal, e.screens = false, nil, f.room.screens()
	moderated := a.moderates(f.room) && !e.nothing
	if !moderated && (e.link.url == "" || a.previews == nil) {
		return nil
	}
	if err := checkEdit(r, f, e); err != nil {
		return err
	}
	if _, err := e.screen(r, f, shown); err != nil {
		return err
	}
	e.seen, e.enriched = contentOf(f.message), f.room.kind.URLEnrichment
	if !moderated {
		return nil
	}
	var err error
	e.proposal, err = e.propose(r, f)
	return err
}

// enrichEdit looks for the preview of an edit's link, unless the message has
// that link already.
func (a *App) enrichEdit(ctx context.Context, id MessageID, e *edit) error {
	own := e.seen.attachments
	if e.attachments != nil {
		own = *e.attachments
	}
	if e.looked = e.enriched && a.mayEnrich(e.link, e.skipsLink, countAttachments(own)); !e.looked {
		return nil
	}
	if e.same = a.makeHTML(e.seen.text).FirstURL == e.link.url; e.same {
		return nil
	}
	return a.enrich(ctx, id, &e.link)
}

// checkClaims is an error if an attachment says that it is the preview which the
// message has, and is not.
func (e *edit) checkClaims(f *found) error {
	if len(e.claims) == 0 {
		return nil
	}
	_, preview := splitPreview(f.message.Attachments)
	for _, c := range e.claims {
		if preview == "" || !sameAttachment(c.Attachment, decodePreview(preview)) {
			return notYourPreview(c.place)
		}
	}
	return nil
}

// applyAttachments gives the message, whose text is still the old one, the
// attachments of the edit and the preview of the new text's link.
func (e *edit) applyAttachments(f *found) (late bool) {
	m := f.message
	own, preview := splitPreview(m.Attachments)
	if e.attachments != nil {
		own = *e.attachments
	}
	if e.text != nil && (preview == "" || decodePreview(preview).OGScrapeURL != e.link.url) {
		preview, late = "", false
		if f.room.kind.URLEnrichment && countAttachments(own) < maxAttachments { // which may have changed since it was looked at
			preview, late = e.newPreview(m)
		}
	}
	m.Attachments = joinPreview(own, preview)
	return late
}

// newPreview is the preview of the new text's link, where the message has none.
func (e *edit) newPreview(m *codec.Message) (preview string, late bool) {
	switch {
	case !e.looked:
		return "", false
	case !e.same:
		return e.link.preview, e.link.late
	case m.Text == e.seen.text:
		return "", false // it had none with this link before
	}
	return "", true // another edit came between: it is for the late work to find out
}

// mayEnrich says whether a text with a link, and these attachments beside it,
// can get a preview at all.
func (a *App) mayEnrich(l link, skip bool, attachments int) bool {
	return a.previews != nil && l.url != "" && !skip && attachments < maxAttachments && checkLink("", l.url) == nil
}

// queuePreviews has previews that come late. Subject: the id of a message, for
// a commit changes its time; payload: a hash of the link, so that no text is
// kept beside the message.
const queuePreviews = "previews"

// lateAtOnce is how many late previews are waited for at the same time: as many
// as the outbox takes together, so that slow pages hold up few others. How many
// are fetched at once is the Enricher's to bound.
const lateAtOnce = 64

// lateForOthers is for how long an App without previews leaves the late ones to
// another on the same store.
const lateForOthers = 24 * time.Hour

// latePreviews makes late previews; without previews, it drops what nobody made.
func (a *App) latePreviews() outbox.Queue {
	if a.previews != nil {
		return outbox.Queue{Name: queuePreviews, Run: a.enrichLate, Runners: lateAtOnce}
	}
	return outbox.Queue{
		Name:  queuePreviews,
		Run:   func(context.Context, outbox.Job) error { return nil },
		Delay: func(*record.Reader) (time.Duration, error) { return lateForOthers, nil },
	}
}

// addLate records that the preview of a message is still to come, and that of
// the link which an edit has taken away is not: behind it, the new one would
// wait until it is due, which is far off if the clock was set back meanwhile.
func addLate(tx *record.Txn, r *room, m *codec.Message, l link) error {
	if err := tx.CancelTasks(queuePreviews, m.ID); err != nil {
		return err
	}
	at := time.Now().UnixMicro()
	return tx.AddTask(queuePreviews, m.ID, codec.Task{
		Scope: record.ChannelScope(r.channel.CID), Payload: linkHash(l.url), RecordedAt: at, Due: at,
	})
}

func linkHash(url string) string {
	sum := sha256.Sum256([]byte(url))
	return string(sum[:8])
}

// enrichLate gives a message the preview that came too late for its send. By now
// it may be edited or deleted, committed, or have its preview.
func (a *App) enrichLate(ctx context.Context, job outbox.Job) error {
	id, text := job.Subject, ""
	err := a.db.View(ctx, func(r *record.Reader) error {
		f, err := findBare(r, MessageID(id))
		if text = ""; f != nil {
			text = f.message.Text
		}
		return err
	})
	if err != nil || text == "" {
		return err
	}
	link := a.makeHTML(text).FirstURL
	if linkHash(link) != job.Payload {
		return nil
	}
	preview, err := a.previews.ask(ctx, link)
	switch {
	case err != nil && (a.previews.ctx.Err() != nil || errors.Is(ctx.Err(), context.Canceled)):
		return err // the App ends: it is for the next one
	case err != nil:
		a.logPreview(ctx, id, err)
		return nil
	case preview == "":
		return nil
	}
	return a.db.Update(ctx, job.Scope, func(tx *record.Txn) error {
		f, err := findBare(&tx.Reader, MessageID(id))
		switch {
		case err != nil || f == nil:
			return err
		case f.message.Text != text:
			return outbox.ErrAgain // edited meanwhile; perhaps it still has the link
		}
		f.message.Attachments = joinPreview(f.message.Attachments, preview)
		if err := tx.ReplaceMessage(f.room.number, f.message); err != nil {
			return err
		}
		return tellMessage(tx, codec.EventMessageUpdated, f.room.number, f.message, "")
	})
}

// findBare finds a message that may get a preview and has none, pending or not;
// nil if there is no such. One that is overdue may: a commit that began before
// can still succeed.
func findBare(r *record.Reader, id MessageID) (*found, error) {
	f, err := findStored(r, id)
	if err != nil || f == nil || !f.message.Pending && f.room.sees(f.message) != whole {
		return nil, err
	}
	own, preview := splitPreview(f.message.Attachments)
	if f.room.channel.DeletedAt != 0 || !f.room.kind.URLEnrichment || preview != "" || countAttachments(own) >= maxAttachments {
		return nil, nil
	}
	return f, nil
}
