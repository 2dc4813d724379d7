package codec

import "strings"

// Message is a message as it is stored. Times are microseconds since 1970; 0 is
// unset. Attachments and Custom are compact JSON.
type Message struct {
	ID       string
	Author   string
	System   bool
	Silent   bool
	SkipPush bool
	Shown    bool // a reply that lies in the channel's pages too
	Pending  bool

	CreatedAt     int64 // of a pending message: the time sent
	UpdatedAt     int64
	TextUpdatedAt int64
	DeletedAt     int64
	SentAt        int64 // of a message that was pending

	Text string
	HTML string // empty: the text escaped, in a paragraph

	ParentID string
	ParentAt int64
	QuotedID string

	Restricted  []string // nil: all
	Mentions    []string
	Attachments string
	Custom      string

	Metadata    []string // of a pending message: keys and values in turn
	Fingerprint string   // of the input, 16 bytes

	Command, Args string // of what a command posted

	Reacted  bool // there is, or was, a reaction to it: its summary is worth a look
	Replied  bool // there is, or was, a reply to it
	Shadowed bool // its author alone sees it, and does not know

	MentionsAll    bool // everyone in the channel
	MentionsOnline bool // everyone who is online

	PinnedAt, PinExpires int64 // 0: not pinned, never
	PinnedBy             string

	Alone *Content // what its author is shown instead, and nobody else; nil: the same

	wrapped string // the text as it was stored, in its paragraph
}

// Content is what an edit makes of a message.
type Content struct {
	UpdatedAt     int64
	TextUpdatedAt int64
	Text, HTML    string
	QuotedID      string
	Mentions      []string
	Attachments   string
	Custom        string
}

func (c *Content) encode(e *encoder) {
	e.time(c.UpdatedAt)
	e.time(c.TextUpdatedAt)
	for _, text := range []string{c.Text, c.HTML, c.QuotedID, c.Attachments, c.Custom} {
		e.text(text)
	}
	e.texts(c.Mentions)
}

func decodeContent(d *decoder) *Content {
	c := &Content{UpdatedAt: d.time(), TextUpdatedAt: d.time()}
	for _, text := range []*string{&c.Text, &c.HTML, &c.QuotedID, &c.Attachments, &c.Custom} {
		*text = d.text()
	}
	c.Mentions = d.texts()
	return c
}

// Private says whether the message is for some alone.
func (m *Message) Private() bool { return m.Restricted != nil || m.Shadowed }

// A text that means the same in html is stored in its paragraph, so that its
// html need not be put together each time the message is read.
const paragraphStart, paragraphEnd = "<p>", "</p>\n"

// Paragraph is the html of the text, where that is the text in a paragraph and
// was stored so.
func (m *Message) Paragraph() (html string, ok bool) {
	start, end := len(paragraphStart), len(m.wrapped)-len(paragraphEnd)
	return m.wrapped, end > start && m.wrapped[start:end] == m.Text
}

func (m *Message) isParagraph() bool {
	return m.HTML == "" && !strings.ContainsAny(m.Text, `&<>"`) && strings.TrimSpace(m.Text) != ""
}

// Version 2 added what a command posted; version 3 what became of the message in
// the conversation; version 4 edits that their author alone is shown.
const messageVersion = 4

// The bits that say which parts of a message follow.
const (
	hasSystem = 1 << iota
	hasSilent
	hasSkipPush
	hasShown
	hasPending
	hasUpdated
	hasTextUpdated
	hasDeleted
	hasSent
	hasHTML
	hasParent
	hasQuoted
	hasRestricted
	hasMentions
	hasAttachments
	hasCustom
	hasMetadata
	hasParagraph
	hasCommand
	hasReacted
	hasReplied
	hasShadowed
	hasMentionsAll
	hasMentionsOnline
	hasPin
	hasAlone
	hasAll = 1<<iota - 1
)

// Encode appends the message to b.
func (m *Message) Encode(b []byte) []byte {
	e := encoder{b}
	has := m.parts()
	e.version(messageVersion)
	e.count(has)
	e.text(m.ID)
	e.text(m.Author)
	e.time(m.CreatedAt)
	if has&hasParagraph != 0 {
		e.count(uint64(len(paragraphStart) + len(m.Text) + len(paragraphEnd)))
		e.b = append(append(append(e.b, paragraphStart...), m.Text...), paragraphEnd...)
	} else {
		e.text(m.Text)
	}
	e.text(m.Fingerprint)
	if has&hasUpdated != 0 {
		e.time(m.UpdatedAt - m.CreatedAt)
	}
	if has&hasTextUpdated != 0 {
		e.time(m.TextUpdatedAt - m.CreatedAt)
	}
	if has&hasDeleted != 0 {
		e.time(m.DeletedAt - m.CreatedAt)
	}
	if has&hasSent != 0 {
		e.time(m.SentAt - m.CreatedAt)
	}
	if has&hasHTML != 0 {
		e.text(m.HTML)
	}
	if has&hasParent != 0 {
		e.text(m.ParentID)
		e.time(m.ParentAt - m.CreatedAt)
	}
	if has&hasQuoted != 0 {
		e.text(m.QuotedID)
	}
	if has&hasRestricted != 0 {
		e.texts(m.Restricted)
	}
	if has&hasMentions != 0 {
		e.texts(m.Mentions)
	}
	if has&hasAttachments != 0 {
		e.text(m.Attachments)
	}
	if has&hasCustom != 0 {
		e.text(m.Custom)
	}
	if has&hasMetadata != 0 {
		e.texts(m.Metadata)
	}
	if has&hasCommand != 0 {
		e.text(m.Command)
		e.text(m.Args)
	}
	if has&hasPin != 0 {
		e.time(m.PinnedAt)
		e.time(m.PinExpires)
		e.text(m.PinnedBy)
	}
	if has&hasAlone != 0 {
		m.Alone.encode(&e)
	}
	return e.b
}

