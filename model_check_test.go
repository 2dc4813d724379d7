package chat_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelReader is what the application and a user can both read.
type modelReader interface {
	Message(context.Context, chat.MessageID) (chat.Message, error)
	MessagesByID(context.Context, ...chat.MessageID) ([]chat.Message, error)
	Messages(context.Context, chat.CID, chat.MessageQuery) (chat.Page[chat.Message], error)
	Channel(context.Context, chat.CID) (chat.ChannelState, error)
	Channels(context.Context, chat.ChannelQuery) (chat.Page[chat.ChannelState], error)
	Members(context.Context, chat.CID, chat.MemberQuery) (chat.Page[chat.Member], error)
}

// modelView is a viewer who compares what they see with the model.
type modelView struct {
	*modelRun
	viewer string // empty: the application
	reader modelReader
	random *rand.Rand
}

func (r *modelRun) as(viewer string, random *rand.Rand) *modelView {
	v := &modelView{modelRun: r, viewer: viewer, reader: r.app, random: random}
	if viewer != "" {
		v.reader = r.app.As(chat.UserID(viewer))
	}
	return v
}

func (v *modelView) String() string {
	if v.viewer == "" {
		return "the application"
	}
	return v.viewer
}

// checkAfter has those whom a step concerns look, and a random one. The choices
// depend on the step alone, so that they are the same when it is played again.
func (r *modelRun) checkAfter(s model.Step) string {
	hash := fnv.New64()
	fmt.Fprint(hash, s)
	random := rand.New(rand.NewPCG(hash.Sum64(), 0))
	cid, m := s.CID, r.world.Message(s.ID)
	viewers := append([]string{"", s.By, s.User}, s.Users...)
	viewers = append(viewers, s.Audience...)
	if m != nil {
		cid = m.Channel.CID
		viewers = append(viewers, m.Author)
	}
	if len(r.world.Users) > 0 {
		viewers = append(viewers, r.world.Users[random.IntN(len(r.world.Users))].ID)
	}
	slices.Sort(viewers)
	someone := viewers[len(viewers)-1]
	for _, viewer := range slices.Compact(viewers) {
		v := r.as(viewer, random)
		failure := v.checkMessages(v.sample(8, m))
		if failure == "" && cid != "" {
			failure = v.checkChannel(cid, 40)
		}
		if failure == "" && viewer == someone {
			failure = v.checkList(true)
		}
		if failure != "" {
			return fmt.Sprintf("%s: %s", v, failure)
		}
	}
	return r.checkPending()
}

// checkAll has everyone look at everything: at the end at every message there
// ever was.
func (r *modelRun) checkAll(end bool) string {
	random := rand.New(rand.NewPCG(uint64(r.steps), 0))
	viewers := []string{"", "nobody"}
	for _, u := range r.world.Users {
		viewers = append(viewers, u.ID)
	}
	cids := map[string]bool{}
	for _, ch := range r.world.Channels {
		cids[ch.CID] = true
	}
	for _, viewer := range viewers {
		v := r.as(viewer, random)
		messages := r.world.Messages
		if !end {
			messages = v.sample(100, nil)
		}
		failure := v.checkMessages(messages)
		for _, cid := range slices.Sorted(modelKeys(cids)) {
			if failure == "" {
				failure = v.checkChannel(cid, 1000)
			}
		}
		if failure == "" {
			failure = v.checkList(false)
		}
		if failure != "" {
			return fmt.Sprintf("%s: %s", v, failure)
		}
	}
	if failure := r.checkPending(); failure != "" || !end {
		return failure
	}
	return r.verify()
}

func modelKeys(set map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range set {
			if !yield(key) {
				return
			}
		}
	}
}

// sample is some messages, most of them new, whatever became of them.
func (v *modelView) sample(n int, first *model.Message) []*model.Message {
	var list []*model.Message
	if first != nil {
		list = append(list, first)
	}
	all := v.world.Messages
	for range min(n, len(all)) {
		from := len(all)
		if v.random.IntN(2) == 0 {
			from = min(from, 3*n)
		}
		list = append(list, all[len(all)-1-v.random.IntN(from)])
	}
	return list
}

