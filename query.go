package chat

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// ChannelSort is what a list of channels is ordered by.
type ChannelSort int

// The orders of a list of channels, the greatest first.
const (
	ByLastMessage ChannelSort = iota // of the newest message the viewer can see; those without one last
	ByLastUpdated                    // of that and of the last change of the channel, the later
	ByCreated
	ByMemberCount
	ByUnread
)

// ChannelQuery asks for channels.
type ChannelQuery struct {
	// Filter chooses channels. A hidden one is chosen only by a filter that
	// speaks of hidden. Members with Eq("members", "jane") makes a query of
	// one's own channels.
	Filter    Filter
	Sort      ChannelSort
	Ascending bool

	// PinnedFirst has the channels that the viewer pinned come before the others,
	// each in the order of Sort.
	PinnedFirst bool

	Limit    int // default 10, at most 30
	Messages int // latest messages of each: default 25, at most 300; None for none
	Members  int // members of each: default and at most 100; None for none

	Page PageToken
}

// Channels returns channels as the application sees them: all that are not
// deleted. The list is read forwards: Prev is always empty.
func (a *App) Channels(ctx context.Context, q ChannelQuery) (_ Page[ChannelState], err error) {
	defer a.operation(&ctx, "Channels").ended(&err)
	return a.channels(ctx, "Channels", application, q)
}

// Channels returns the channels that the user can read, each with what the user
// sees of it. Its cost depends on the user's own channels and on those of types
// that their role reads without being a member, where the filter does not leave
// these out.
func (s *Session) Channels(ctx context.Context, q ChannelQuery) (_ Page[ChannelState], err error) {
	defer s.app.operation(&ctx, "Channels").ended(&err)
	return s.app.channels(ctx, "Channels", as(s.user), q)
}

// Channel returns a channel as the application sees it, with its latest 25
// messages. A soft-deleted one can still be read.
func (a *App) Channel(ctx context.Context, cid CID) (_ ChannelState, err error) {
	defer a.operation(&ctx, "Channel").ended(&err)
	return a.channel(ctx, application, cid)
}

// Channel returns a channel as the user sees it, with its latest 25 messages.
func (s *Session) Channel(ctx context.Context, cid CID) (_ ChannelState, err error) {
	defer s.app.operation(&ctx, "Channel").ended(&err)
	return s.app.channel(ctx, as(s.user), cid)
}

func (a *App) channel(ctx context.Context, c caller, cid CID) (ChannelState, error) {
	const op = "Channel"
	if err := checkCID("cid", cid); err != nil {
		return ChannelState{}, in(op, err)
	}
	var state ChannelState
	err := a.view(ctx, op, func(r *record.Reader) error {
		read, err := openReadState(r, c, cid)
		if err == nil {
			err = read.room.enter()
		}
		if err != nil {
			return err
		}
		entry := listing{readState: read}
		state, err = entry.state(r, ChannelQuery{Messages: standardPage, Members: membersShown})
		return err
	})
	return state, err
}

func (q *ChannelQuery) check() (from listPlace, err error) {
	if err := q.Filter.validate(); err != nil {
		return from, err
	}
	if q.Sort < ByLastMessage || q.Sort > ByUnread {
		return from, invalid("sort", "is %d; must be one of the ChannelSort constants", q.Sort)
	}
	if err := checkLimit("limit", &q.Limit, standardChannels, maxChannels); err != nil {
		return from, err
	}
	if err := checkCount("messages", &q.Messages, standardPage, maxPage); err != nil {
		return from, err
	}
	if err := checkCount("members", &q.Members, membersShown, membersShown); err != nil {
		return from, err
	}
	if q.Page == "" {
		return listPlace{value: math.MaxInt64, number: math.MaxUint64}, nil
	}
	var order, pinned, number int64
	if err := q.Page.decodeNumbers(tokenChannels, &order, &pinned, &from.value, &number); err != nil {
		return from, err
	}
	if order != q.order() {
		return from, invalid("page", "is a token of a list in another order")
	}
	from.number, from.pinned = record.Channel(number), pinned != 0
	return from, nil
}

func (q *ChannelQuery) order() int64 {
	order := int64(q.Sort) << 2
	if q.Ascending {
		order |= 1
	}
	if q.PinnedFirst {
		order |= 2
	}
	return order
}

