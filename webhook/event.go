package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Event is something that happened in the chat: what a receiver mostly wants to
// know of it.
type Event struct {
	// Cursor is the same each time the event comes, and no other event's: a
	// receiver that must not do its work twice keeps those of what it has done,
	// a few days long.
	Cursor string

	Type      string // such as "message.new"
	CID       string // the channel, "type:id"; empty for what belongs to none
	CreatedAt time.Time

	Message *Message // nil unless it is about one
	User    *User    // whom it is about, if anybody
	By      *User    // who did it, if a user did

	// Raw is the whole event object, with everything else that is in it.
	Raw json.RawMessage
}

// ReadEvents reads and verifies a request of the event webhook. Its errors are
// those of [Verifier.Read], and ErrMalformed for what holds no events.
func (v *Verifier) ReadEvents(r *http.Request) ([]Event, error) {
	body, err := v.Read(r)
	if err != nil {
		return nil, err
	}
	var events []Event
	if err := readObject(body, map[string]any{"events": &events}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("%w: it has no events", ErrMalformed)
	}
	for i := range events {
		if events[i].Type == "" {
			return nil, fmt.Errorf("%w: one of its events has no type", ErrMalformed)
		}
	}
	return events, nil
}

// UnmarshalJSON reads the event object of the chat.
func (e *Event) UnmarshalJSON(data []byte) error {
	var read Event
	err := readObject(data, map[string]any{
		"cursor": &read.Cursor, "type": &read.Type, "cid": &read.CID, "created_at": &read.CreatedAt,
		"message": &read.Message, "user": &read.User, "by": &read.By,
	})
	if err != nil {
		return err
	}
	read.Raw = append(json.RawMessage(nil), data...)
	*e = read
	return nil
}
