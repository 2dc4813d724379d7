package model

import (
	"reflect"
	"slices"
)

// verdict collects what is wrong with a step. Which of several faults a call
// names is not laid down, so each is a right answer.
type verdict []Kind

func (v *verdict) add(wrong bool, kind Kind) {
	if wrong && !slices.Contains(*v, kind) {
		*v = append(*v, kind)
	}
}

// or is the right answers: what is wrong, or that nothing is.
func (v verdict) or(right ...Kind) []Kind {
	if len(v) == 0 {
		return append(right, OK)
	}
	return append(right, v...)
}

// Expect says what a step may answer: OK alone, or the errors that would be
// right.
func (w *World) Expect(s Step) []Kind {
	fixed := isDistinct(s.CID) && slices.Contains([]Op{EnsureChannel, AddMembers, RemoveMembers, Leave}, s.Op)
	if s.By != "" && !w.active(s.By) {
		if fixed || s.Op == EnsureDistinct && len(DistinctMembers(s)) < 2 {
			return []Kind{Invalid}
		}
		if s.Op == PatchMessage && badPatch(s, messageReach...) || s.Op == PatchChannel && badPatch(s, "name") {
			return []Kind{Permission, Invalid}
		}
		if slices.Contains([]Op{MuteUser, BanUser, FlagUser, BlockUser}, s.Op) && s.User == s.By {
			return []Kind{Permission, Invalid} // bad input is refused before anything is looked up
		}
		if s.Op == Send && badSend(s) {
			return []Kind{Permission, Invalid}
		}
		return []Kind{Permission}
	}
	if fixed {
		return []Kind{Invalid}
	}
	var v verdict
	switch s.Op {
	case PutUser:
		v.add(w.User(s.User) != nil && !w.exists(s.User), IsDeleted)
	case PatchUser:
		w.expectPatchUser(s, &v)
	case EraseUser:
		v.add(w.User(s.User) == nil, NotFound)
	case SetTimeout, Sleep, ReopenStore, ReopenInThePast, RunDueWork:
	case ChangeType:
		v.add(w.missesList(s.Lists), Invalid)
	case BlockUser:
		v.add(s.User == s.By || !w.exists(s.User), Invalid)
	case UnblockUser:
	case CreateList, UpdateList, DeleteList:
		w.expectList(s, &v)
	case ReviewMessage, ReviewUser:
		return w.expectReview(s)
	case Deactivate, Reactivate:
		v.add(w.User(s.User) == nil, NotFound)
		v.add(w.User(s.User) != nil && !w.exists(s.User), IsDeleted)
	case MuteUser, UnmuteUser:
		w.expectMute(s, &v)
	case BanUser, UnbanUser:
		return w.expectBan(s)
	case FlagMessage, FlagUser, UnflagMessage, UnflagUser:
		return w.expectFlag(s)
	case React, Unreact, PinMessage, Unpin:
		return w.expectReaction(s)
	case RunAction:
		return w.expectAction(s)
	case EnsureChannel:
		return w.expectEnsure(s, w.Channel(s.CID), channelType(s.CID))
	case EnsureDistinct:
		if len(DistinctMembers(s)) < 2 {
			return []Kind{Invalid}
		}
		return w.expectEnsure(s, w.Distinct(s), s.Type)
	case Send:
		return w.expectSend(s)
	case Update, PatchMessage, Delete, DeleteForMe, MarkReadTo, MarkUnread, MarkThreadRead, MarkThreadUnread, Undelete, Commit:
		return w.expectMessage(s)
	default:
		return w.expectChannel(s)
	}
	return v.or()
}

// enter says whether a caller may use a channel now.
func (w *World) enter(by string, ch *Channel) Kind {
	switch {
	case by == "" && ch == nil:
		return NotFound
	case by == "" && ch.Deleted:
		return ChannelDeleted
	case by == "":
		return OK
	case !w.Reads(by, ch):
		return NotFound
	case ch.Disabled:
		return Disabled
	}
	return OK
}

