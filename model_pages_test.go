package chat_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// checkChannel reads a channel in every way, all of it or some pages.
func (v *modelView) checkChannel(cid string, full bool) string {
	ctx := context.Background()
	want := v.world.Enter(v.viewer, cid)
	limit := 300
	if !full {
		limit = 1 + v.random.IntN(15)
	}
	page, err := v.reader.Messages(ctx, chat.CID(cid), chat.MessageQuery{Limit: limit})
	if got, known := modelKind(err); got != want || !known {
		return fmt.Sprintf("the page of %s answers %v, want %q", cid, err, want)
	}
	st, stateErr := v.reader.Channel(ctx, chat.CID(cid))
	if got, known := modelKind(stateErr); got != want || !known {
		return fmt.Sprintf("the channel %s answers %v, want %q", cid, stateErr, want)
	}
	if failure := v.checkUnread(cid); failure != "" || err != nil {
		return failure
	}
	ch := v.world.Channel(cid)
	list := v.world.Timeline(v.viewer, ch)
	wanted := list[max(0, len(list)-limit):]
	if d := diffViews(modelViewsOf(page.Items), v.views(v.viewer, wanted)); d != "" {
		return fmt.Sprintf("the latest page of %s: %s", cid, d)
	}
	if failure := v.checkEnds(page, list); failure != "" {
		return fmt.Sprintf("the latest page of %s: %s", cid, failure)
	}
	if failure := v.checkState(st, ch, 25); failure != "" {
		return fmt.Sprintf("%s: %s", cid, failure)
	}
	if failure := v.checkPins(ch); failure != "" {
		return failure
	}
	failure := v.checkWalk(ch, list, full)
	if failure == "" && len(list) > 0 {
		failure = v.checkAnchors(ch, list, full)
	}
	if failure == "" && len(list) > 0 {
		failure = v.checkAround(ch, list, full)
	}
	if failure == "" {
		failure = v.checkOtherAnchors(ch)
	}
	if failure == "" && full {
		failure = v.checkRun(ch, list)
	}
	if failure != "" {
		return fmt.Sprintf("%s: %s", cid, failure)
	}
	return ""
}

