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
	Reactions(context.Context, chat.MessageID, chat.ReactionQuery) (chat.Page[chat.Reaction], error)
	PinnedMessages(context.Context, chat.CID, chat.PinQuery) (chat.Page[chat.Message], error)
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

// updatedBefore is when what a step changes was last changed.
func (r *modelRun) updatedBefore(s model.Step) time.Time {
	switch ch := r.world.Channel(s.CID); s.Op {
	case model.Update, model.PatchMessage:
		if m := r.world.Message(s.ID); m != nil {
			return m.Updated
		}
	case model.Freeze, model.SetCooldown, model.Disable, model.SetOverrides, model.UpdateChannel, model.PatchChannel:
		if ch != nil {
			return ch.Updated
		}
	}
	return time.Time{}
}

// checkReturned compares what a step returned with what the model has after it.
func (r *modelRun) checkReturned(s model.Step, made model.Made, before time.Time) string {
	if s.Op == model.EnsureDistinct && r.world.Distinct(s).CID != made.CID {
		return fmt.Sprintf("is %s, and was %s", made.CID, r.world.Distinct(s).CID)
	}
	nothing := s.Op == model.PatchMessage && len(s.Set)+len(s.Unset) == 0
	if !before.IsZero() && !nothing && made.Updated.Before(later(before, r.world.Now.Truncate(time.Microsecond))) {
		return fmt.Sprintf("was updated at %s, and before at %s", made.Updated, before)
	}
	switch s.Op {
	case model.PutUser, model.PatchUser, model.Deactivate, model.Reactivate, model.EraseUser:
		return r.checkUser(s.User)
	}
	m := r.world.Message(s.ID)
	if r.returned != nil && (r.returned.Type == chat.TypeError) != r.world.Told {
		return fmt.Sprintf("answers %+v; want an error message: %t", *r.returned, r.world.Told)
	}
	if r.world.Told {
		return r.checkTold(s)
	}
	if r.returned == nil || m == nil || m.Gone {
		return ""
	}
	if d := diffViews([]model.MessageView{modelViewOf(*r.returned)}, r.views(s.By, []*model.Message{m})); d != "" {
		return "returns: " + d
	}
	return ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// checkAfter has all whom a step concerns look, and a random one. The choices
// depend on the step alone, so that they are the same when it is played again.
func (r *modelRun) checkAfter(s model.Step) string {
	hash := fnv.New64()
	fmt.Fprint(hash, s)
	random := rand.New(rand.NewPCG(hash.Sum64(), 0))
	cid, m := s.CID, r.world.Message(s.ID)
	touched := append([]string{s.User}, s.Users...)
	touched = append(touched, s.Audience...)
	if m != nil {
		cid = m.Channel.CID
		touched = append(touched, m.Author)
	}
	if s.Op == model.EnsureDistinct {
		if ch := r.world.Distinct(s); ch != nil {
			cid = ch.CID
		}
	}
	if failure := r.checkBriefly(random, cid, m); failure != "" {
		return failure
	}
	viewers := append([]string{s.By}, touched...)
	if len(r.world.Users) > 0 {
		viewers = append(viewers, r.world.Users[random.IntN(len(r.world.Users))].ID)
	}
	someone := viewers[random.IntN(len(viewers))]
	slices.Sort(viewers)
	for _, viewer := range slices.Compact(viewers) {
		v := r.as(viewer, random)
		failure := v.checkMessages(v.sample(4, nil))
		for _, m := range v.sample(2, m) {
			if failure == "" {
				failure = v.checkReplies(m)
			}
		}
		if failure == "" && cid != "" {
			failure = v.checkChannel(cid, false)
		}
		if failure == "" && viewer == someone {
			failure = v.checkModeration(cid)
		}
		if failure == "" && viewer == someone {
			failure = v.checkList(true)
		}
		if failure != "" {
			return fmt.Sprintf("%s: %s", v, failure)
		}
	}
	if random.IntN(2) == 0 {
		if failure := r.readOn(someone, random); failure != "" {
			return failure
		}
	}
	return r.checkPending()
}

// checkBriefly has everyone read the message that a step was about, and count
// what they have unread.
func (r *modelRun) checkBriefly(random *rand.Rand, cid string, m *model.Message) string {
	viewers := []string{""}
	for _, u := range r.world.Users {
		viewers = append(viewers, u.ID)
	}
	for _, viewer := range viewers {
		v := r.as(viewer, random)
		failure := ""
		if m != nil {
			failure = v.checkMessage(m)
		}
		if failure == "" && cid != "" {
			failure = v.checkUnread(cid)
		}
		if failure != "" {
			return fmt.Sprintf("%s: %s", v, failure)
		}
	}
	return ""
}

// checkAll has everyone look at everything: at the end at every message there
// ever was, or in a very long run at the newest.
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
		messages := r.world.Messages[max(0, len(r.world.Messages)-50000):]
		if !end {
			messages = v.sample(100, nil)
		}
		failure := v.checkMessages(messages)
		for _, cid := range slices.Sorted(modelKeys(cids)) {
			if failure == "" {
				failure = v.checkChannel(cid, true)
			}
		}
		for _, cid := range append(slices.Sorted(modelKeys(cids)), "") {
			if failure == "" {
				failure = v.checkModeration(cid)
			}
		}
		if failure == "" {
			failure = v.checkList(false)
		}
		if failure != "" {
			return fmt.Sprintf("%s: %s", v, failure)
		}
	}
	if failure := r.checkLists(); failure != "" {
		return failure
	}
	settings, err := r.app.Settings(context.Background())
	if err != nil || settings.AsyncModeration.Timeout != r.world.Timeout {
		return fmt.Sprintf("the settings are %+v, %v; want the timeout %s", settings, err, r.world.Timeout)
	}
	if failure := r.checkPending(); failure != "" {
		return failure
	}
	if !end {
		return r.checkExports(random, 1)
	}
	if failure := r.checkExports(random, 4); failure != "" {
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
	for _, m := range list {
		if failure := v.checkMessage(m); failure != "" {
			return failure
		}
	}
	for many := range slices.Chunk(list, 50) {
		if failure := v.checkMany(many); failure != "" {
			return "reading many: " + failure
		}
	}
	return ""
}

