package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// checkState compares a channel with all that comes with it. Latest is how many
// messages were asked for.
func (v *modelView) checkState(st chat.ChannelState, ch *model.Channel, latest int) string {
	w := v.world
	hidden, muted := w.Hidden(v.viewer, ch), w.MutesChannel(v.viewer, ch)
	if st.Channel.Frozen != ch.Frozen || st.Channel.Disabled != ch.Disabled || (st.Channel.DeletedAt != nil) != ch.Deleted ||
		string(st.Channel.CreatedBy.ID) != ch.Creator || st.Channel.MemberCount != len(ch.Members) || st.Hidden != hidden || st.Muted != muted {
		return fmt.Sprintf("is %+v, hidden %t, muted %t; want %+v, hidden %t, muted %t", st.Channel, st.Hidden, st.Muted, ch, hidden, muted)
	}
	if st.Channel.Name != ch.Name || model.Custom(st.Channel.Custom).String() != ch.Custom.String() || st.Channel.CreatedAt != ch.Created || st.Channel.UpdatedAt != ch.Updated {
		return fmt.Sprintf("is %+v; want %+v", st.Channel, ch)
	}
	if got, want := memberNames(st.Members), wantedMembers(ch); ch.Disabled && v.viewer != "" {
		// Whether one sees the members of a closed channel is not laid down.
	} else if got != want {
		return fmt.Sprintf("has the members %s, want %s", got, want)
	}
	got, want := "", ""
	if st.Membership != nil {
		got = memberNames([]chat.Member{*st.Membership})
	}
	if m := ch.Member(v.viewer); m != nil {
		want = modelMember(m.User, m.Role, m.Custom, m.Invited, m.Accepted)
	}
	if got != want {
		return fmt.Sprintf("the membership is %q, want %q", got, want)
	}
	list, last, pending := w.Timeline(v.viewer, ch), w.LastMessage(v.viewer, ch), []*model.Message(nil)
	pending = w.PendingOf(v.viewer, ch)
	if v.viewer == "" {
		pending = nil // they are in App.PendingMessages
	}
	if ch.Disabled && v.viewer != "" {
		list, last, pending = nil, nil, nil
	}
	if d := diffViews(modelViewsOf(st.Messages), v.views(v.viewer, list[max(0, len(list)-latest):])); d != "" {
		return "its messages: " + d
	}
	if d := diffViews(modelViewsOf(st.Pending), v.views(v.viewer, pending[max(0, len(pending)-100):])); d != "" {
		return "its pending messages: " + d
	}
	var gotLast []chat.Message
	var wantLast []*model.Message
	if st.LastMessage != nil {
		gotLast = append(gotLast, *st.LastMessage)
	}
	if last != nil {
		wantLast = append(wantLast, last)
	}
	if d := diffViews(modelViewsOf(gotLast), v.views(v.viewer, wantLast)); d != "" {
		return "its last message: " + d
	}
	if (st.LastMessageAt == nil) != (last == nil) || last != nil && !st.LastMessageAt.Equal(last.Created) {
		return fmt.Sprintf("the time of the last message is %v, want that of %+v", st.LastMessageAt, last)
	}
	if failure := v.checkOwn(st, ch); failure != "" {
		return failure
	}
	if failure := v.checkRestraint(st, ch); failure != "" {
		return failure
	}
	if unread := w.Unread(v.viewer, ch); st.Unread != unread {
		return fmt.Sprintf("has %d unread, want %d", st.Unread, unread)
	}
	return v.checkCapabilities(st, ch)
}

func modelMember(user, role string, custom model.Custom, invited, accepted bool) string {
	return fmt.Sprintf("%s %s %s invited %t, accepted %t", user, role, custom, invited, accepted)
}

func memberNames(members []chat.Member) string {
	var list []string
	for _, m := range members {
		list = append(list, modelMember(string(m.User.ID), string(m.Role), model.Custom(m.Custom), m.InvitedAt != nil, m.InviteAcceptedAt != nil))
	}
	return strings.Join(list, ", ")
}

func wantedMembers(ch *model.Channel) string {
	var list []string
	for _, m := range ch.Members {
		list = append(list, modelMember(m.User, m.Role, m.Custom, m.Invited, m.Accepted))
	}
	return strings.Join(list, ", ")
}

