package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"example.com/chat/internal/markup"
)

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
	pinExpires  int64

	command   *invocation // what it answers, if it is the answer to a command
	moderated moderated
	words     *words // of the text, where block lists are held against it
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
	if err := checkMentionFlags(&d); err != nil {
		return nil, err
	}
	if o.Pending < PendingDefault || o.Pending > PendingOff {
		return nil, invalid("pending", "is %d; must be PendingDefault, PendingOn or PendingOff", o.Pending)
	}
	if err := out.checkPin(); err != nil {
		return nil, err
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

// checkPin checks what the draft says of a pin.
func (out *outgoing) checkPin() (err error) {
	d := &out.draft
	if !d.Pinned && !d.PinExpires.IsZero() {
		return invalid("pin_expires", "is set on a message that is not pinned")
	}
	out.pinExpires, err = checkExpires(d.PinExpires)
	return err
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
	for _, set := range [...]bool{d.ShowInChannel, d.Silent, d.SkipPush, d.SkipEnrichURL, d.MentionAll, d.MentionOnline} {
		b = strconv.AppendBool(b, set)
	}
	b = append(b, byte(o.Pending))
	if d.Pinned {
		b = binary.AppendVarint(append(b, 'p'), out.pinExpires)
	}
	sum := sha256.Sum256(b)
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
