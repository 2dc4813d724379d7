package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"time"
)

// Kind is what a callback tells of. It is the last part of the address that the
// callback is posted to.
type Kind string

// The kinds of callback.
const (
	PendingSent    Kind = "PassOnPendingMessage"  // a message was sent and awaits commit
	PendingDeleted Kind = "DeletedPendingMessage" // one was deleted, by whomever, or expired

	// Events is no callback: it is posted to the event webhook, and read with
	// [Verifier.ReadEvents].
	Events Kind = "Events"
)

// Callback is a genuine request.
type Callback struct {
	Kind Kind

	// ID is the same each time a callback comes: a receiver that must not do its
	// work twice keeps the ids of what it has done, a few days long.
	ID string

	SignedAt time.Time // when this attempt was made, to the second
	Attempt  int       // from 1; 0 if the request does not say. It is not signed

	Message  Message
	Metadata map[string]string // what the application gave with the message
}

// Message is a message as the application sees it: what a receiver mostly wants
// to know of it.
type Message struct {
	ID          string
	CID         string // the channel, "type:id"
	Type        string
	Text        string
	HTML        string // made from the text, safe to show
	User        User   // the author
	Attachments []Attachment
	ParentID    string   // set on a reply
	Restricted  []string // who may see a private message beside its author; nil: all
	CreatedAt   time.Time
	DeletedAt   time.Time // zero unless it was deleted

	// Raw is the whole message object, with everything else that is in it.
	Raw json.RawMessage
}

// User is who wrote a message.
type User struct {
	ID   string
	Name string
	Role string
}

// Attachment is a link, file or picture that goes with a message.
type Attachment struct {
	Type      string
	Title     string
	TitleLink string
	Text      string
	ImageURL  string
	ThumbURL  string
	AssetURL  string
}

// decode makes a callback of a request that was verified.
func decode(r *http.Request, body []byte) (*Callback, error) {
	c := &Callback{Kind: Kind(path.Base(r.URL.Path)), ID: r.Header.Get(headerID)}
	if c.Kind != PendingSent && c.Kind != PendingDeleted {
		return nil, fmt.Errorf("%w: its path does not end in %s or %s", ErrMalformed, PendingSent, PendingDeleted)
	}
	err := readObject(body, map[string]any{"message": &c.Message, "metadata": &c.Metadata})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if c.Message.ID == "" {
		return nil, fmt.Errorf("%w: its message has no id", ErrMalformed)
	}
	// The path is not signed, the message is.
	if c.Message.DeletedAt.IsZero() != (c.Kind == PendingSent) {
		return nil, fmt.Errorf("%w: its path does not say what its message says", ErrMalformed)
	}
	seconds, _ := strconv.ParseInt(r.Header.Get(headerTimestamp), 10, 64) // it was verified
	c.SignedAt = time.Unix(seconds, 0).UTC()
	c.Attempt, _ = strconv.Atoi(r.Header.Get(headerAttempt)) // 0 if it says nothing that makes sense
	return c, nil
}

// UnmarshalJSON reads the message object of the chat.
func (m *Message) UnmarshalJSON(data []byte) error {
	var read Message
	err := readObject(data, map[string]any{
		"id": &read.ID, "cid": &read.CID, "type": &read.Type, "text": &read.Text, "html": &read.HTML, "user": &read.User,
		"attachments": &read.Attachments, "parent_id": &read.ParentID, "restricted_visibility": &read.Restricted,
		"created_at": &read.CreatedAt, "deleted_at": &read.DeletedAt,
	})
	if err != nil {
		return err
	}
	read.Raw = append(json.RawMessage(nil), data...)
	*m = read
	return nil
}

// UnmarshalJSON reads the user object of the chat.
func (u *User) UnmarshalJSON(data []byte) error {
	var read User
	err := readObject(data, map[string]any{"id": &read.ID, "name": &read.Name, "role": &read.Role})
	if err == nil {
		*u = read
	}
	return err
}

// UnmarshalJSON reads the attachment object of the chat.
func (a *Attachment) UnmarshalJSON(data []byte) error {
	var read Attachment
	err := readObject(data, map[string]any{
		"type": &read.Type, "title": &read.Title, "title_link": &read.TitleLink, "text": &read.Text,
		"image_url": &read.ImageURL, "thumb_url": &read.ThumbURL, "asset_url": &read.AssetURL,
	})
	if err == nil {
		*a = read
	}
	return err
}

// readObject reads fields of an object by their exact names. encoding/json by
// itself takes a field for another that differs from it in case, and custom data
// lies beside the fields of the chat: the author of a message could hide its text
// from a moderator behind a "Text" of their own.
func readObject(data []byte, fields map[string]any) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	for name, field := range fields {
		value, there := object[name]
		if !there {
			continue
		}
		if err := json.Unmarshal(value, field); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
