package chat_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelFollower is a client of one user, or of the application: it reads all
// they can see once, and from then on events alone. What it makes of them must
// be what reading says.
type modelFollower struct {
	run    *modelRun
	user   string // empty: the application
	every  uint64 // steps, about, between two looks at the events
	cursor chat.Cursor

	channels map[chat.CID]*modelFollowed
	people   map[chat.UserID]chat.User
	rights   map[string]modelRights  // at the last look
	arrived  map[chat.MessageID]bool // messages of which message.new was told
	deleted  map[chat.CID]int        // how often a channel was told to be deleted
	earlier  []chat.Cursor           // some that were read on from
	unknown  map[chat.CID]bool       // channels in which the unread count is not told by events alone
	counts   map[chat.EventType]int  // what was told
	overdue  map[chat.MessageID]bool // pending messages that expired and pins that ended and were still there
}

// modelRights are what a user may read in a channel: no event tells of it.
type modelRights struct{ reads, private bool }

// modelFollowed is what a client knows of a channel.
type modelFollowed struct {
	channel  chat.Channel
	members  map[chat.UserID]chat.Member
	messages map[chat.MessageID]chat.Message // replies and pending ones too
	unread   int
	muted    bool
	pinned   bool
	archived bool

	mentions *int                   // nil: not told since it changed
	threads  map[chat.MessageID]int // unread, by the parent, unless it is not told since it changed

	// Up to which message it was hidden; whether is not known where it was hidden
	// before the client came.
	hidden     bool
	hiddenAt   time.Time
	hiddenOnce bool // not known for certain

	stale bool // to be read anew
}

func newModelFollowers(r *modelRun) []*modelFollower {
	var list []*modelFollower
	for _, f := range []struct {
		user  string
		every uint64
	}{{"ann", 25}, {"gus", 60}, {"eve", 150}, {"", 50}, {"ben", 200}, {"cat", 200}, {"dan", 200}, {"fay", 200}, {"hal", 200}} {
		list = append(list, &modelFollower{run: r, user: f.user, every: f.every, counts: map[chat.EventType]int{}})
	}
	return list
}

func (f *modelFollower) String() string {
	if f.user == "" {
		return "the application follows"
	}
	return f.user + " follows"
}

// follow has followers look at the events now and then: which do depends on the
// step alone, so that they are the same when it is played again.
func (r *modelRun) follow(s model.Step, all bool) string {
	for i, f := range r.followers {
		hash := fnv.New64()
		fmt.Fprint(hash, i, s)
		random := rand.New(rand.NewPCG(hash.Sum64(), 1))
		if !all && random.Uint64N(f.every) > 0 {
			continue
		}
		if failure := f.look(random); failure != "" {
			return fmt.Sprintf("%s: %s", f, failure)
		}
	}
	return ""
}

func (f *modelFollower) reader() modelReader {
	if f.user == "" {
		return f.run.app
	}
	return f.run.app.As(chat.UserID(f.user))
}

func (f *modelFollower) poll(ctx context.Context, cursor chat.Cursor, q chat.EventQuery) ([]chat.Event, chat.Cursor, error) {
	if f.user == "" {
		return f.run.app.Poll(ctx, cursor, q)
	}
	return f.run.app.As(chat.UserID(f.user)).Poll(ctx, cursor, q)
}

