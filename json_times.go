package chat

// What is written here has times in it and no other peculiarity: each is as its
// tags say, with the times as those of a message. Reading needs nothing of it.

type (
	banFields       Ban
	blockFields     Block
	blockListFields BlockList
	erasureFields   Erasure
	eventFields     Event
	flagFields      Flag
	reviewFields    FlagReview
	muteFields      Mute
	threadFields    Thread
)

// MarshalJSON writes the times as those of a message.
func (b Ban) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		banFields
		CreatedAt timestamp  `json:"created_at"`
		Expires   *timestamp `json:"expires"`
	}{banFields(b), timestamp(b.CreatedAt), (*timestamp)(b.Expires)})
}

// MarshalJSON writes the times as those of a message.
func (b Block) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		blockFields
		BlockedAt timestamp `json:"blocked_at"`
	}{blockFields(b), timestamp(b.BlockedAt)})
}

// MarshalJSON writes the times as those of a message.
func (l BlockList) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		blockListFields
		CreatedAt timestamp `json:"created_at"`
		UpdatedAt timestamp `json:"updated_at"`
	}{blockListFields(l), timestamp(l.CreatedAt), timestamp(l.UpdatedAt)})
}

// MarshalJSON writes the times as those of a message.
func (e Erasure) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		erasureFields
		StartedAt  timestamp  `json:"started_at"`
		FinishedAt *timestamp `json:"finished_at"`
	}{erasureFields(e), timestamp(e.StartedAt), (*timestamp)(e.FinishedAt)})
}

// MarshalJSON writes what is set, and the times as those of a message.
func (e Event) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		Type      EventType `json:"type"` // first, as ever
		Cursor    Cursor    `json:"cursor,omitempty"`
		CreatedAt timestamp `json:"created_at"`
		eventFields
		ReadAt *timestamp `json:"read_at,omitempty"`
	}{e.Type, e.Cursor, timestamp(e.CreatedAt), eventFields(e), (*timestamp)(e.ReadAt)})
}

// MarshalJSON writes the times as those of a message.
func (f Flag) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		flagFields
		CreatedAt timestamp   `json:"created_at"`
		Review    *FlagReview `json:"review"` // last, as ever
	}{flagFields(f), timestamp(f.CreatedAt), f.Review})
}

// MarshalJSON writes the times as those of a message.
func (r FlagReview) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		reviewFields
		At timestamp `json:"at"`
	}{reviewFields(r), timestamp(r.At)})
}

// MarshalJSON writes the times as those of a message.
func (m Mute) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		muteFields
		MutedAt timestamp  `json:"muted_at"`
		Expires *timestamp `json:"expires"`
	}{muteFields(m), timestamp(m.MutedAt), (*timestamp)(m.Expires)})
}

// MarshalJSON writes the times as those of a message.
func (t Thread) MarshalJSON() ([]byte, error) {
	return marshalPlain(struct {
		threadFields
		LastReplyAt *timestamp `json:"last_reply_at"`
		LastRead    *timestamp `json:"last_read"`
	}{threadFields(t), (*timestamp)(t.LastReplyAt), (*timestamp)(t.LastRead)})
}