func (m *Message) parts() uint64 {
	return bit(m.System, hasSystem) | bit(m.Silent, hasSilent) | bit(m.SkipPush, hasSkipPush) |
		bit(m.Shown, hasShown) | bit(m.Pending, hasPending) |
		bit(m.UpdatedAt != m.CreatedAt, hasUpdated) | bit(m.TextUpdatedAt != 0, hasTextUpdated) |
		bit(m.DeletedAt != 0, hasDeleted) | bit(m.SentAt != 0, hasSent) |
		bit(m.HTML != "", hasHTML) | bit(m.ParentID != "", hasParent) | bit(m.QuotedID != "", hasQuoted) |
		bit(m.Restricted != nil, hasRestricted) | bit(len(m.Mentions) != 0, hasMentions) |
		bit(m.Attachments != "", hasAttachments) | bit(m.Custom != "", hasCustom) |
		bit(len(m.Metadata) != 0, hasMetadata) | bit(m.isParagraph(), hasParagraph) |
		bit(m.Command != "" || m.Args != "", hasCommand) |
		bit(m.Reacted, hasReacted) | bit(m.Replied, hasReplied) | bit(m.Shadowed, hasShadowed) |
		bit(m.MentionsAll, hasMentionsAll) | bit(m.MentionsOnline, hasMentionsOnline) |
		bit(m.PinnedAt != 0 || m.PinExpires != 0 || m.PinnedBy != "", hasPin) |
		bit(m.Alone != nil, hasAlone)
}

func bit(set bool, b uint64) uint64 {
	if set {
		return b
	}
	return 0
}

func (m *Message) unwrap(d *decoder) {
	text, started := strings.CutPrefix(m.wrapped, paragraphStart)
	text, ended := strings.CutSuffix(text, paragraphEnd)
	if m.Text = text; !started || !ended || text == "" {
		d.fail()
	}
}

// DecodeMessage reads a message.
func DecodeMessage[B raw](b B) (m Message, err error) {
	err = m.Decode(string(b))
	return m, err
}

// Decode reads a message into m, which is the zero Message.
func (m *Message) Decode(s string) error {
	d := decode("message", s, messageVersion)
	has := d.count()
	if has > hasAll {
		d.fail()
	}
	m.System = has&hasSystem != 0
	m.Silent = has&hasSilent != 0
	m.SkipPush = has&hasSkipPush != 0
	m.Shown = has&hasShown != 0
	m.Pending = has&hasPending != 0
	m.Reacted = has&hasReacted != 0
	m.Replied = has&hasReplied != 0
	m.Shadowed = has&hasShadowed != 0
	m.MentionsAll = has&hasMentionsAll != 0
	m.MentionsOnline = has&hasMentionsOnline != 0
	m.ID = d.text()
	m.Author = d.text()
	m.CreatedAt = d.time()
	m.Text = d.text()
	if has&hasParagraph != 0 {
		m.wrapped = m.Text
		m.unwrap(&d)
	}
	m.Fingerprint = d.text()
	m.UpdatedAt = m.CreatedAt
	if has&hasUpdated != 0 {
		m.UpdatedAt += d.time()
	}
	if has&hasTextUpdated != 0 {
		m.TextUpdatedAt = m.CreatedAt + d.time()
	}
	if has&hasDeleted != 0 {
		m.DeletedAt = m.CreatedAt + d.time()
	}
	if has&hasSent != 0 {
		m.SentAt = m.CreatedAt + d.time()
	}
	if has&hasHTML != 0 {
		m.HTML = d.text()
	}
	if has&hasParent != 0 {
		if m.ParentID = d.text(); m.ParentID == "" {
			d.fail()
		}
		m.ParentAt = m.CreatedAt + d.time()
	}
	if has&hasQuoted != 0 {
		m.QuotedID = d.text()
	}
	if has&hasRestricted != 0 {
		if m.Restricted = d.texts(); m.Restricted == nil {
			m.Restricted = []string{}
		}
	}
	if has&hasMentions != 0 {
		m.Mentions = d.texts()
	}
	if has&hasAttachments != 0 {
		m.Attachments = d.text()
	}
	if has&hasCustom != 0 {
		m.Custom = d.text()
	}
	if has&hasMetadata != 0 {
		m.Metadata = d.texts()
	}
	if has&hasCommand != 0 {
		m.Command, m.Args = d.text(), d.text()
	}
	if has&hasPin != 0 {
		m.PinnedAt, m.PinExpires, m.PinnedBy = d.time(), d.time(), d.text()
	}
	if has&hasAlone != 0 {
		m.Alone = decodeContent(&d)
	}
	return d.done()
}
