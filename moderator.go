package chat

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// Moderator is asked before a message is posted or edited by a user: it lets it
// through, changes it, holds it back as pending, or rejects it.
//
// It is asked about what others would see: a draft that is sent, what a command
// posts to the channel and what an action posts, and what an update or a patch
// makes of a message. It is not asked about what the application itself sends
// or edits, users with the grant skip-moderation, messages of the engine's own
// words (/ban, and those that go with a change of a channel), and answers that
// their author alone sees. What is refused anyway asks nobody; nor does the
// retry of a send that is stored.
//
// Moderate is called outside of any transaction, for several messages at once;
// it may be asked again about the same, if a message was changed meanwhile. A
// call delays only the send or edit that it is about, which waits as long as
// its own context lives, and fails if Moderate returns an error or panics: that
// comes wrapped in an Error without a Kind. It may call the App.
type Moderator interface {
	Moderate(context.Context, Proposal) (Verdict, error)
}

// ModeratorFunc makes a Moderator of a function.
type ModeratorFunc func(context.Context, Proposal) (Verdict, error)

// Moderate calls f.
func (f ModeratorFunc) Moderate(ctx context.Context, p Proposal) (Verdict, error) { return f(ctx, p) }

// Proposal is what a Moderator is asked about. It is a copy: it may be kept and
// changed.
type Proposal struct {
	// Message is the message as By would read it. Of one that is to be sent the
	// times are those of the question, a link has no preview yet, and Pending is
	// set if it will await commit anyway.
	Message Message

	// Before is the message as it is, if it is to be edited; nil for a send.
	Before *Message

	// By is who sends or edits: of an edit not always the author.
	By UserID
}

// Content is what the message holds that may be changed: a beginning for
// Verdict.Change.
func (p Proposal) Content() MessageContent {
	c := MessageContent{Text: p.Message.Text, Custom: p.Message.Custom}
	for _, attachment := range p.Message.Attachments {
		if attachment.OGScrapeURL == "" { // else it is the engine's
			c.Attachments = append(c.Attachments, attachment)
		}
	}
	for _, user := range p.Message.MentionedUsers {
		c.Mentions = append(c.Mentions, user.ID)
	}
	return c
}

// MessageContent is what a Moderator may change of a message. The limits are
// those of a [Draft].
type MessageContent struct {
	Text        string
	Attachments []Attachment // without the preview of a link
	Mentions    []UserID
	Custom      Custom
}

// Verdict is what a Moderator decides. The zero value lets a message through.
type Verdict struct {
	Decision Decision

	// Reason is told to whoever called, if the message is rejected: it is the
	// Reason of the ErrRejected. At most 1,000 characters. Default: "the message
	// was rejected".
	Reason string

	// Change is what the message is to hold; nil leaves it as it is. It is held
	// to what a draft may have (ErrInvalid, ErrTooLong, whose Field begins with
	// "moderator."), but what it adds needs no grant of the user's. Html and
	// preview are made of the changed text. With Reject it has no effect.
	Change *MessageContent

	// PendingMetadata goes with the message if it becomes pending, by Hold or
	// as its channel says; otherwise it has no effect. At most 5 KiB.
	PendingMetadata map[string]string
}

// Decision is what becomes of a message that a Moderator was asked about.
type Decision int

// The decisions.
const (
	// Allow lets it through.
	Allow Decision = iota

	// Hold makes a message that is sent pending: it awaits commit. A command's
	// answer, which is never pending, is rejected; for an edit it is ErrInvalid.
	Hold

	// Reject refuses it: the send or edit is ErrRejected and nothing changes. A
	// command's answer becomes an error message.
	Reject
)

// moderated is what a Moderator made of a message.
type moderated struct {
	text, mentions bool // changed: an error is the Moderator's

	// What the Moderator alone brought in needs no grant of the user's.
	ownLink, ownAttachments, ownMentions bool

	metadata []string // if it becomes pending
}

// moderates says whether the Moderator is asked about what the caller says.
func (a *App) moderates(r *room) bool {
	return a.options.Moderator != nil && !r.app && !r.can(SkipModeration)
}

// content is what a Moderator may change, as it is stored.
type content struct {
	text, attachments, custom string
	mentions                  []string
}

// contentOf is what a stored message holds, without the preview.
func contentOf(m *codec.Message) content {
	own, _ := splitPreview(m.Attachments)
	return content{m.Text, own, m.Custom, m.Mentions}
}

func (c content) equal(to content) bool {
	return c.text == to.text && c.attachments == to.attachments && c.custom == to.custom && slices.Equal(c.mentions, to.mentions)
}

// proposal is a question to the Moderator, and what has to be known to judge
// the answer.
type proposal struct {
	Proposal
	content content
	most    int // runes of a text
}

// propose makes the question about a send, in the view that checks it.
func (t *sending) propose(m *codec.Message) (*proposal, error) {
	seen := *m
	seen.CreatedAt, seen.UpdatedAt = t.room.now, t.room.now
	message, err := t.room.render(t.reader, &seen, whole)
	if err != nil {
		return nil, err
	}
	message.Command, message.Args = m.Command, m.Args
	return &proposal{Proposal{Message: message, By: t.room.user}, contentOf(m), t.room.kind.MaxMessageLength}, nil
}