// checkMessages reads messages by their ids, one by one and many at a time.
func (v *modelView) checkMessages(list []*model.Message) string {
	ctx := context.Background()
	for _, m := range list {
		want := v.world.Read(v.viewer, m)
		got, err := v.reader.Message(ctx, chat.MessageID(m.ID))
		if kind, known := modelKind(err); kind != want || !known {
			return fmt.Sprintf("reading %s answers %v, want %q", m.ID, err, want)
		}
		if err == nil {
			if d := diffViews([]model.MessageView{modelViewOf(got)}, v.views(v.viewer, []*model.Message{m})); d != "" {
				return d
			}
			if wantHTML := modelHTML(got); got.HTML != wantHTML {
				return fmt.Sprintf("%s has the html %q, want %q", m.ID, got.HTML, wantHTML)
			}
		}
		if v.viewer == "" {
			original, err := v.app.OriginalMessage(ctx, chat.MessageID(m.ID))
			hidden := m.Gone || m.Pending && !v.world.Sees("", m)
			if (err != nil) != hidden || err == nil && original.Text != m.Text {
				return fmt.Sprintf("the original of %s has the text %q, %v; want %q, gone %t", m.ID, original.Text, err, m.Text, hidden)
			}
		}
	}
	for many := range slices.Chunk(list, 50) {
		var ids []chat.MessageID
		var want []*model.Message
		for _, m := range many {
			if slices.Contains(ids, chat.MessageID(m.ID)) {
				continue
			}
			ids = append(ids, chat.MessageID(m.ID))
			if v.world.Read(v.viewer, m) == model.OK {
				want = append(want, m)
			}
		}
		got, err := v.reader.MessagesByID(ctx, ids...)
		if kind, _ := modelKind(err); kind == model.Permission && v.viewer != "" && (v.world.User(v.viewer) == nil || !v.world.User(v.viewer).Active) {
			continue
		}
		if err != nil {
			return fmt.Sprintf("reading many: %v", err)
		}
		if d := diffViews(modelViewsOf(got), v.views(v.viewer, want)); d != "" {
			return "reading many: " + d
		}
	}
	return ""
}

// modelHTML is the html of the plain words that the steps send.
func modelHTML(m chat.Message) string {
	if m.Text == "" {
		return ""
	}
	return "<p>" + m.Text + "</p>\n"
}

// checkChannel reads a channel in every way. Steps is how many pages it is
// walked through at most.
func (v *modelView) checkChannel(cid string, steps int) string {
	ctx := context.Background()
	want := v.world.Enter(v.viewer, cid)
	page, err := v.reader.Messages(ctx, chat.CID(cid), chat.MessageQuery{Limit: 300})
	if got, known := modelKind(err); got != want || !known {
		return fmt.Sprintf("the page of %s answers %v, want %q", cid, err, want)
	}
	st, stateErr := v.reader.Channel(ctx, chat.CID(cid))
	if got, known := modelKind(stateErr); got != want || !known {
		return fmt.Sprintf("the channel %s answers %v, want %q", cid, stateErr, want)
	}
	if v.viewer != "" {
		unread, err := v.app.As(chat.UserID(v.viewer)).Unread(ctx, chat.CID(cid))
		if got, known := modelKind(err); got != want || !known {
			return fmt.Sprintf("the unread count of %s answers %v, want %q", cid, err, want)
		}
		if err == nil && unread != v.world.Unread(v.viewer, v.world.Channel(cid)) {
			return fmt.Sprintf("%s has %d unread, want %d", cid, unread, v.world.Unread(v.viewer, v.world.Channel(cid)))
		}
	}
	if err != nil {
		return ""
	}
	ch := v.world.Channel(cid)
	list := v.world.Timeline(v.viewer, ch)
	wanted := list[max(0, len(list)-300):]
	if d := diffViews(modelViewsOf(page.Items), v.views(v.viewer, wanted)); d != "" {
		return fmt.Sprintf("the latest page of %s: %s", cid, d)
	}
	if failure := v.checkEnds(page, list); failure != "" {
		return fmt.Sprintf("the latest page of %s: %s", cid, failure)
	}
	if failure := v.checkState(st, ch, 25); failure != "" {
		return fmt.Sprintf("%s: %s", cid, failure)
	}
	for _, check := range []func(*model.Channel, []*model.Message, int) string{v.checkWalk, v.checkAnchors, v.checkOtherAnchors} {
		if failure := check(ch, list, steps); failure != "" {
			return fmt.Sprintf("%s: %s", cid, failure)
		}
	}
	return ""
}

// modelPlace is where a page lies in the whole list: from and to.
func modelPlace(page chat.Page[chat.Message], list []*model.Message) (from, to int) {
	if len(page.Items) == 0 {
		return -1, -1
	}
	from = slices.IndexFunc(list, func(m *model.Message) bool { return m.ID == string(page.Items[0].ID) })
	return from, from + len(page.Items)
}

// checkEnds checks that a page leads on exactly where there is more.
func (v *modelView) checkEnds(page chat.Page[chat.Message], list []*model.Message) string {
	from, to := modelPlace(page, list)
	if from < 0 {
		return ""
	}
	if (page.Prev != "") != (from > 0) || (page.Next != "") != (to < len(list)) {
		return fmt.Sprintf("items %d to %d of %d have prev %q and next %q", from, to, len(list), page.Prev, page.Next)
	}
	return ""
}