// checkMessage reads a message by its id.
func (v *modelView) checkMessage(m *model.Message) string {
	ctx := context.Background()
	want := v.world.Read(v.viewer, m)
	got, err := v.reader.Message(ctx, chat.MessageID(m.ID))
	if kind, known := modelKind(err); kind != want || !known {
		return fmt.Sprintf("reading %s answers %v, want %q", m.ID, err, want)
	}
	if err == nil {
		if d := diffViews([]model.MessageView{modelViewOf(got)}, v.views(v.viewer, []*model.Message{m})); d != "" {
			return d
		}
		if len(m.Reactions) > 0 && !m.Ephemeral {
			if failure := v.checkReactions(m, got); failure != "" {
				return failure
			}
		}
	}
	if v.viewer == "" {
		original, err := v.app.OriginalMessage(ctx, chat.MessageID(m.ID))
		hidden := m.Gone || m.Ephemeral || m.Pending && !v.world.Sees("", m)
		if (err != nil) != hidden || err == nil && original.Text != m.Text {
			return fmt.Sprintf("the original of %s has the text %q, %v; want %q, gone %t", m.ID, original.Text, err, m.Text, hidden)
		}
		if _, preview := modelAttachments(original); err == nil && preview != m.Preview {
			return fmt.Sprintf("the original of %s has the preview %q, want %q", m.ID, preview, m.Preview)
		}
	}
	return ""
}

// checkMany reads messages by their ids, all at once.
func (v *modelView) checkMany(many []*model.Message) string {
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
	got, err := v.reader.MessagesByID(context.Background(), ids...)
	if kind, _ := modelKind(err); kind == model.Permission && v.viewer != "" && (v.world.User(v.viewer) == nil || !v.world.User(v.viewer).Active) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	return diffViews(modelViewsOf(got), v.views(v.viewer, want))
}

// checkPending has the application list what is pending.
func (r *modelRun) checkPending() string {
	var want []*model.Message
	for _, ch := range r.world.Channels {
		want = append(want, r.world.PendingOf("", ch)...)
	}
	got := map[string]model.MessageView{}
	q := chat.PendingQuery{Limit: 3 + r.steps%10}
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
		if view := r.world.View("", m); got[m.ID] != view {
			return fmt.Sprintf("pending messages: %+v, want %+v", got[m.ID], view)
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d messages are pending, want %d", len(got), len(want))
	}
	return ""
}