// checkUnread asks for a user's unread count.
func (v *modelView) checkUnread(cid string) string {
	if v.viewer == "" {
		return ""
	}
	want := v.world.Enter(v.viewer, cid)
	unread, err := v.app.As(chat.UserID(v.viewer)).Unread(context.Background(), chat.CID(cid))
	if got, known := modelKind(err); got != want || !known {
		return fmt.Sprintf("the unread count of %s answers %v, want %q", cid, err, want)
	}
	if err == nil && unread != v.world.Unread(v.viewer, v.world.Channel(cid)) {
		return fmt.Sprintf("%s has %d unread, want %d", cid, unread, v.world.Unread(v.viewer, v.world.Channel(cid)))
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

// checkWalk goes through a channel's pages in one direction: from the newest or
// oldest to the other end, or some pages from anywhere.
func (v *modelView) checkWalk(ch *model.Channel, list []*model.Message, full bool) string {
	if len(list) == 0 {
		return ""
	}
	forward := v.random.IntN(2) == 0
	pages, start := 3, v.random.IntN(len(list))
	limit := 1 + v.random.IntN(9)
	if full {
		pages, start = len(list), 0
		limit = 1 + v.random.IntN(60)
	}
	q := chat.MessageQuery{Limit: limit}
	switch {
	case forward:
		q.After, q.Inclusive = chat.MessageID(list[start].ID), true
		list = list[start:]
	case start > 0:
		q.Before = chat.MessageID(list[start].ID)
		list = list[:start]
	}
	var got []chat.Message
	all := false
	for range pages {
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
		n := min(len(list), pages*limit)
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

// checkRun runs through all messages of a channel.
func (v *modelView) checkRun(ch *model.Channel, list []*model.Message) string {
	all := v.app.AllMessages(context.Background(), chat.CID(ch.CID))
	if v.viewer != "" {
		all = v.app.As(chat.UserID(v.viewer)).AllMessages(context.Background(), chat.CID(ch.CID))
	}
	var got []chat.Message
	for m, err := range all {
		if err != nil {
			return fmt.Sprintf("running through it: %v", err)
		}
		got = append(got, m)
	}
	if d := diffViews(modelViewsOf(got), v.views(v.viewer, list)); d != "" {
		return "running through it: " + d
	}
	return ""
}

// anchored asks for a page by an anchor.
func (v *modelView) anchored(ch *model.Channel, list []*model.Message, q chat.MessageQuery, want func(chat.Page[chat.Message]) ([]*model.Message, string)) string {
	page, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), q)
	if err != nil {
		return fmt.Sprintf("%+v: %v", q, err)
	}
	wanted, failure := want(page)
	if failure == "" {
		failure = diffViews(modelViewsOf(page.Items), v.views(v.viewer, wanted))
	}
	if failure == "" {
		failure = v.checkEnds(page, list)
	}
	if failure != "" {
		return fmt.Sprintf("%+v: %s", q, failure)
	}
	return ""
}

// checkAnchors asks for pages before and after a random message, or its time.
func (v *modelView) checkAnchors(ch *model.Channel, list []*model.Message, full bool) string {
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
	byID := v.random.IntN(2) == 0
	for _, c := range []struct {
		query chat.MessageQuery
		byID  bool
		want  []*model.Message
	}{
		{chat.MessageQuery{After: id}, true, ahead},
		{chat.MessageQuery{AfterTime: at}, false, ahead},
		{chat.MessageQuery{Before: id}, true, behind},
		{chat.MessageQuery{BeforeTime: at}, false, behind},
	} {
		if !full && c.byID != byID {
			continue
		}
		c.query.Limit, c.query.Inclusive = limit, inclusive
		failure := v.anchored(ch, list, c.query, func(chat.Page[chat.Message]) ([]*model.Message, string) { return c.want, "" })
		if failure != "" {
			return failure
		}
	}
	return ""
}

// checkAround asks for pages around a random message, or a time near it.
func (v *modelView) checkAround(ch *model.Channel, list []*model.Message, full bool) string {
	i := v.random.IntN(len(list))
	limit := 1 + v.random.IntN(10)
	near := list[i].Created.Add(time.Duration(v.random.IntN(3)-1) * time.Microsecond)
	queries := []chat.MessageQuery{{Around: chat.MessageID(list[i].ID)}, {AroundTime: near}}
	if !full {
		queries = queries[i%2:][:1]
	}
	for _, q := range queries {
		q.Limit = limit
		failure := v.anchored(ch, list, q, func(page chat.Page[chat.Message]) ([]*model.Message, string) {
			from, to := modelPlace(page, list)
			if from < 0 || to > len(list) || to-from != min(limit, len(list)) {
				return nil, fmt.Sprintf("gives items %d to %d of %d", from, to, len(list))
			}
			if q.Around != "" && (i < from || i >= to) {
				return nil, fmt.Sprintf("gives items %d to %d, without %d itself", from, to, i)
			}
			return list[from:to], ""
		})
		if failure != "" {
			return failure
		}
	}
	return ""
}

// checkOtherAnchors asks for pages by messages that are not in them.
func (v *modelView) checkOtherAnchors(ch *model.Channel) string {
	for _, m := range v.sample(2, nil) {
		if m.Channel == ch && v.world.Sees(v.viewer, m) {
			continue
		}
		id, seen := chat.MessageID(m.ID), v.world.Sees(v.viewer, m) // in another channel: not laid down which error it is
		for _, q := range []chat.MessageQuery{{Before: id}, {Around: id}} {
			_, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), q)
			kind, known := modelKind(err)
			if !known || kind != model.NotFound && (!seen || kind != model.Invalid) {
				return fmt.Sprintf("a page before or around %s answers %v", id, err)
			}
		}
	}
	return ""
}
