package record

import (
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// tell appends an event to the log of one audience.
func (t *Txn) tell(log []byte, e *codec.Event) error {
	t.scratch = e.Encode(t.scratch[:0])
	t.key = append(t.key[:0], log...)
	return t.txn.Append(t.key, t.scratch)
}

// TellChannel tells all who read a channel.
func (t *Txn) TellChannel(c Channel, e *codec.Event) error { return t.tell(keys.ChannelLog(c), e) }

// TellUser tells one user.
func (t *Txn) TellUser(user string, e *codec.Event) error { return t.tell(keys.UserLog(user), e) }

// TellAudience tells those who may see a message. The author of one that is
// theirs alone is told as if it were for all, unless they gave it a list.
func (t *Txn) TellAudience(c Channel, m *codec.Message, e *codec.Event) error {
	switch {
	case m.Pending:
		return t.TellUser(m.Author, e)
	case !m.Private():
		return t.TellChannel(c, e)
	}
	if err := t.tell(keys.PrivateLog(c), e); err != nil {
		return err
	}
	to := *e
	to.Copy, to.Shadowed = true, m.Shadowed && m.Restricted == nil
	for _, user := range Audience(m) {
		if user == Everyone {
			continue
		}
		if err := t.TellUser(user, &to); err != nil {
			return err
		}
	}
	return nil
}

// LastPosition is the position of the newest event there is. No event of a
// channel that is told before this transaction commits lies after it, if the
// transaction has the channel's scope.
func (r *Reader) LastPosition() (storage.Position, error) {
	span, err := r.r.Logs()
	return span.Newest, err
}

// Logs says which events there are.
func (r *Reader) Logs() (storage.LogSpan, error) { return r.r.Logs() }

// TrimLogs forgets all events up to a position.
func (t *Txn) TrimLogs(until storage.Position) error { return t.txn.TrimLogs(until) }

// Event is an event as it lies in a log.
type Event struct {
	codec.Event
	Position storage.Position
	Own      bool // it lies in the log of one user
	Private  bool // it lies in the log of those who may see all private messages of its channel
}

// Follow is whose events are read.
type Follow struct {
	User     string    // this user's own
	Channels []Channel // those of the readers of these
	Private  []Channel // and those of the ones who may see all private messages of these
}

// Logs are the names of the logs that are read.
func (f *Follow) Logs() [][]byte {
	list := make([][]byte, 0, 1+len(f.Channels)+len(f.Private))
	list = append(list, keys.UserLog(f.User))
	for _, c := range f.Channels {
		list = append(list, keys.ChannelLog(c))
	}
	for _, c := range f.Private {
		list = append(list, keys.PrivateLog(c))
	}
	return list
}

// Events reads the events after a position, in order, at most limit. Of all
// logs, which takes more than naming none, those records are left out that
// repeat another; last is the position of
// the last that was looked at, and full says that there may be more.
func (r *Reader) Events(logs [][]byte, all bool, after storage.Position, limit int) (list []Event, last storage.Position, full bool, err error) {
	last = after
	if len(logs) == 0 && !all {
		return nil, last, false, nil
	}
	records, err := r.r.Tail(logs, after, limit)
	if err != nil || len(records) == 0 {
		return nil, last, false, err
	}
	list = make([]Event, 0, len(records))
	for _, rec := range records {
		e, err := codec.DecodeEvent(rec.Value)
		if err != nil {
			return nil, last, false, err
		}
		last = rec.Position
		if all && e.Copy {
			continue
		}
		own, private := keys.LogKind(rec.Log)
		list = append(list, Event{e, rec.Position, own, private})
	}
	return list, last, len(records) == limit, nil
}

// Oldest reads the oldest records of all logs after a position, copies too.
func (r *Reader) Oldest(after storage.Position, limit int) ([]Event, error) {
	records, err := r.r.Tail(nil, after, limit)
	if err != nil {
		return nil, err
	}
	list := make([]Event, len(records))
	for i, rec := range records {
		list[i].Position = rec.Position
		if list[i].Event, err = codec.DecodeEvent(rec.Value); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// GoneChannels are the channels that were taken from a user's after a position,
// as they were deleted, with their cids.
func (r *Reader) GoneChannels(user string, after storage.Position) (map[Channel]string, error) {
	records, err := r.r.Tail([][]byte{keys.GoneLog(user)}, after, 0)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	gone := make(map[Channel]string, len(records))
	for _, rec := range records {
		e, err := codec.DecodeEvent(rec.Value)
		if err != nil {
			return nil, err
		}
		gone[Channel(e.Channel)] = e.CID
	}
	return gone, nil
}

// ReceiverPlace reads up to where a receiver was told of all events.
func (b *Batch) ReceiverPlace(name string) *Value[storage.Position] {
	return get(b, keys.ReceiverPlace(name), func(raw string) (p storage.Position, err error) {
		n, err := codec.DecodeNumbers(raw)
		if err != nil || len(n) != 2 {
			return p, err
		}
		return storage.PositionAt(n[0], n[1]), nil
	})
}

// PutReceiverPlace stores up to where a receiver was told.
func (t *Txn) PutReceiverPlace(name string, p storage.Position) error {
	high, low := p.Numbers()
	return t.put(keys.ReceiverPlace(name), codec.Numbers{high, low})
}