// look reads the events, and compares what they make of the view with what
// reading says.
func (f *modelFollower) look(random *rand.Rand) string {
	w := f.run.world
	if u := w.User(f.user); f.user != "" && (u == nil || !u.Active) {
		return ""
	}
	if f.cursor == "" {
		return f.begin()
	}
	mark, err := f.mark()
	if err != nil || mark == "" {
		return errText(err)
	}
	f.noteOverdue()
	before := f.rights
	f.rights = f.rightsNow()
	for _, cid := range slices.Sorted(maps.Keys(f.rights)) {
		if f.rights[cid] != before[cid] {
			f.renew(chat.CID(cid))
		}
	}
	start := f.cursor
	events, next, err := f.readAll(start, chat.EventQuery{Limit: 1 + random.IntN(40)}, mark)
	if err != nil {
		return "reading events: " + err.Error()
	}
	f.cursor = next
	for _, e := range events {
		f.counts[e.Type]++
		failure := f.check(e)
		if failure == "" {
			failure = f.apply(e)
		}
		if failure != "" {
			return fmt.Sprintf("%s of %s: %s\nall that is told: %s", summary(e), e.CID, failure, strings.Join(summaries(events), ", "))
		}
	}
	for _, cid := range slices.Sorted(maps.Keys(f.channels)) {
		if f.channels[cid].stale {
			if failure := f.readChannel(cid); failure != "" {
				return fmt.Sprintf("reading %s anew: %s", cid, failure)
			}
		}
	}
	if failure := f.compare(); failure != "" {
		return fmt.Sprintf("%s\nafter: %s", failure, strings.Join(summaries(events), ", "))
	}
	if failure := f.resume(random, start, mark); failure != "" {
		return failure
	}
	if len(events) > 0 {
		f.earlier = append(f.earlier, start, events[random.IntN(len(events))].Cursor)
		f.earlier = f.earlier[max(0, len(f.earlier)-6):]
	}
	return ""
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// mark sets a mark among the events, at which reading ends.
func (f *modelFollower) mark() (chat.UserID, error) {
	user := f.user
	for _, u := range f.run.world.Users {
		if user == "" && u.Active {
			user = u.ID
		}
	}
	if user == "" {
		return "", nil
	}
	f.run.marks++
	mark := chat.UserID(fmt.Sprint("mark-", f.run.marks))
	for _, f := range f.run.followers {
		if f.user == user && slices.ContainsFunc(f.run.world.User(user).Mutes, modelTimed) {
			f.countAnew()
		}
	}
	f.run.world.Apply(model.Step{Op: model.UnmuteUser, By: user, User: string(mark)}, modelMade{}) // forgets mutes that ended
	return mark, f.run.app.As(chat.UserID(user)).UnmuteUser(context.Background(), mark)
}

// readAll reads all events up to a mark, but for marks. What came after it is left:
// by the real clock some is purged meanwhile, of which reading by few would not tell.
func (f *modelFollower) readAll(cursor chat.Cursor, q chat.EventQuery, mark chat.UserID) (list []chat.Event, next chat.Cursor, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		events, next, err := f.poll(ctx, cursor, q)
		if err != nil {
			return nil, cursor, err
		}
		cursor = next
		for _, e := range events {
			switch {
			case e.Type != chat.UserUnmuted || !strings.HasPrefix(string(e.User.ID), "mark-"):
				list = append(list, e)
			case e.User.ID == mark:
				return list, e.Cursor, nil
			}
		}
	}
}

// resume reads events again from an earlier cursor, in other ways: all give the
// same.
func (f *modelFollower) resume(random *rand.Rand, start chat.Cursor, mark chat.UserID) string {
	if random.IntN(3) > 0 {
		return ""
	}
	if len(f.earlier) > 0 {
		start = f.earlier[random.IntN(len(f.earlier))]
	}
	all, _, err := f.readAll(start, chat.EventQuery{Limit: 300}, mark)
	if err != nil {
		return "reading events again: " + err.Error()
	}
	failure := f.readAgain(random, start, mark, all)
	if failure == "" || f.run.driver.fakeClock {
		return failure
	}
	// Of what is purged meanwhile nothing more is told.
	if now, _, err := f.readAll(start, chat.EventQuery{Limit: 300}, mark); err == nil && diffEvents(now, all) != "" {
		return ""
	}
	return failure
}

// readAgain reads the events after a cursor by few, from the middle, and of one
// type.
func (f *modelFollower) readAgain(random *rand.Rand, start chat.Cursor, mark chat.UserID, all []chat.Event) string {
	limit := 1 + random.IntN(4)
	few, _, err := f.readAll(start, chat.EventQuery{Limit: limit}, mark)
	if d := diffEvents(few, all); err != nil || d != "" {
		return fmt.Sprintf("reading events again by %d: %v%s", limit, err, d)
	}
	if len(all) == 0 {
		return ""
	}
	i := random.IntN(len(all))
	rest, _, err := f.readAll(all[i].Cursor, chat.EventQuery{Limit: 1 + random.IntN(20)}, mark)
	if d := diffEvents(rest, all[i+1:]); err != nil || d != "" {
		return fmt.Sprintf("reading on after %s: %v%s", summary(all[i]), err, d)
	}
	kind := all[random.IntN(len(all))].Type
	rest, _, err = f.readAll(start, chat.EventQuery{Types: []chat.EventType{kind, chat.UserUnmuted}, Limit: limit}, mark)
	of := func(e chat.Event) bool { return e.Type != kind && e.Type != chat.UserUnmuted }
	if d := diffEvents(rest, slices.DeleteFunc(slices.Clone(all), of)); err != nil || d != "" {
		return fmt.Sprintf("reading %s alone: %v%s", kind, err, d)
	}
	return ""
}