// Enter says what reading a channel answers.
func (w *World) Enter(viewer, cid string) Kind {
	ch := w.Channel(cid)
	if viewer != "" && !w.active(viewer) {
		return Permission
	}
	if kind := w.enter(viewer, ch); kind != ChannelDeleted {
		return kind
	}
	return OK // the application still reads it
}

// Read says what reading a message by its id answers.
func (w *World) Read(viewer string, m *Message) Kind {
	if m != nil && m.Ephemeral && (viewer == "" || w.active(viewer)) {
		return w.readAnswer(viewer, m)
	}
	return w.reach(viewer, m)
}

// reach says what finding a message to change it answers.
func (w *World) reach(viewer string, m *Message) Kind {
	switch {
	case viewer != "" && !w.active(viewer):
		return Permission
	case !w.Sees(viewer, m):
		return NotFound
	case viewer != "" && m.Channel.Disabled:
		return Disabled
	}
	return OK
}

func (w *World) can(by string, ch *Channel, action string) bool {
	return by == "" || w.Can(by, ch, action)
}

// mayGive says whether a caller may give a member a role: one that may no more
// than they may themselves.
func (w *World) mayGive(by string, ch *Channel, role string) bool {
	if role == "" || role == "channel_member" {
		return true
	}
	for _, action := range w.grants(ch, role) {
		if !w.can(by, ch, action) {
			return false
		}
	}
	return true
}

func (w *World) expectMute(s Step, v *verdict) {
	may := false
	for name := range w.Types {
		may = may || w.canAnywhere(s.By, name, "mute-user")
	}
	if s.Op == UnmuteUser {
		return
	}
	v.add(!may, Permission)
	v.add(s.User == s.By || !w.exists(s.User), Invalid)
	muted := 0
	for _, m := range w.User(s.By).Mutes {
		if w.lasts(m.Until) {
			muted++
		}
	}
	v.add(!w.MutesUser(s.By, s.User) && muted >= w.MaxMutes, Limit)
}

func (w *World) expectEnsure(s Step, ch *Channel, channelType string) []Kind {
	if s.By == "" {
		var v verdict
		v.add(!w.active(s.User), Invalid)
		for _, id := range s.Users {
			v.add(!w.exists(id), Invalid)
		}
		if ch != nil && !ch.Deleted {
			return v.or(OK) // whether the draft is looked at then is not laid down
		}
		return v.or()
	}
	creates := w.canAnywhere(s.By, channelType, "create-channel")
	switch {
	case ch == nil || ch.Deleted:
		var v verdict
		v.add(!creates, Permission)
		v.add(w.Banned(s.By, nil, "create-channel"), Banned)
		for _, id := range s.Users {
			v.add(!w.exists(id), Invalid)
		}
		return v.or()
	case !w.Reads(s.By, ch) && !creates:
		return []Kind{Permission} // as for one that does not exist
	case !w.Reads(s.By, ch):
		return []Kind{NotFound}
	case ch.Disabled:
		return []Kind{OK, Disabled}
	}
	return []Kind{OK}
}

// expectNotice is about the system message that a change may carry.
func (w *World) expectNotice(s Step, ch *Channel, v *verdict) {
	if s.Text == "" || s.By == "" {
		return
	}
	w.need(v, s.By, ch, "create-system-message")
	v.add(ch.Frozen && !w.Can(s.By, ch, "use-frozen-channel"), Frozen)
}

