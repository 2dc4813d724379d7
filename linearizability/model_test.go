package linearizability

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/anishathalye/porcupine"

	"example.com/chat"
)

// state is one channel, as the rules have it. It is comparable, and copied to
// be changed: the checker holds many, so it is small.
type state struct {
	messages [messages]message
	last     int64 // the newest time that a message was given
	marks    [len(users)]int64
}

// message is what became of a message.
type message struct {
	sent       bool
	author     int8  // of users
	forMe      uint8 // a bit a user
	created    int64
	sentAt     int64 // of one that was pending
	pending    bool
	wasPending bool
	deleted    bool
	truncated  bool
	gone       bool
	purged     bool // gone, with others
}

func userIndex(id chat.UserID) int { return slices.Index(users[:], id) }

func bit(id chat.UserID) uint8 { return 1 << userIndex(id) }

// sees says whether a message exists for a viewer.
func (s *state) sees(viewer chat.UserID, i int) bool {
	m := &s.messages[i]
	switch {
	case !m.sent || m.gone || m.truncated:
		return false
	case viewer == application || viewer == users[m.author]:
		return true
	case m.pending:
		return false
	}
	return !isPrivate(i) || viewer == listed
}

// view is how a viewer who sees a message sees it.
func (s *state) view(viewer chat.UserID, room, i int) view {
	m := &s.messages[i]
	v := view{id: messageID(room, i), kind: chat.TypeRegular, author: users[m.author], created: m.created, sent: m.sentAt, pending: m.pending}
	v.forMe = viewer != application && m.forMe&bit(viewer) != 0
	if m.deleted || v.forMe {
		v.kind = chat.TypeDeleted
		return v
	}
	v.text = "text of " + string(v.id)
	return v
}

// page is what a viewer sees of the channel, oldest first.
func (s *state) page(viewer chat.UserID, room int) []view {
	list := []view{}
	for i := range s.messages {
		if s.sees(viewer, i) && !s.messages[i].pending {
			list = append(list, s.view(viewer, room, i))
		}
	}
	slices.SortFunc(list, func(a, b view) int { return cmp.Compare(a.created, b.created) })
	return list
}

func (s *state) unread(user chat.UserID) int {
	n := 0
	for i := range s.messages {
		m := &s.messages[i]
		if s.sees(user, i) && !m.pending && !m.deleted && m.forMe&bit(user) == 0 && users[m.author] != user && m.created > s.marks[userIndex(user)] {
			n++
		}
	}
	return n
}

// step says whether an operation may answer so in a state, and what is then.
// The one thing that it takes from the answer is the time that a message was
// given, which has to be later than all before.
func (s state) step(o operation, out outcome) (bool, state) {
	switch o.action {
	case readMessage:
		if !s.sees(o.by, o.message) {
			return out.err == chat.ErrNotFound, s
		}
		return out.err == nil && out.message == s.view(o.by, o.room, o.message), s
	case readPage:
		return out.err == nil && slices.Equal(out.page, s.page(o.by, o.room)), s
	case readUnread:
		return out.err == nil && out.unread == s.unread(o.by), s
	case markRead:
		s.marks[userIndex(o.by)] = s.last
		return out.err == nil, s
	case truncate, purge:
		s.truncate(o.action == purge)
		return out.err == nil, s
	case send:
		return s.send(o, out)
	case commit:
		return s.commit(o, out)
	}
	return s.change(o, out)
}

func (s *state) truncate(hard bool) {
	for i := range s.messages {
		m := &s.messages[i]
		switch {
		case !m.sent || m.gone:
		case hard || m.pending:
			m.gone, m.purged, m.pending = true, true, false
		default:
			m.truncated = true
		}
	}
}

func (s state) send(o operation, out outcome) (bool, state) {
	m := &s.messages[o.message]
	viewer := o.by
	if o.byApplication() {
		viewer = application
	}
	if m.sent { // a retry, or the id is taken
		if users[m.author] != o.by || !s.sees(o.by, o.message) {
			return out.err == chat.ErrConflict, s
		}
		return out.err == nil && out.message == s.view(viewer, o.room, o.message), s
	}
	held := isHeld(o.message)
	*m = message{sent: true, author: int8(userIndex(o.by)), created: out.message.created, pending: held, wasPending: held}
	if !held && !s.stamp(m.created) {
		return false, s
	}
	if !o.byApplication() { // who writes has read
		s.marks[userIndex(o.by)] = s.last
	}
	return out.err == nil && out.message == s.view(viewer, o.room, o.message), s
}

// stamp takes the time that a message was given.
func (s *state) stamp(at int64) bool {
	rises := at > s.last
	s.last = at
	return rises
}

func (s state) commit(o operation, out outcome) (bool, state) {
	m := &s.messages[o.message]
	switch {
	case m.purged && !m.wasPending: // until it is erased, its id is known
		return out.err == chat.ErrNotFound || out.err == chat.ErrNotPending, s
	case !m.sent || m.gone && !m.wasPending:
		return out.err == chat.ErrNotFound, s
	case !m.pending:
		return out.err == chat.ErrNotPending, s
	}
	m.pending, m.sentAt, m.created = false, m.created, out.message.created
	if !s.stamp(m.created) {
		return false, s
	}
	return out.err == nil && out.message == s.view(application, o.room, o.message), s
}

// change is about operations that change a message which the caller sees.
func (s state) change(o operation, out outcome) (bool, state) {
	m := &s.messages[o.message]
	if !s.sees(o.by, o.message) {
		return out.err == chat.ErrNotFound, s
	}
	mine := o.by == application || o.by == users[m.author]
	switch o.action {
	case deleteSoft:
		switch {
		case m.pending:
			return out.err == chat.ErrPending, s
		case !mine:
			return out.err == chat.ErrPermission, s
		}
		m.deleted = true
	case deleteHard:
		if !mine {
			return out.err == chat.ErrPermission, s
		}
		m.gone, m.pending = true, false
	case deleteForMe:
		if m.pending {
			return out.err == chat.ErrPending, s
		}
		m.forMe |= bit(o.by)
	case undelete:
		switch {
		case m.pending:
			return out.err == chat.ErrPending, s
		case !m.deleted:
			return out.err == chat.ErrNotDeleted, s
		}
		m.deleted = false
		return out.err == nil && out.message == s.view(o.by, o.room, o.message), s
	}
	return out.err == nil, s
}

// newModel makes the model that the checker runs, channel by channel.
func newModel(step func(state, operation, outcome) (bool, state)) porcupine.Model {
	seed := maphash.MakeSeed()
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			parts := make([][]porcupine.Operation, rooms)
			for _, op := range history {
				room := op.Input.(operation).room
				parts[room] = append(parts[room], op)
			}
			return parts
		},
		Init: func() any { return state{} },
		Step: func(s, in, out any) (bool, any) {
			return step(s.(state), in.(operation), out.(outcome))
		},
		Hash: func(s any) uint64 { return maphash.Comparable(seed, s.(state)) },
		DescribeOperation: func(in, out any) string {
			return fmt.Sprintf("%v -> %v", in, out)
		},
	}
}

// rules is the model.
func rules() porcupine.Model { return newModel(state.step) }

// forgetful is the model that forgets what one action changes.
func forgetful(forgotten action) porcupine.Model {
	return newModel(func(s state, o operation, out outcome) (bool, state) {
		ok, next := s.step(o, out)
		if o.action == forgotten {
			return ok, s
		}
		return ok, next
	})
}