// diffEvents says where two lists of events differ first, but for the cursors.
func diffEvents(got, want []chat.Event) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("event %d of %d is missing: %s of %s", i, len(want), summary(want[i]), want[i].CID)
		case i >= len(want):
			return fmt.Sprintf("has an event too many: %s of %s", summary(got[i]), got[i].CID)
		}
		a, b := got[i], want[i]
		a.Cursor, b.Cursor = "", ""
		if !reflect.DeepEqual(a, b) {
			return fmt.Sprintf("event %d: %s", i, cmp.Diff(b, a))
		}
	}
	return ""
}

// rightsNow are what the user may read, by the model.
func (f *modelFollower) rightsNow() map[string]modelRights {
	rights := map[string]modelRights{}
	for _, ch := range f.run.world.Channels {
		if f.user != "" && !ch.Deleted && ch.Member(f.user) != nil {
			rights[ch.CID] = modelRights{
				f.run.world.Reads(f.user, ch), f.run.world.Can(f.user, ch, "read-restricted-visibility-message"),
			}
		}
	}
	return rights
}

// renew has a channel read anew.
func (f *modelFollower) renew(cid chat.CID) { f.channels[cid] = &modelFollowed{stale: true} }

// begin reads all there is.
func (f *modelFollower) begin() string {
	f.channels, f.people = map[chat.CID]*modelFollowed{}, map[chat.UserID]chat.User{}
	f.arrived, f.unknown = map[chat.MessageID]bool{}, map[chat.CID]bool{}
	f.overdue = map[chat.MessageID]bool{}
	f.noteOverdue()
	f.rights, f.deleted = f.rightsNow(), maps.Clone(f.run.deletions)
	cids, cursor, err := f.listed()
	if err != nil {
		return "listing: " + err.Error()
	}
	f.cursor = cursor
	for _, cid := range cids {
		if failure := f.readChannel(cid); failure != "" {
			return failure
		}
	}
	return ""
}

// listed are the channels that the client follows.
func (f *modelFollower) listed() (cids []chat.CID, cursor chat.Cursor, err error) {
	q := chat.ChannelQuery{Limit: 30, Messages: chat.None, Members: chat.None}
	if f.user != "" {
		q.Filter = chat.And(chat.Eq("members", f.user), chat.Or(chat.Eq("hidden", false), chat.Eq("hidden", true)))
	}
	for {
		page, err := f.reader().Channels(context.Background(), q)
		if err != nil {
			return nil, "", err
		}
		if cursor == "" {
			cursor = page.Cursor
		}
		for _, st := range page.Items {
			cids = append(cids, st.Channel.CID)
		}
		if q.Page = page.Next; q.Page == "" {
			return cids, cursor, nil
		}
	}
}

// readChannel reads a channel anew, as a client does that opens it with all its
// threads, and reads on from there.
func (f *modelFollower) readChannel(cid chat.CID) string {
	ctx := context.Background()
	delete(f.channels, cid)
	st, err := f.reader().Channel(ctx, cid)
	switch kind, _ := modelKind(err); {
	case kind == model.NotFound:
		return ""
	case kind == model.Disabled:
		f.channels[cid] = &modelFollowed{channel: chat.Channel{CID: cid, Disabled: true}}
		return ""
	case err != nil:
		return err.Error()
	case f.user != "" && st.Membership == nil:
		return ""
	}
	ch := &modelFollowed{
		channel: st.Channel, unread: st.Unread, muted: st.Muted, hidden: st.Hidden, hiddenOnce: true,
		pinned: st.PinnedAt != nil, archived: st.ArchivedAt != nil, mentions: &st.UnreadMentions,
		members: map[chat.UserID]chat.Member{}, threads: map[chat.MessageID]int{},
	}
	for _, m := range st.Members {
		ch.members[m.User.ID] = m
		f.people[m.User.ID] = m.User
	}
	f.people[st.Channel.CreatedBy.ID] = st.Channel.CreatedBy
	if ch.messages, err = f.readMessages(cid); err != nil {
		return err.Error()
	}
	for _, m := range ch.messages {
		f.arrived[m.ID] = m.Pending == nil
	}
	f.channels[cid] = ch
	page, err := f.reader().Messages(ctx, cid, chat.MessageQuery{Limit: 1})
	f.cursor = page.Cursor
	return errText(err)
}

// readMessages reads all that can be seen of a channel, replies too.
func (f *modelFollower) readMessages(cid chat.CID) (map[chat.MessageID]chat.Message, error) {
	var ids []chat.MessageID
	for _, m := range f.run.world.Channel(string(cid)).Messages {
		ids = append(ids, chat.MessageID(m.ID))
	}
	messages := map[chat.MessageID]chat.Message{}
	for some := range slices.Chunk(ids, 100) {
		list, err := f.reader().MessagesByID(context.Background(), some...)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			messages[m.ID] = m
		}
	}
	return messages, nil
}