func (w *World) expectChannel(s Step) []Kind {
	ch := w.Channel(s.CID)
	if s.Op == DeleteChannel && s.By == "" && ch != nil && ch.Deleted {
		if s.Hard {
			return []Kind{OK}
		}
		return []Kind{OK, ChannelDeleted}
	}
	bad := s.Op == PatchChannel && badPatch(s, "name")
	if kind := w.enter(s.By, ch); kind != OK {
		if bad {
			return []Kind{kind, Invalid}
		}
		return []Kind{kind}
	}
	var v verdict
	v.add(bad, Invalid)
	member := ch.Member(s.By)
	switch s.Op {
	case DeleteChannel:
		w.need(&v, s.By, ch, "delete-channel")
	case Truncate:
		w.need(&v, s.By, ch, "truncate-channel")
		w.expectNotice(s, ch, &v)
		if until := w.until(s); until != nil && until.Created.After(w.Now) {
			// The channel's own times may be ahead of the clock; both are right.
			return append(v.or(), Invalid)
		}
	case Freeze, SetCooldown, Disable, SetOverrides, UpdateChannel, PatchChannel:
		w.need(&v, s.By, ch, "update-channel")
		v.add(w.missesList(s.Lists), Invalid)
		if s.Op == PatchChannel && !bad {
			_, ok := ch.Custom.patched(custom(s, "name"))
			v.add(!ok, Invalid)
		}
		if s.Op == UpdateChannel {
			w.expectNotice(s, ch, &v)
		}
	case AddMembers:
		w.need(&v, s.By, ch, "update-channel-members")
		for _, id := range s.Users {
			v.add(!w.exists(id), Invalid)
		}
		v.add(!w.mayGive(s.By, ch, s.Role), Permission)
		w.expectNotice(s, ch, &v)
	case RemoveMembers:
		alone := s.By != "" && len(s.Users) == 1 && s.Users[0] == s.By && w.Can(s.By, ch, "leave-channel")
		if !alone {
			w.need(&v, s.By, ch, "update-channel-members")
		}
		w.expectNotice(s, ch, &v)
	case ChangeMember:
		w.need(&v, s.By, ch, "update-channel-members")
		v.add(ch.Member(s.User) == nil, NotFound)
		v.add(!w.mayGive(s.By, ch, s.Role), Permission)
		if m := ch.Member(s.User); m != nil && s.Role != "" {
			v.add(!w.mayGive(s.By, ch, m.Role), Permission)
		}
	case AcceptInvite, PinChannel, UnpinChannel, Archive, Unarchive:
		v.add(member == nil, Permission)
	case RejectInvite:
		v.add(member == nil, Permission)
		v.add(member != nil && !member.Open(), State)
	case Leave:
		v.add(member == nil || !w.Can(s.By, ch, "leave-channel"), Permission)
	case MuteChannel:
		v.add(member == nil || !w.Can(s.By, ch, "mute-channel") || !w.On(ch, Mutes), Permission)
	case MarkRead:
		v.add(!ch.joined(s.By), Permission)
	case UnmuteChannel, Hide, Show:
		v.add(member == nil, Permission)
	}
	return v.or()
}

// until is the message up to which a step truncates; nil if it is everything, or
// up to a message that never was.
func (w *World) until(s Step) *Message { return w.Message(s.ID) }

func (w *World) expectMessage(s Step) []Kind {
	m := w.Message(s.ID)
	switch s.Op {
	case Commit:
		return w.expectCommit(m)
	case Undelete:
		return w.expectUndelete(s, m)
	}
	bad := s.Op == PatchMessage && badPatch(s, messageReach...)
	if kind := w.reach(s.By, m); kind != OK {
		if bad {
			return []Kind{kind, Invalid}
		}
		return []Kind{kind}
	}
	ch := m.Channel
	// What the application changes in a deleted channel nobody sees; both are right.
	var also []Kind
	if ch.Deleted {
		also = []Kind{ChannelDeleted}
	}
	var v verdict
	switch s.Op {
	case Delete:
		v.add(m.Pending && !s.Hard, IsPending)
		own := s.By == m.Author && (m.Pending || w.Can(s.By, ch, "delete-message-own"))
		if !own {
			w.need(&v, s.By, ch, "delete-message")
		}
	case Update, PatchMessage:
		v.add(bad, Invalid)
		v.add(!w.changes(s.By, m, "update-message"), Permission)
		v.add(w.Banned(s.By, ch, "update-message"), Banned)
		v.add(m.Pending, IsPending)
		v.add(m.Deleted, IsDeleted)
		w.expectQuote(s, ch, &v)
		w.expectContent(s, m, bad, &v)
		if slices.Contains(m.ForMe, s.By) {
			also = append(also, IsDeleted) // it reads as deleted to them; not laid down
		}
	case DeleteForMe:
		v.add(m.Pending, IsPending)
		marked := 0
		for _, other := range ch.Messages {
			if slices.Contains(other.ForMe, s.By) {
				marked++
			}
		}
		v.add(!slices.Contains(m.ForMe, s.By) && marked >= w.MaxForMe, Limit)
	case MarkThreadRead, MarkThreadUnread:
		w.expectThread(s, m, &v)
	case MarkReadTo, MarkUnread:
		v.add(m.Pending, IsPending)
		v.add(!ch.joined(s.By), Permission)
	}
	return v.or(also...)
}