// listPlace is a place in a list of channels: what is pinned, if that counts,
// then by value, then by number, the greatest first.
type listPlace struct {
	pinned bool
	value  int64
	number record.Channel
}

func (p listPlace) numbers() []int64 {
	pinned := int64(0)
	if p.pinned {
		pinned = 1
	}
	return []int64{pinned, p.value, int64(p.number)}
}

func (p listPlace) compare(q listPlace) int {
	return cmp.Or(-cmp.Compare(p.value, q.value), -cmp.Compare(p.number, q.number))
}

func (a *App) channels(ctx context.Context, op string, c caller, q ChannelQuery) (Page[ChannelState], error) {
	from, err := q.check()
	if err != nil {
		return Page[ChannelState]{}, in(op, err)
	}
	var page Page[ChannelState]
	err = a.view(ctx, op, func(r *record.Reader) error {
		page = Page[ChannelState]{}
		list := &channelList{app: a, reader: r, caller: c, query: q}
		if err := list.open(); err != nil {
			return err
		}
		chosen, more, err := list.choose(from)
		if err != nil {
			return err
		}
		if len(chosen) > 0 {
			page.Items = make([]ChannelState, 0, len(chosen))
		}
		for _, entry := range chosen {
			state, err := entry.state(r, q)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, state)
		}
		if more {
			last := chosen[len(chosen)-1].place
			page.Next = encodeToken(tokenChannels, append([]int64{q.order()}, last.numbers()...)...)
		}
		page.Cursor, err = a.cursorNow(r)
		return err
	})
	return page, err
}

// channelList makes one list of channels.
type channelList struct {
	app      *App
	reader   *record.Reader
	caller   caller
	query    ChannelQuery
	user     *record.Value[codec.User]
	settings *record.Shared[storedSettings]
	types    []*ChannelType
	entries  []*listing
	known    map[record.Channel]bool // in entries already
}

// open reads who asks, and which channels may be in the list.
func (l *channelList) open() (err error) {
	b := l.reader.Batch()
	l.user = b.User(string(l.caller.user))
	l.settings = record.Settings[storedSettings](b)
	if err := b.Run(); err != nil {
		return err
	}
	if err := checkCaller(l.caller, l.user); err != nil {
		return err
	}
	if l.types, err = record.Types[ChannelType](l.reader); err != nil {
		return err
	}
	if !l.caller.app {
		own, err := l.reader.UserChannels(string(l.caller.user))
		if err != nil {
			return err
		}
		entries := make([]listing, len(own))
		l.entries = make([]*listing, len(own))
		for i := range own {
			entries[i] = listing{number: own[i].Channel, own: &own[i].UserChannel, isOwn: true}
			l.entries[i] = &entries[i]
		}
	}
	if cids, ok := l.query.Filter.requires("cid"); ok {
		return l.addCIDs(cids)
	}
	return l.addTypes()
}

// addTypes adds the channels of types that the caller reads without being a
// member.
func (l *channelList) addTypes() error {
	if members, ok := l.query.Filter.requires("members"); ok && !l.caller.app && slices.Equal(members, []string{string(l.caller.user)}) {
		return nil
	}
	wanted, restricted := l.query.Filter.requires("type")
	for _, t := range l.types {
		if restricted && !slices.Contains(wanted, t.Name) {
			continue
		}
		if !l.caller.app && !slices.Contains(t.Grants[Role(l.user.V.Role)], ReadChannel) {
			continue
		}
		after := ""
		for {
			cids, numbers, err := l.reader.CIDs(t.Name+":", after, maxPage)
			if err != nil {
				return err
			}
			for i, number := range numbers {
				l.add(CID(cids[i]), number)
			}
			if len(cids) < maxPage {
				break
			}
			after = cids[len(cids)-1]
		}
	}
	return l.addOpened()
}

// addOpened adds the channels that their own overrides let the caller's role
// read.
func (l *channelList) addOpened() error {
	if l.caller.app {
		return nil
	}
	numbers, err := l.reader.OpenTo(l.user.V.Role)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		b := l.reader.Batch()
		channel := b.Channel(number)
		if err := b.Run(); err != nil {
			return err
		}
		l.add(CID(channel.V.CID), number)
	}
	return nil
}

