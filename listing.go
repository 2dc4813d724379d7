package chat

import (
	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// listing is a channel that may be in a list. What it takes to decide is read
// when it is asked for.
type listing struct {
	*readState // nil until opened
	number     record.Channel
	own        *codec.UserChannel // empty if it is not one's own
	isOwn      bool
	place      listPlace
	counted    *int
	newest     *newestMessage
}

// newestMessage is the newest message of a channel that a caller can see and
// that is not deleted for all.
type newestMessage struct {
	at      int64 // 0: there is none
	private bool
}

func (e *listing) newestVisible(r *record.Reader) (newestMessage, error) {
	if e.newest != nil {
		return *e.newest, nil
	}
	room := e.room
	var n newestMessage
	if at := e.count.Head().Live.Newest; at > room.floor() {
		n.at = at
	}
	if !room.mayHavePrivate() {
		e.newest = &n
		return n, nil
	}
	b := r.Batch()
	private := b.PrivateStream(room.number, room.privateReader())
	if err := b.Run(); err != nil {
		return newestMessage{}, err
	}
	if at := private.V.Newest; at > max(room.floor(), room.privateFloor(), n.at) {
		n = newestMessage{at, true}
	}
	e.newest = &n
	return n, nil
}

// hidden says whether the channel is hidden from the caller: they hid it, and
// nothing they can see came since.
func (e *listing) hidden(r *record.Reader) (bool, error) {
	if e.room.own.HiddenAt == 0 {
		return false, nil
	}
	newest, err := e.newestVisible(r)
	return newest.at <= e.room.own.HiddenAt, err
}

func (e *listing) unreadCount(r *record.Reader) (int, error) {
	if e.counted != nil {
		return *e.counted, nil
	}
	if e.room.app || e.room.enter() != nil {
		return 0, nil
	}
	n, err := e.unread(r)
	e.counted = &n
	return n, err
}

// state makes of an entry what the caller sees of the channel.
func (e *listing) state(r *record.Reader, q ChannelQuery) (ChannelState, error) {
	room := e.room
	var members []record.Membership
	people := r.People()
	b := r.Batch()
	people.Want(b, room.channel.CreatedBy)
	if q.Members > 0 {
		b.Members(room.number, "", q.Members, &members)
	}
	if err := b.Run(); err != nil {
		return ChannelState{}, err
	}
	channel, err := channelFrom(&people, room.channel)
	if err != nil {
		return ChannelState{}, err
	}
	if err := room.readCooldown(r); err != nil {
		return ChannelState{}, err
	}
	s := ChannelState{Channel: channel, CooldownUntil: room.cooldownUntil(), Muted: room.muted(), Capabilities: room.capabilities()}
	if s.Blocked, err = room.blocks(r); err != nil {
		return s, err
	}
	s.PinnedAt, s.ArchivedAt = momentPtr(room.own.PinnedAt), momentPtr(room.own.ArchivedAt)
	if s.Muted && room.own.MutedUntil != never {
		s.MuteExpires = momentPtr(room.own.MutedUntil)
	}
	if s.Members, err = renderMembers(r, members); err != nil {
		return s, err
	}
	if room.isMember {
		m := memberFrom(userFrom(room.userRecord), *room.member)
		s.Membership = &m
		if room.joined() {
			s.LastRead = moment(e.mark.V.ReadAt)
		}
	}
	if s.Hidden, err = e.hidden(r); err != nil || room.channel.Disabled && !room.app {
		return s, err
	}
	if s.Unread, err = e.unreadCount(r); err != nil {
		return s, err
	}
	if s.Unread > 0 {
		if s.UnreadMentions, err = e.unreadMentions(r, 0, e.from()); err != nil {
			return s, err
		}
	}
	return s, e.addMessages(r, q, &s)
}

// addMessages adds the latest messages, the last one and the caller's own
// pending ones.
func (e *listing) addMessages(r *record.Reader, q ChannelQuery, s *ChannelState) error {
	room := e.room
	if q.Messages > 0 {
		page, err := room.page(r, pageQuery{limit: q.Messages, way: latest})
		if err != nil {
			return err
		}
		s.Messages = page.Items
	}
	newest, err := e.newestVisible(r)
	if err != nil {
		return err
	}
	if newest.at != 0 {
		place := codec.Place{Kind: codec.PlaceTimeline, Channel: uint64(room.number), At: newest.at}
		if newest.private {
			place.Kind = codec.PlacePrivate
		}
		stored, err := r.MessagesAt([]codec.Place{place})
		if err != nil {
			return err
		}
		last, err := room.renderAll(r, stored)
		if err != nil {
			return err
		}
		if len(last) == 1 {
			s.LastMessage, s.LastMessageAt = &last[0], momentPtr(newest.at)
		}
	}
	if room.app {
		return nil
	}
	if e.count.Head().LastAside <= max(room.expiry(), room.truncation()) {
		return nil
	}
	pending, err := r.PendingBy(room.number, string(room.user), max(room.expiry(), room.truncation()), pendingShown)
	if err != nil {
		return err
	}
	s.Pending, err = room.renderAll(r, pending)
	return err
}

// capabilities are the actions that would succeed for the caller now.
func (r *room) capabilities() []Action {
	if r.enter() != nil {
		return nil
	}
	granted := r.granted()
	list := make([]Action, 0, len(granted))
	for _, action := range granted {
		if r.possible(action) {
			list = append(list, action)
		}
	}
	return list
}

// possible says whether the channel's state and settings let an action succeed
// for who is granted it.
func (r *room) possible(action Action) bool {
	if r.unbanned(action) != nil {
		return false
	}
	frozen := r.channel.Frozen && !r.can(UseFrozenChannel)
	switch action {
	case CreateMessage, CreateAttachment, CreateMention, CreateMentionAll, CreateMentionOnline, AddLinks, CreateSystemMessage, CreateRestrictedVisibilityMessage:
		return !frozen && !r.cools()
	case CreateReply:
		return !frozen && !r.cools() && r.kind.Replies
	case CreateReaction:
		return !frozen && r.kind.Reactions
	case MuteChannel:
		return r.kind.Mutes && r.joined()
	case LeaveChannel:
		return r.isMember && !isDistinct(CID(r.channel.CID))
	case SearchMessages:
		return r.kind.Search
	}
	return true
}