// expectContent is about what an edit makes of a message.
func (w *World) expectContent(s Step, m *Message, bad bool, v *verdict) {
	v.add(len(s.Mentions) > 0 && !w.can(s.By, m.Channel, "create-mention"), Permission)
	v.add(s.Titled && !w.can(s.By, m.Channel, "create-attachment"), Permission)
	text, _ := newText(s)
	v.add(LinkOf(text) != "" && !w.can(s.By, m.Channel, "add-links"), Permission)
	v.add(s.Gives == Forges, Invalid)
	for _, id := range s.Mentions {
		v.add(w.User(id) == nil, Invalid)
	}
	if s.Op == Update || bad || len(s.Set)+len(s.Unset) == 0 {
		return // what changes nothing leaves even what would not be taken now
	}
	after := *m.shown(s.By)
	_, ok := after.Custom.patched(custom(s, messageReach...))
	v.add(!ok, Invalid)
	w.patch(s, &after)
	after.Shadowed = m.Shadowed || w.editsAlone(s, m, &after)
	v.add(!w.hasContent(s.By, &after), Invalid)
}

// hasContent says whether a message is not empty. The quote of a private message
// is no content: who cannot see it would see nothing.
func (w *World) hasContent(by string, m *Message) bool {
	return m.Text != "" || m.Titled || m.Quoted != nil && !m.Quoted.private(m.Author) && (!m.Quoted.Shadowed || m.Shadowed) && w.Sees(by, m.Quoted)
}

// changes says whether a caller may change a message, their own or another's.
func (w *World) changes(by string, m *Message, action string) bool {
	return w.can(by, m.Channel, action) || by == m.Author && w.Can(by, m.Channel, action+"-own")
}

func (w *World) expectCommit(m *Message) []Kind {
	switch {
	case m != nil && m.Purged && !m.WasPending:
		return []Kind{NotFound, NotPending} // its id is forgotten some time later
	case m == nil || m.Ephemeral || !m.WasPending && m.Gone:
		return []Kind{NotFound}
	case !m.Pending || w.overdue(m):
		return []Kind{NotPending}
	}
	var v verdict
	v.add(m.Channel.Deleted, ChannelDeleted)
	v.add(m.Channel.Frozen, Frozen)
	return v.or()
}

func (w *World) expectUndelete(s Step, m *Message) []Kind {
	if !w.Sees("", m) {
		return []Kind{NotFound}
	}
	var v verdict
	v.add(!w.active(s.User), Invalid)
	v.add(!m.Deleted, NotDeleted)
	v.add(m.Pending, IsPending)
	v.add(m.Channel.Deleted, ChannelDeleted)
	v.add(m.Parent != nil && (m.Parent.Deleted || !w.Sees("", m.Parent)), ParentDeleted)
	return v.or()
}

func (w *World) expectQuote(s Step, ch *Channel, v *verdict) {
	if s.Quoted == "" {
		return
	}
	q := w.Message(s.Quoted)
	// A quote that is there stays, whatever became of the quoted message.
	stays := s.Op == Update && q != nil && w.Message(s.ID).shown(s.By).Quoted == q
	v.add(s.By != "" && !w.On(ch, Quotes) && !stays, Permission)
	if !w.Sees(s.By, q) {
		v.add(true, NotFound)
		return
	}
	v.add(q.Channel != ch || s.Op == Update && q == w.Message(s.ID), Invalid)
	v.add(q.Channel != ch, NotFound)
	v.add(q.Pending, IsPending)
	v.add(!stays && (q.Deleted || slices.Contains(q.ForMe, s.By)), IsDeleted)
}

