package main

import (
	"slices"

	"example.com/chat"
)

// entry is a message as it should be: what was said, and what became of it.
type entry struct {
	id     chat.MessageID // empty for a system message, until the check learns it
	kind   chat.MessageType
	author chat.UserID
	text   string
	silent bool
	custom chat.Custom
	quoted *entry
	forTwo []chat.UserID // whom a private message names; nil if it is to all

	wasPending bool
	soft, hard bool
	forMe      chat.UserID // who deleted it for themselves
}

// seenBy says whether a member can see the message.
func (e *entry) seenBy(viewer chat.UserID) bool {
	if e.hard {
		return false
	}
	return e.forTwo == nil || e.author == viewer || slices.Contains(e.forTwo, viewer)
}

// blankTo says whether a member sees a placeholder.
func (e *entry) blankTo(viewer chat.UserID) bool {
	return e.soft || e.forMe != "" && e.forMe == viewer
}

// countsFor says whether the message is unread for a member who has not read so
// far.
func (e *entry) countsFor(viewer chat.UserID) bool {
	return e.seenBy(viewer) && !e.blankTo(viewer) && e.author != viewer && !e.silent
}

// room is a channel as it should be: everything that was ever shown in it, in
// order, and how many of these each member has read.
type room struct {
	cid     chat.CID
	entries []*entry
	members map[chat.UserID]int
	former  map[chat.UserID]bool // who left for good
	erased  []*entry             // pending messages that were deleted
}

func (r *room) isMember(user chat.UserID) bool {
	_, ok := r.members[user]
	return ok
}

// join makes a user a member who has read everything; a member stays as they
// are.
func (r *room) join(user chat.UserID) {
	if !r.isMember(user) {
		r.members[user] = len(r.entries)
		delete(r.former, user)
	}
}

func (r *room) leave(user chat.UserID) {
	if r.isMember(user) {
		delete(r.members, user)
		r.former[user] = true
	}
}

// unread is how much a member has not read.
func (r *room) unread(viewer chat.UserID) int {
	n := 0
	for _, e := range r.entries[r.members[viewer]:] {
		if e.countsFor(viewer) {
			n++
		}
	}
	return n
}

// history is what a member sees of the channel, placeholders included.
func (r *room) history(viewer chat.UserID) []*entry {
	var list []*entry
	for _, e := range r.entries {
		if e.seenBy(viewer) {
			list = append(list, e)
		}
	}
	return list
}

// all is what the application sees: everything that still exists.
func (r *room) all() []*entry {
	return slices.DeleteFunc(slices.Clone(r.entries), func(e *entry) bool { return e.hard })
}