// checkCapabilities compares the actions that would succeed now, those that the
// steps do.
func (v *modelView) checkCapabilities(st chat.ChannelState, ch *model.Channel) string {
	if v.viewer == "" {
		return ""
	}
	member := ch.Member(v.viewer) != nil
	joined := member && !ch.Member(v.viewer).Open()
	reacts := !ch.Frozen || v.world.Can(v.viewer, ch, "use-frozen-channel")
	open := reacts && v.world.Waits(v.viewer, ch).IsZero()
	for action, also := range map[chat.Action]bool{
		chat.ReadChannel: true, chat.CreateMessage: open, chat.CreateReply: open && v.world.On(ch, model.Replies), chat.DeleteMessage: true, chat.UpdateMessage: true,
		chat.DeleteMessageOwn: true, chat.UpdateMessageOwn: true, chat.TruncateChannel: true, chat.UpdateChannel: true, chat.UpdateChannelMembers: true,
		chat.DeleteChannel: true, chat.BanChannelMember: true, chat.FlagMessage: true, chat.RunMessageAction: true, chat.LeaveChannel: member && !ch.Distinct, chat.MuteChannel: joined && v.world.On(ch, model.Mutes),
		chat.CreateRestrictedVisibilityMessage: open, chat.ReadRestrictedVisibilityMessage: true, chat.PinMessage: true, chat.CreateReaction: reacts,
		chat.DeleteReaction: true, chat.DeleteReactionOwn: true, chat.CreateAttachment: open, chat.AddLinks: open, chat.CreateMention: open,
		chat.CreateMentionAll: open, chat.CreateMentionOnline: open, chat.CreateSystemMessage: open, chat.MuteUser: true, chat.FlagUser: true,
		chat.BanUser: true, chat.CreateChannel: true, chat.SkipCooldown: true, chat.SkipModeration: true, chat.UseFrozenChannel: true,
	} {
		in := ch
		if action == chat.BanUser || action == chat.CreateChannel { // which are no channel's
			in = nil
		}
		want := also && !ch.Disabled && !v.world.Banned(v.viewer, in, string(action)) && v.world.Can(v.viewer, ch, string(action))
		if got := slices.Contains(st.Capabilities, action); got != want {
			return fmt.Sprintf("the capability %s is %t, want %t", action, got, want)
		}
	}
	return ""
}

// checkList compares the totals and the lists of channels, of which often it is
// enough to take a few.
func (v *modelView) checkList(few bool) string {
	ctx := context.Background()
	w := v.world
	listed := w.Listed(v.viewer)
	is := func(f func(*model.Channel) bool) []*model.Channel {
		var list []*model.Channel
		for _, ch := range listed {
			if f(ch) {
				list = append(list, ch)
			}
		}
		return list
	}
	shown := func(ch *model.Channel) bool { return !w.Hidden(v.viewer, ch) }
	mine := func(ch *model.Channel) bool { return shown(ch) && ch.Member(v.viewer) != nil }
	for _, c := range []struct {
		name   string
		filter chat.Filter
		want   []*model.Channel
	}{
		{"all", chat.Filter{}, is(shown)},
		{"own", chat.Eq("members", v.viewer), is(mine)},
		{"messaging", chat.Eq("type", "messaging"), is(func(ch *model.Channel) bool { return shown(ch) && ch.Type == "messaging" })},
		{"hidden", chat.Eq("hidden", true), is(func(ch *model.Channel) bool { return !shown(ch) })},
		{"unread", chat.Eq("has_unread", true), is(func(ch *model.Channel) bool { return shown(ch) && w.Unread(v.viewer, ch) > 0 })},
		{"muted", chat.Eq("muted", true), is(func(ch *model.Channel) bool { return shown(ch) && w.MutesChannel(v.viewer, ch) })},
		{"pinned", chat.Eq("pinned", true), is(func(ch *model.Channel) bool { return mine(ch) && ch.Member(v.viewer).Pinned })},
		{"not archived", chat.Eq("archived", false), is(func(ch *model.Channel) bool { return shown(ch) && !(mine(ch) && ch.Member(v.viewer).Archived) })},
		{"invited", chat.Eq("invited", true), is(func(ch *model.Channel) bool { return mine(ch) && ch.Member(v.viewer).Open() })},
		{"red", chat.Eq("mood", "red"), is(func(ch *model.Channel) bool { return shown(ch) && ch.Custom["mood"] == "red" })},
		{"moody", chat.And(chat.Exists("mood", true), chat.Eq("hidden", false)), is(func(ch *model.Channel) bool { return shown(ch) && ch.Custom["mood"] != nil })},
		{"named", chat.In("name", "red", "blue"), is(func(ch *model.Channel) bool { return shown(ch) && (ch.Name == "red" || ch.Name == "blue") })},
		{"large or frozen", chat.Or(chat.Gt("member_count", 4), chat.Eq("frozen", true)), is(func(ch *model.Channel) bool { return shown(ch) && (len(ch.Members) > 4 || ch.Frozen) })},
		{"named by cid", chat.In("cid", "messaging:one", "team:three"), is(func(ch *model.Channel) bool {
			return shown(ch) && (ch.CID == "messaging:one" || ch.CID == "team:three")
		})},
		{"ann's", chat.Eq("created_by", "ann"), is(func(ch *model.Channel) bool { return shown(ch) && ch.Creator == "ann" })},
		{"written in", chat.Exists("last_message_at", true), is(func(ch *model.Channel) bool { return shown(ch) && w.LastMessage(v.viewer, ch) != nil })},
		{"with ben", chat.Eq("members", "ben"), is(func(ch *model.Channel) bool { return shown(ch) && ch.Member("ben") != nil })},
		{"open", chat.Eq("frozen", false), is(func(ch *model.Channel) bool { return shown(ch) && !ch.Frozen })},
	} {
		own := c.name == "own" || c.name == "hidden" || c.name == "unread" || c.name == "muted" || c.name == "pinned" || c.name == "invited" // of users
		if few && v.random.IntN(16) > 0 || own && v.viewer == "" {
			continue
		}
		q := chat.ChannelQuery{
			Filter: c.filter, Limit: 3 + v.random.IntN(15), Messages: 1 + v.random.IntN(3),
			Sort: chat.ChannelSort(v.random.IntN(5)), Ascending: v.random.IntN(3) == 0, PinnedFirst: v.random.IntN(3) == 0,
		}
		if failure := v.checkQuery(q, c.want); failure != "" {
			return fmt.Sprintf("the list of %s channels, %+v: %s", c.name, q, failure)
		}
	}
	if u := w.User(v.viewer); u == nil || !u.Active {
		return ""
	}
	if failure := v.checkMutes(); failure != "" {
		return failure
	}
	if failure := v.checkBlocks(); failure != "" {
		return failure
	}
	got, err := v.app.As(chat.UserID(v.viewer)).TotalUnread(ctx)
	var want chat.UnreadTotals
	for _, ch := range listed {
		if n := w.Unread(v.viewer, ch); n > 0 {
			want.Messages, want.Channels = want.Messages+n, want.Channels+1
			want.Mentions += w.UnreadMentions(v.viewer, ch)
		}
	}
	for _, t := range w.Threads(v.viewer) {
		if t.Unread > 0 {
			want.Replies, want.Threads = want.Replies+t.Unread, want.Threads+1
		}
	}
	if err != nil || got != want {
		return fmt.Sprintf("the totals are %+v, %v; want %+v", got, err, want)
	}
	return v.checkThreads(few)
}