func (w *World) expectSend(s Step) []Kind {
	ch := w.Channel(s.CID)
	v := w.sendFaults(s, ch)
	if first := w.Message(s.ID); first != nil {
		again := s
		again.Verdict = first.Input.Verdict // a retry asks nobody
		if first.Gone || first.Channel != ch || !reflect.DeepEqual(first.Input, again) {
			return append(v, Conflict)
		}
		if first.Ephemeral {
			if w.keeps(first) {
				return append(v, OK)
			}
			return append(v, Conflict)
		}
		// A retry: it comes back, unless its author has lost the right to ask.
		also := []Kind{OK}
		if first.Truncated || !w.Sees(s.By, first) {
			also = append(also, Conflict, NotFound)
		}
		return append(also, v...)
	}
	return v.or()
}

// badSend says whether a send is refused before anything is looked up: nothing is in
// it, or it mentions everyone where they would not see it.
func badSend(s Step) bool {
	return s.Text == "" && !s.Titled && s.Quoted == "" || (s.All || s.Online) && s.Parent != "" && !s.Show
}

// sendFaults is what would be wrong with a send if its id were free.
func (w *World) sendFaults(s Step, ch *Channel) verdict {
	var v verdict
	v.add(badSend(s), Invalid)
	if kind := w.enter(s.By, ch); kind != OK {
		return append(v, kind)
	}
	if s.By == "" {
		v.add(!w.active(s.User), Invalid)
	} else {
		needs := []string{"create-message"}
		if s.Parent != "" {
			needs = []string{"create-reply"}
			v.add(!w.On(ch, Replies), Permission)
		}
		if s.Type == "system" {
			needs = append(needs, "create-system-message")
		}
		if len(s.Mentions) > 0 {
			needs = append(needs, "create-mention")
		}
		if s.All {
			needs = append(needs, "create-mention-all")
		}
		if s.Online {
			needs = append(needs, "create-mention-online")
		}
		if s.Titled {
			needs = append(needs, "create-attachment")
		}
		if LinkOf(s.Text) != "" {
			needs = append(needs, "add-links")
		}
		for _, action := range needs {
			w.need(&v, s.By, ch, action)
		}
		v.add(ch.Frozen && !w.Can(s.By, ch, "use-frozen-channel"), Frozen)
		v.add(!w.Waits(s.By, ch).IsZero(), Cooldown)
	}
	for _, id := range s.Mentions {
		v.add(w.User(id) == nil, Invalid)
	}
	w.expectQuote(s, ch, &v)
	v.add(!w.hasContent(s.By, &Message{Author: s.author(), Text: s.Text, Titled: s.Titled, Quoted: w.Message(s.Quoted), Shadowed: w.shadows(s, ch)}), Invalid)
	command, _ := w.commandOf(s)
	v.add(s.Meta != "" && command != "", Invalid)
	v.add(s.Meta != "" && s.Hold != Held && (s.Hold == NotHeld || !w.On(ch, Pending)), Invalid)

	var parent *Message
	if s.Parent != "" {
		parent = w.Message(s.Parent)
		if !w.Sees(s.By, parent) {
			v.add(true, NotFound)
			return v
		}
		v.add(parent.Channel != ch, Invalid)
		v.add(parent.Channel != ch, NotFound)
		v.add(parent.Pending, IsPending)
		v.add(parent.Parent != nil, NestedReply)
	}
	w.expectPin(s, parent, ch, &v)
	private := parent.private(s.author())
	v.add(s.Audience != nil && !private && !w.can(s.By, ch, "create-restricted-visibility-message"), Permission)
	for _, id := range s.Audience {
		v.add(!w.exists(id) || !w.Reads(id, ch), Invalid)
		v.add(private && !slices.Contains(parent.audience(s.author()), id), Invalid)
	}
	return v
}