// addCIDs adds the channels that the filter names.
func (l *channelList) addCIDs(cids []string) error {
	b := l.reader.Batch()
	numbers := make([]*record.Value[record.Channel], len(cids))
	for i, cid := range cids {
		numbers[i] = b.Number(cid)
	}
	if err := b.Run(); err != nil {
		return err
	}
	wanted := map[record.Channel]bool{}
	for i, number := range numbers {
		if number.Found {
			wanted[number.V] = true
			l.add(CID(cids[i]), number.V)
		}
	}
	l.entries = slices.DeleteFunc(l.entries, func(e *listing) bool { return !wanted[e.number] })
	return nil
}

// add adds a channel that may not be the caller's own.
func (l *channelList) add(cid CID, number record.Channel) {
	if l.known == nil {
		l.known = make(map[record.Channel]bool, len(l.entries))
		for _, e := range l.entries {
			l.known[e.number] = true
		}
	}
	if !l.known[number] {
		l.known[number] = true
		l.entries = append(l.entries, &listing{number: number, own: &codec.UserChannel{CID: string(cid)}})
	}
}

// choose finds the entries of the page after a place, and whether there are
// more. Only as many entries are brought into order as it takes to find them.
func (l *channelList) choose(from listPlace) (chosen []*listing, more bool, err error) {
	if err := l.place(); err != nil {
		return nil, false, err
	}
	heap.Init(l)
	for l.Len() > 0 {
		e := heap.Pop(l).(*listing)
		if l.query.Page != "" && !l.isAfter(e.place, from) {
			continue
		}
		ok, err := l.matches(e)
		if err != nil {
			return nil, false, err
		}
		if !ok {
			continue
		}
		if len(chosen) == l.query.Limit {
			return chosen, true, nil
		}
		chosen = append(chosen, e)
	}
	return chosen, false, nil
}

// Len, Less, Swap, Push and Pop make the entries a heap.

func (l *channelList) Len() int { return len(l.entries) }

func (l *channelList) Less(i, j int) bool { return l.isAfter(l.entries[j].place, l.entries[i].place) }

func (l *channelList) Swap(i, j int) { l.entries[i], l.entries[j] = l.entries[j], l.entries[i] }

func (l *channelList) Push(e any) { l.entries = append(l.entries, e.(*listing)) }

func (l *channelList) Pop() any {
	last := len(l.entries) - 1
	e := l.entries[last]
	l.entries = l.entries[:last]
	return e
}

func (l *channelList) isAfter(p, q listPlace) bool {
	if p.pinned != q.pinned {
		return q.pinned
	}
	if l.query.Ascending {
		return p.compare(q) < 0
	}
	return p.compare(q) > 0
}

// place gives each entry its place. By the last message it takes two short
// values a channel, by anything else the channel itself.
func (l *channelList) place() error {
	if err := l.placeByValue(); err != nil || !l.query.PinnedFirst {
		return err
	}
	for _, e := range l.entries {
		e.place.pinned = e.own.PinnedAt != 0
	}
	return nil
}

func (l *channelList) placeByValue() error {
	if l.query.Sort == ByLastMessage {
		return l.placeByNewest()
	}
	for _, e := range l.entries {
		value, err := l.sortValue(e)
		if err != nil {
			return err
		}
		e.place = listPlace{value: value, number: e.number}
	}
	return nil
}

func (l *channelList) placeByNewest() error {
	numbers := make([]record.Channel, len(l.entries))
	for i, e := range l.entries {
		numbers[i] = e.number
	}
	public, err := l.reader.NewestOf(numbers)
	if err != nil {
		return err
	}
	allPrivate := typesWithAllPrivate(l.types, Role(l.user.V.Role))
	shown, err := l.reader.OpenTo(showsPrivate)
	if err != nil {
		return err
	}
	for i, e := range l.entries {
		value := public[i]
		if value <= e.own.ClearedAt {
			value = 0
		}
		// There may be private messages: who they are for, and what of them is
		// still there, takes the channel.
		if l.caller.app || !e.isOwn || e.own.Private || len(allPrivate) > 0 && allPrivate[CID(e.own.CID).Type()] || slices.Contains(shown, e.number) {
			if err := l.openEntry(e); err != nil {
				return err
			}
			newest, err := e.newestVisible(l.reader)
			if err != nil {
				return err
			}
			value = newest.at
		}
		e.place = listPlace{value: value, number: e.number}
	}
	return nil
}