// checkWalk goes through a channel's pages from the newest to the oldest, or the
// other way.
func (v *modelView) checkWalk(ch *model.Channel, list []*model.Message, steps int) string {
	if len(list) == 0 {
		return ""
	}
	forward := v.random.IntN(2) == 0
	limit := 1 + v.random.IntN(12)
	q := chat.MessageQuery{Limit: limit}
	if forward {
		q.After, q.Inclusive = chat.MessageID(list[0].ID), true
	}
	var got []chat.Message
	all := false
	for range steps {
		page, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), q)
		if err != nil {
			return fmt.Sprintf("walking the pages: %v", err)
		}
		next := page.Next
		if forward {
			got = append(got, page.Items...)
		} else {
			got = append(page.Items, got...)
			next = page.Prev
		}
		if all = next == ""; all {
			break
		}
		q = chat.MessageQuery{Limit: limit, Page: next}
	}
	want := list
	if !all {
		n := min(len(list), len(got))
		want = list[len(list)-n:]
		if forward {
			want = list[:n]
		}
	}
	if d := diffViews(modelViewsOf(got), v.views(v.viewer, want)); d != "" {
		return fmt.Sprintf("walking by %d, forward %t: %s", limit, forward, d)
	}
	return ""
}

// checkAnchors asks for pages by random messages and times.
func (v *modelView) checkAnchors(ch *model.Channel, list []*model.Message, _ int) string {
	if len(list) == 0 {
		return ""
	}
	i := v.random.IntN(len(list))
	limit := 1 + v.random.IntN(10)
	inclusive := v.random.IntN(2) == 0
	after := i + 1
	before := i
	if inclusive {
		after, before = i, i+1
	}
	id, at := chat.MessageID(list[i].ID), list[i].Created
	ahead, behind := list[after:min(len(list), after+limit)], list[max(0, before-limit):before]
	for _, c := range []struct {
		query chat.MessageQuery
		want  []*model.Message
	}{
		{chat.MessageQuery{After: id, Inclusive: inclusive}, ahead},
		{chat.MessageQuery{AfterTime: at, Inclusive: inclusive}, ahead},
		{chat.MessageQuery{Before: id, Inclusive: inclusive}, behind},
		{chat.MessageQuery{BeforeTime: at, Inclusive: inclusive}, behind},
	} {
		c.query.Limit = limit
		page, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), c.query)
		if err != nil {
			return fmt.Sprintf("%+v: %v", c.query, err)
		}
		if d := diffViews(modelViewsOf(page.Items), v.views(v.viewer, c.want)); d != "" {
			return fmt.Sprintf("%+v: %s", c.query, d)
		}
		if d := v.checkEnds(page, list); d != "" {
			return fmt.Sprintf("%+v: %s", c.query, d)
		}
	}
	for _, q := range []chat.MessageQuery{{Around: id}, {AroundTime: at.Add(time.Duration(v.random.IntN(3)-1) * time.Microsecond)}} {
		q.Limit = limit
		page, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), q)
		if err != nil {
			return fmt.Sprintf("%+v: %v", q, err)
		}
		from, to := modelPlace(page, list)
		if from < 0 || to > len(list) || to-from > limit {
			return fmt.Sprintf("%+v gives items %d to %d of %d", q, from, to, len(list))
		}
		if q.Around != "" && (i < from || i >= to) {
			return fmt.Sprintf("%+v gives items %d to %d, without %d itself", q, from, to, i)
		}
		if d := diffViews(modelViewsOf(page.Items), v.views(v.viewer, list[from:to])); d != "" {
			return fmt.Sprintf("%+v: %s", q, d)
		}
		if d := v.checkEnds(page, list); d != "" {
			return fmt.Sprintf("%+v: %s", q, d)
		}
	}
	return ""
}

// checkOtherAnchors asks for pages by messages that are not in them.
func (v *modelView) checkOtherAnchors(ch *model.Channel, _ []*model.Message, _ int) string {
	for _, m := range v.sample(2, nil) {
		if m.Channel == ch && v.world.Sees(v.viewer, m) {
			continue
		}
		_, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), chat.MessageQuery{Before: chat.MessageID(m.ID)})
		kind, known := modelKind(err)
		seen := v.world.Sees(v.viewer, m) // in another channel: not laid down which error it is
		if !known || kind != model.NotFound && (!seen || kind != model.Invalid) {
			return fmt.Sprintf("a page before %s answers %v", m.ID, err)
		}
	}
	return ""
}

// checkPending has the application list what is pending.
func (r *modelRun) checkPending() string {
	var want []*model.Message
	for _, ch := range r.world.Channels {
		want = append(want, r.world.PendingOf("", ch)...)
	}
	got := map[string]model.MessageView{}
	q := chat.PendingQuery{Limit: 40}
	last := time.Time{}
	for {
		page, err := r.app.PendingMessages(context.Background(), q)
		if err != nil {
			return fmt.Sprintf("pending messages: %v", err)
		}
		for _, m := range page.Items {
			if m.CreatedAt.Before(last) {
				return fmt.Sprintf("pending messages: %s comes too late", m.ID)
			}
			last = m.CreatedAt
			got[string(m.ID)] = modelViewOf(m)
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	for _, m := range want {
		if view := r.world.View("", m); !sameView(got[m.ID], view) {
			return fmt.Sprintf("pending messages: %+v, want %+v", got[m.ID], view)
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d messages are pending, want %d", len(got), len(want))
	}
	return ""
}
