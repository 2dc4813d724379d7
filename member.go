package chat

import (
	"context"
	"slices"
	"strings"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// MemberDraft is a user to become a member of a channel.
type MemberDraft struct {
	UserID UserID
	Role   Role // empty: RoleChannelMember
	Custom Custom

	// Invite asks them to become one. Until they call AcceptInvite they are
	// listed as a member and read the channel, and may do nothing else in it as a
	// member but leave, and what is about their own list: pin, archive, hide,
	// show and unmute it for themselves. Nothing is unread, and nothing pushed to
	// them.
	Invite bool

	// HideHistory hides from them for good what was sent before.
	HideHistory bool
}

// AddMembers makes users members, or invites them, at most 100, all or none. Who
// is a member already stays as they are, with an open invite too. A newcomer has nothing unread but the message, if
// there is one: it is posted after them. ErrInvalid names users who do not
// exist; it answers for a distinct channel too, whose members are fixed.
func (a *App) AddMembers(ctx context.Context, cid CID, members []MemberDraft, message *SystemMessage) (err error) {
	defer a.operation(&ctx, "AddMembers").ended(&err)
	return a.addMembers(ctx, "AddMembers", application, cid, members, message)
}

// AddMembers makes users members, or invites them; it needs update-channel-members,
// create-system-message for a message, and for a role all that the role is
// granted. See [App.AddMembers].
func (s *Session) AddMembers(ctx context.Context, cid CID, members []MemberDraft, message *SystemMessage) (err error) {
	defer s.app.operation(&ctx, "AddMembers").ended(&err)
	return s.app.addMembers(ctx, "AddMembers", as(s.user), cid, members, message)
}

// preparedMember is a member draft that was checked.
type preparedMember struct {
	user        string
	record      codec.Member
	invite      bool
	hideHistory bool
}

func prepareMembers(field string, drafts []MemberDraft) ([]preparedMember, error) {
	if len(drafts) > maxMembersAtOnce {
		return nil, invalid(field, "has %d; at most %d at once", len(drafts), maxMembersAtOnce)
	}
	var list []preparedMember
	for i, d := range drafts {
		prepared, err := prepareMember(d)
		if err != nil {
			return nil, within(element(field, i), err)
		}
		known := slices.ContainsFunc(list, func(m preparedMember) bool { return m.user == prepared.user })
		if !known {
			list = append(list, prepared)
		}
	}
	return list, nil
}

func prepareMember(d MemberDraft) (preparedMember, error) {
	if err := checkUserID("user_id", d.UserID); err != nil {
		return preparedMember{}, err
	}
	role, err := memberRole("role", d.Role)
	if err != nil {
		return preparedMember{}, err
	}
	custom, err := encodeCustom("custom", d.Custom, maxCustom, memberFields)
	if err != nil {
		return preparedMember{}, err
	}
	return preparedMember{
		user: string(d.UserID), record: codec.Member{Role: string(role), Custom: string(custom)},
		invite: d.Invite, hideHistory: d.HideHistory,
	}, nil
}

func memberRole(field string, role Role) (Role, error) {
	switch role {
	case "":
		return RoleChannelMember, nil
	case RoleUser, RoleGuest, RoleAnonymous, RoleModerator, RoleAdmin, RoleChannelCreator:
		return "", invalid(field, "%q is not a role in a channel", role)
	}
	return role, checkRole(field, role)
}

func (a *App) addMembers(ctx context.Context, op string, c caller, cid CID, drafts []MemberDraft, message *SystemMessage) error {
	list, err := prepareMembers("members", drafts)
	if err == nil {
		err = fixedMembers(cid)
	}
	if err != nil {
		return in(op, err)
	}
	return a.changeChannel(ctx, op, c, cid, UpdateChannelMembers, message, func(tx *record.Txn, r *room) error {
		for i, m := range list {
			if err := r.mayGive(Role(m.record.Role)); err != nil {
				return within(element("members", i), err)
			}
		}
		j := joining{number: r.number, channel: r.channel, by: string(r.user)}
		return j.join(tx, list)
	})
}

// joining is a channel that users become members of.
type joining struct {
	number  record.Channel
	channel *codec.Channel
	by      string // who adds them; empty: the application
	created bool   // with the channel: that tells of them
}

// join makes users members of a channel and stores the channel if its number of
// members changed.
func (j *joining) join(tx *record.Txn, list []preparedMember) error {
	number, channel := j.number, j.channel
	before, err := tx.LastPosition()
	if err != nil {
		return err
	}
	high, low := before.Numbers()
	b := tx.Batch()
	head := b.Head(number)
	users := make([]*record.Value[codec.User], len(list))
	members := make([]*record.Value[codec.Member], len(list))
	owns := make([]*record.Value[codec.UserChannel], len(list))
	privates := make([]bool, len(list))
	bases := make([]*record.Value[codec.ThreadBase], len(list))
	for i, m := range list {
		users[i] = b.User(m.user)
		members[i] = b.Member(number, m.user)
		owns[i] = b.UserChannel(m.user, number)
		b.HasPrivate(number, m.user, &privates[i])
		bases[i] = b.ThreadBase(number, m.user)
	}
	if err := b.Run(); err != nil {
		return err
	}
	var missing []string
	for i, user := range users {
		if !exists(user) {
			missing = append(missing, list[i].user)
		}
	}
	if len(missing) > 0 {
		return invalid("members", "%s: no such user", strings.Join(missing, ", "))
	}
	at := now().UnixMicro()
	added := uint64(0)
	for i, m := range list {
		if members[i].Found {
			continue
		}
		added++
		m.record.JoinedAt, m.record.UpdatedAt = at, at
		if m.invite {
			m.record.InvitedAt = at
		}
		own := owns[i].V
		own.CID, own.Member, own.LeftAt = channel.CID, true, 0
		own.JoinedHigh, own.JoinedLow = high, low
		own.Private = own.Private || privates[i]
		if m.hideHistory {
			own.ClearedAt = max(own.ClearedAt, head.V.Last)
		}
		if err := tx.PutMember(number, m.user, &m.record); err != nil {
			return err
		}
		if err := tx.PutUserChannel(m.user, number, &own); err != nil {
			return err
		}
		if err := tx.PutMark(number, m.user, codec.Mark{At: head.V.Last, ReadAt: at}); err != nil {
			return err
		}
		if err := tx.PutThreadBase(number, m.user, codec.ThreadBase{At: head.V.Last, Join: bases[i].V.Join + 1}); err != nil {
			return err
		}
		if err := j.tell(tx, &m, at); err != nil {
			return err
		}
	}
	if added == 0 {
		return nil
	}
	channel.Members += added
	return tx.PutChannel(number, channel)
}

// tell tells of a new member.
func (j *joining) tell(tx *record.Txn, m *preparedMember, at int64) error {
	e := codec.Event{Kind: codec.EventMemberAdded, At: at, Channel: uint64(j.number), User: m.user, By: j.by}
	if !j.created {
		if err := tx.TellChannel(j.number, &e); err != nil {
			return err
		}
	}
	e.Kind = codec.EventAddedToChannel
	if m.invite {
		e.Kind = codec.EventInvited
	}
	return tx.TellUser(m.user, &e)
}

// RemoveMembers ends memberships, at most 100. Who is not a member is no error.
// The message, if any, is posted after it. ErrInvalid for a distinct channel,
// whose members are fixed.
func (a *App) RemoveMembers(ctx context.Context, cid CID, users []UserID, message *SystemMessage) (err error) {
	defer a.operation(&ctx, "RemoveMembers").ended(&err)
	return a.removeMembers(ctx, "RemoveMembers", application, cid, users, message)
}

// RemoveMembers ends memberships; it needs update-channel-members, or
// leave-channel to end one's own alone, and create-system-message for a
// message.
func (s *Session) RemoveMembers(ctx context.Context, cid CID, users []UserID, message *SystemMessage) (err error) {
	defer s.app.operation(&ctx, "RemoveMembers").ended(&err)
	return s.app.removeMembers(ctx, "RemoveMembers", as(s.user), cid, users, message)
}

// LeaveChannel ends the user's own membership; it needs leave-channel. Private
// messages they could see in the channel are lost to them until they are a
// member again. ErrPermission for who is not a member, ErrInvalid for a distinct
// channel: it can be hidden.
func (s *Session) LeaveChannel(ctx context.Context, cid CID) (err error) {
	const op = "LeaveChannel"
	defer s.app.operation(&ctx, op).ended(&err)
	if err := fixedMembers(cid); err != nil {
		return in(op, err)
	}
	return s.app.changeChannel(ctx, op, as(s.user), cid, "", nil, func(tx *record.Txn, r *room) error {
		if !r.isMember {
			return notMember(r)
		}
		if err := r.need(LeaveChannel); err != nil {
			return err
		}
		return leave(tx, r, []string{string(s.user)})
	})
}

// mayGive is an error if the caller would make a member one who may more than
// the caller. The default role is everyone's to give.
func (r *room) mayGive(role Role) error {
	if r.app || role == RoleChannelMember {
		return nil
	}
	for _, action := range r.kind.Grants[role] {
		if !r.can(action) {
			return fail(ErrPermission, "role", "%q may %s, which the caller may not", role, action)
		}
	}
	return nil
}

// notMember is the error for who does not take part in the channel as a member.
func notMember(r *room) error {
	if r.invited() {
		return fail(ErrPermission, "", "user %q has not accepted the invite to channel %q", r.user, r.channel.CID)
	}
	return fail(ErrPermission, "", "user %q is not a member of channel %q", r.user, r.channel.CID)
}

func (a *App) removeMembers(ctx context.Context, op string, c caller, cid CID, users []UserID, message *SystemMessage) error {
	list, err := checkUserIDs("members", users, maxMembersAtOnce)
	if err == nil {
		err = fixedMembers(cid)
	}
	if err != nil {
		return in(op, err)
	}
	need := UpdateChannelMembers
	if len(list) == 1 && list[0] == c.user && message == nil {
		need = ""
	}
	return a.changeChannel(ctx, op, c, cid, need, message, func(tx *record.Txn, r *room) error {
		if need == "" && !r.can(LeaveChannel) && !r.can(UpdateChannelMembers) {
			return denied(LeaveChannel)
		}
		return leave(tx, r, strs(list))
	})
}

// leave ends memberships and stores the channel if its number of members
// changed.
func leave(tx *record.Txn, r *room, users []string) error {
	number, channel := r.number, r.channel
	b := tx.Batch()
	head := b.Head(number)
	members := make([]*record.Value[codec.Member], len(users))
	owns := make([]*record.Value[codec.UserChannel], len(users))
	for i, user := range users {
		members[i] = b.Member(number, user)
		owns[i] = b.UserChannel(user, number)
	}
	if err := b.Run(); err != nil {
		return err
	}
	removed := uint64(0)
	for i, user := range users {
		if !members[i].Found {
			continue
		}
		removed++
		// What they leave with is kept: private messages up to now are lost to
		// them, what they had cleared stays cleared.
		own := owns[i].V
		own.Member, own.HiddenAt, own.MutedUntil, own.PinnedAt, own.ArchivedAt = false, 0, 0, 0, 0
		own.LeftAt = head.V.Last
		if err := tx.PutUserChannel(user, number, &own); err != nil {
			return err
		}
		if err := tx.DeleteMember(number, user); err != nil {
			return err
		}
		if err := tx.DeleteMark(number, user); err != nil {
			return err
		}
		if err := r.tell(tx, codec.Event{Kind: codec.EventMemberRemoved, User: user}); err != nil {
			return err
		}
		if err := r.tellUser(tx, user, codec.Event{Kind: codec.EventRemovedFromChannel, CID: channel.CID}); err != nil {
			return err
		}
	}
	if removed == 0 {
		return nil
	}
	channel.Members -= removed
	return tx.PutChannel(number, channel)
}

// MemberUpdate replaces a member's role and custom data, each if it is given.
type MemberUpdate struct {
	Role   Role   // empty: as it is
	Custom Custom // nil: as it is; empty, but not nil: none
}

// UpdateMember replaces a member's role and custom data, each if it is given.
// ErrNotFound if the user is not a member.
func (a *App) UpdateMember(ctx context.Context, cid CID, user UserID, u MemberUpdate) (_ Member, err error) {
	defer a.operation(&ctx, "UpdateMember").ended(&err)
	return a.updateMember(ctx, "UpdateMember", application, cid, user, u)
}

// UpdateMember replaces a member's role and custom data, each if it is given; it
// needs update-channel-members, and for a role all that it and the member's
// present one are granted. See [App.UpdateMember].
func (s *Session) UpdateMember(ctx context.Context, cid CID, user UserID, u MemberUpdate) (_ Member, err error) {
	defer s.app.operation(&ctx, "UpdateMember").ended(&err)
	return s.app.updateMember(ctx, "UpdateMember", as(s.user), cid, user, u)
}

func (a *App) updateMember(ctx context.Context, op string, c caller, cid CID, user UserID, u MemberUpdate) (Member, error) {
	prepared, err := prepareMember(MemberDraft{UserID: user, Role: u.Role, Custom: u.Custom})
	if err != nil {
		return Member{}, in(op, err)
	}
	var member Member
	err = a.changeChannel(ctx, op, c, cid, UpdateChannelMembers, nil, func(tx *record.Txn, r *room) error {
		b := tx.Batch()
		stored := b.Member(r.number, string(user))
		person := b.User(string(user))
		if err := b.Run(); err != nil {
			return err
		}
		if !stored.Found {
			return notFound("member", user)
		}
		if u.Role != "" {
			for _, role := range []Role{Role(stored.V.Role), u.Role} {
				if err := r.mayGive(role); err != nil {
					return err
				}
			}
			stored.V.Role = prepared.record.Role
		}
		if u.Custom != nil {
			stored.V.Custom = prepared.record.Custom
		}
		stored.V.UpdatedAt = r.now
		member = memberFrom(userFrom(&person.V), stored.V)
		if err := tx.PutMember(r.number, string(user), &stored.V); err != nil {
			return err
		}
		return r.tell(tx, codec.Event{Kind: codec.EventMemberUpdated, User: string(user)})
	})
	return member, err
}

func memberFrom(user User, m codec.Member) Member {
	return Member{
		User: user, Role: Role(m.Role), Custom: decodeCustom(m.Custom),
		CreatedAt: moment(m.JoinedAt), UpdatedAt: moment(m.UpdatedAt),
		InvitedAt: momentPtr(m.InvitedAt), InviteAcceptedAt: momentPtr(m.AcceptedAt),
	}
}

// MemberQuery asks for members of a channel.
type MemberQuery struct {
	Limit int // default 25, at most 300
	Page  PageToken
}

// Members returns members of a channel by user id. The list is read forwards:
// Prev is always empty.
func (a *App) Members(ctx context.Context, cid CID, q MemberQuery) (_ Page[Member], err error) {
	defer a.operation(&ctx, "Members").ended(&err)
	return a.members(ctx, "Members", application, cid, q)
}

// Members returns members of a channel that the user can read, by user id; see
// [App.Members].
func (s *Session) Members(ctx context.Context, cid CID, q MemberQuery) (_ Page[Member], err error) {
	defer s.app.operation(&ctx, "Members").ended(&err)
	return s.app.members(ctx, "Members", as(s.user), cid, q)
}

func (a *App) members(ctx context.Context, op string, c caller, cid CID, q MemberQuery) (Page[Member], error) {
	var page Page[Member]
	var of record.Channel
	var last string
	err := checkCID("cid", cid)
	if err == nil {
		err = checkLimit("limit", &q.Limit, standardPage, maxPage)
	}
	if err == nil && q.Page != "" {
		err = q.Page.decodeIn(tokenMembers, &of, &last)
	}
	if err != nil {
		return page, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		page = Page[Member]{}
		room, err := openRoom(r, c, cid, more{})
		if err == nil {
			err = room.enter()
		}
		if err != nil {
			return err
		}
		if q.Page != "" && of != room.number {
			return otherChannel()
		}
		list, err := r.Members(room.number, last, q.Limit+1)
		if err != nil {
			return err
		}
		if len(list) > q.Limit {
			list = list[:q.Limit]
			page.Next = encodeTokenIn(tokenMembers, room.number, list[q.Limit-1].User)
		}
		page.Items, err = renderMembers(r, list)
		return err
	})
	return page, err
}

func renderMembers(r *record.Reader, list []record.Membership) ([]Member, error) {
	if len(list) == 0 {
		return nil, nil
	}
	people := r.People()
	b := r.Batch()
	for _, m := range list {
		people.Want(b, m.User)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	members := make([]Member, len(list))
	for i, m := range list {
		members[i] = memberFrom(shown(&people, m.User), m.Member)
	}
	return members, nil
}