// typesWithAllPrivate are the types in whose channels a user of a role may see
// all private messages, by one grant or another: which of them applies is found
// when a channel is opened. A role that is no user's may be theirs as a member.
func typesWithAllPrivate(list []*ChannelType, of Role) map[string]bool {
	types := map[string]bool{}
	for _, t := range list {
		for role, actions := range t.Grants {
			switch role {
			case of:
			case RoleUser, RoleGuest, RoleAnonymous, RoleModerator, RoleAdmin:
				continue
			}
			if slices.Contains(actions, ReadRestrictedVisibilityMessage) {
				types[t.Name] = true
			}
		}
	}
	return types
}

func (l *channelList) sortValue(e *listing) (int64, error) {
	if err := l.openEntry(e); err != nil {
		return 0, err
	}
	channel := e.room.channel
	switch l.query.Sort {
	case ByCreated:
		return channel.CreatedAt, nil
	case ByMemberCount:
		return int64(channel.Members), nil
	case ByUnread:
		n, err := e.unreadCount(l.reader)
		return int64(n), err
	}
	newest, err := e.newestVisible(l.reader)
	return max(newest.at, channel.UpdatedAt), err
}

// openEntry reads an entry's channel and what the caller has with it.
func (l *channelList) openEntry(e *listing) error {
	if e.readState != nil {
		return nil
	}
	state := newReadState()
	var err error
	state.room, err = openRoomOf(l.reader, l.caller, l.user.V, l.settings.V, e.number, more{second: state.alongside(l.caller.user)})
	e.readState = state
	return err
}

// matches says whether an entry belongs in the list.
func (l *channelList) matches(e *listing) (bool, error) {
	if wanted, ok := l.query.Filter.requires("type"); ok && !slices.Contains(wanted, CID(e.own.CID).Type()) {
		return false, nil
	}
	if err := l.openEntry(e); err != nil {
		return false, err
	}
	if !e.room.readable() || e.room.channel.DeletedAt != 0 {
		return false, nil
	}
	if e.room.own.HiddenAt != 0 && !l.query.Filter.mentions("hidden") {
		hidden, err := e.hidden(l.reader)
		if err != nil || hidden {
			return false, err
		}
	}
	return l.query.Filter.matches(&listingFields{e, l.reader})
}

// listingFields is what a filter asks of an entry.
type listingFields struct {
	entry  *listing
	reader *record.Reader
}

func (f *listingFields) field(name string) (any, error) {
	e := f.entry
	channel := e.room.channel
	switch name {
	case "cid":
		return channel.CID, nil
	case "type":
		return CID(channel.CID).Type(), nil
	case "id":
		return CID(channel.CID).ID(), nil
	case "name":
		return channel.Name, nil
	case "created_by":
		return channel.CreatedBy, nil
	case "member_count":
		return float64(channel.Members), nil
	case "created_at":
		return moment(channel.CreatedAt), nil
	case "updated_at":
		return moment(channel.UpdatedAt), nil
	case "last_message_at":
		newest, err := e.newestVisible(f.reader)
		if err != nil || newest.at == 0 {
			return nil, err
		}
		return moment(newest.at), nil
	case "frozen":
		return channel.Frozen, nil
	case "disabled":
		return channel.Disabled, nil
	case "hidden":
		return e.hidden(f.reader)
	case "muted":
		return e.room.muted(), nil
	case "pinned":
		return e.room.own.PinnedAt != 0, nil
	case "archived":
		return e.room.own.ArchivedAt != 0, nil
	case "invited":
		return e.room.invited(), nil
	case "has_unread":
		n, err := e.unreadCount(f.reader)
		return n > 0, err
	}
	return decodeCustom(channel.Custom)[name], nil
}

func (f *listingFields) isMember(id UserID) (bool, error) {
	if room := f.entry.room; !room.app && id == room.user {
		return room.isMember, nil
	}
	b := f.reader.Batch()
	m := b.Member(f.entry.room.number, string(id))
	err := b.Run()
	return m.Found, err
}

func (f *listingFields) members() ([]UserID, error) {
	var ids []UserID
	after := ""
	for {
		list, err := f.reader.Members(f.entry.room.number, after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			ids = append(ids, UserID(m.User))
		}
		if len(list) < maxPage {
			return ids, nil
		}
		after = list[len(list)-1].User
	}
}