// checkMutes compares whom a user mutes, in the order muted.
func (v *modelView) checkMutes() string {
	mutes, err := v.app.As(chat.UserID(v.viewer)).Mutes(context.Background())
	if err != nil {
		return fmt.Sprintf("the mutes: %v", err)
	}
	var got, want []string
	for _, m := range mutes {
		got = append(got, string(m.User.ID))
	}
	for _, m := range v.world.User(v.viewer).Mutes {
		if v.world.MutesUser(v.viewer, m.User) {
			want = append(want, m.User)
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("mutes %q, want %q", got, want)
	}
	return ""
}

// checkQuery reads a whole list of channels, a page at a time.
func (v *modelView) checkQuery(q chat.ChannelQuery, want []*model.Channel) string {
	left := map[string]*model.Channel{}
	for _, ch := range want {
		left[ch.CID] = ch
	}
	var last *model.Channel
	for {
		page, err := v.reader.Channels(context.Background(), q)
		if u := v.world.User(v.viewer); v.viewer != "" && (u == nil || !u.Active) {
			if kind, _ := modelKind(err); kind != model.Permission {
				return fmt.Sprintf("answers %v to one who may not call", err)
			}
			return ""
		}
		if err != nil {
			return err.Error()
		}
		for _, st := range page.Items {
			ch := left[string(st.Channel.CID)]
			if ch == nil {
				return fmt.Sprintf("%s is not to be there", st.Channel.CID)
			}
			delete(left, ch.CID)
			if failure := v.checkState(st, ch, q.Messages); failure != "" {
				return fmt.Sprintf("%s %s", ch.CID, failure)
			}
			if last != nil && !last.Disabled && !ch.Disabled { // where closed channels come is not laid down
				pinned := v.pinned(last)
				if q.PinnedFirst && pinned != v.pinned(ch) {
					if !pinned {
						return fmt.Sprintf("%s, pinned, comes after %s", ch.CID, last.CID)
					}
				} else if order := v.compare(q.Sort, last, ch); order > 0 && !q.Ascending || order < 0 && q.Ascending {
					return fmt.Sprintf("%s comes after %s", ch.CID, last.CID)
				}
			}
			last = ch
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	for cid := range left {
		return cid + " is missing"
	}
	return ""
}

// compare is positive if a list whose greatest comes first has b before a.
func (v *modelView) compare(sort chat.ChannelSort, a, b *model.Channel) int {
	last := func(ch *model.Channel) time.Time {
		if m := v.world.LastMessage(v.viewer, ch); m != nil {
			return m.Created
		}
		return time.Time{}
	}
	switch sort {
	case chat.ByLastMessage:
		return last(b).Compare(last(a))
	case chat.ByLastUpdated:
		return later(last(b), b.Updated).Compare(later(last(a), a.Updated))
	case chat.ByCreated:
		return b.Created.Compare(a.Created)
	case chat.ByMemberCount:
		return len(b.Members) - len(a.Members)
	case chat.ByUnread:
		return v.world.Unread(v.viewer, b) - v.world.Unread(v.viewer, a)
	}
	return 0
}