// propose makes the question about an edit, in the view that checks it.
func (e *edit) propose(r *record.Reader, f *found) (*proposal, error) {
	after := *f
	after.message = new(codec.Message)
	*after.message = *f.message
	if _, err := e.apply(&after); err != nil {
		return nil, err
	}
	if _, err := checkContent(r, &after); err != nil {
		return nil, err
	}
	list, err := render(r, []found{{room: f.room, message: f.message, sight: f.sight}, {room: f.room, message: after.message, sight: whole}})
	if err != nil {
		return nil, err
	}
	return &proposal{Proposal{Message: list[1], Before: &list[0], By: f.room.user}, contentOf(after.message), f.room.kind.MaxMessageLength}, nil
}

// changes are what a verdict changes; nil parts stay.
type changes struct {
	text, attachments, custom *string
	mentions                  *[]UserID
	list                      []Attachment // those of attachments
}

// judge asks the Moderator and checks the answer. ErrRejected if that is it.
func (a *App) judge(ctx context.Context, p *proposal) (v Verdict, ch changes, err error) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	v, err = ask(limited, a, func() (Verdict, error) { return a.options.Moderator.Moderate(limited, p.Proposal) })
	if err != nil {
		if ended := cmp.Or(ctx.Err(), a.usable(ctx)); ended != nil {
			return v, ch, ended
		}
		return v, ch, hookFailed("the moderator failed", err)
	}
	switch v.Decision {
	case Allow, Hold:
	case Reject:
		if err := checkReason("reason", v.Reason); err != nil {
			return v, ch, within(fieldModerator, err)
		}
		if v.Reason == "" {
			v.Reason = "the message was rejected"
		}
		return v, ch, &Error{Kind: ErrRejected, Reason: v.Reason}
	default:
		return v, ch, invalid(fieldModerator+".decision", "is %d; must be Allow, Hold or Reject", v.Decision)
	}
	if v.Change != nil {
		ch, err = p.changes(v.Change)
	}
	return v, ch, within(fieldModerator, err)
}

// fieldModerator is where errors of what a Moderator says are.
const fieldModerator = "moderator"

// changes checks what a verdict changes, and finds what that is.
func (p *proposal) changes(to *MessageContent) (ch changes, err error) {
	if err := checkMessageText(to.Text, p.most); err != nil {
		return ch, err
	}
	attachments, err := encodeAttachments("attachments", to.Attachments)
	if err != nil {
		return ch, err
	}
	custom, err := encodeCustom("custom", to.Custom, maxCustom, messageFields)
	if err != nil {
		return ch, err
	}
	mentions, err := checkUserIDs("mentioned_users", to.Mentions, maxMentions)
	if err != nil {
		return ch, err
	}
	if strings.TrimSpace(to.Text) == "" && len(to.Attachments) == 0 && p.Message.QuotedMessageID == "" {
		return ch, invalid("text", "is empty; a message needs a text, an attachment or a quote")
	}
	was := &p.content
	if to.Text != was.text {
		ch.text = &to.Text
	}
	if s := string(attachments); s != was.attachments {
		ch.attachments, ch.list = &s, to.Attachments
	}
	if s := string(custom); s != was.custom {
		ch.custom = &s
	}
	if !slices.Equal(strs(mentions), was.mentions) {
		ch.mentions = &mentions
	}
	return ch, nil
}

// moderateSend has the Moderator judge what is to be sent, and changes it.
func (a *App) moderateSend(ctx context.Context, out *outgoing, p *proposal) error {
	v, ch, err := a.judge(ctx, p)
	if err != nil {
		return err
	}
	if v.Decision == Hold {
		if out.pending == PendingOff {
			return fail(ErrRejected, "", "the message was held back, which the answer of a command cannot be")
		}
		out.pending = PendingOn
	}
	by := &out.moderated
	if by.metadata, err = encodeMetadata(v.PendingMetadata); err != nil {
		return within(fieldModerator, err)
	}
	if ch.text != nil {
		had := out.link.url != ""
		out.draft.Text, by.text = *ch.text, true
		if err := a.renderText(out, ""); err != nil {
			return err
		}
		by.ownLink = !had
	}
	if ch.attachments != nil {
		by.ownAttachments = len(out.draft.Attachments) == 0
		out.attachments, out.draft.Attachments = *ch.attachments, ch.list
	}
	if ch.custom != nil {
		out.custom = *ch.custom
	}
	if ch.mentions != nil {
		by.ownMentions = len(out.mentions) == 0
		out.mentions, by.mentions = *ch.mentions, true
	}
	// What a command says has no link looked up.
	out.enriches = out.command == nil && a.mayEnrich(out.link, out.draft.SkipEnrichURL, len(out.draft.Attachments))
	return nil
}

// moderateEdit has the Moderator judge what an edit makes of a message, and
// changes it.
func (a *App) moderateEdit(ctx context.Context, e *edit) error {
	v, ch, err := a.judge(ctx, e.proposal)
	if err != nil {
		return err
	}
	if v.Decision == Hold {
		return invalid(fieldModerator+".decision", "is Hold for an edit; only what is sent can be held back")
	}
	by := &e.moderated
	if ch.text != nil {
		had := e.link.url != ""
		if err := e.setText(a, *ch.text); err != nil {
			return err
		}
		by.text, by.ownLink = true, !had
	}
	if ch.attachments != nil {
		by.ownAttachments = e.attachments == nil || *e.attachments == ""
		e.attachments = ch.attachments
	}
	if ch.custom != nil {
		e.custom = func(string) (string, error) { return *ch.custom, nil }
	}
	if ch.mentions != nil {
		by.mentions, by.ownMentions = true, e.mentions == nil || len(*e.mentions) == 0
		e.mentions = ch.mentions
	}
	return nil
}

// blame names the Moderator in the error of something that it changed.
func blame(changed bool, err error) error {
	if !changed {
		return err
	}
	return within(fieldModerator, err)
}
