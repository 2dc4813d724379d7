package chat_test

import (
	"context"
	"fmt"
	"slices"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// checkThreads lists the threads that a user takes part in, page by page, and
// reads some of them alone.
func (v *modelView) checkThreads(few bool) string {
	if few && v.random.IntN(3) > 0 {
		return ""
	}
	ctx := context.Background()
	as := v.app.As(chat.UserID(v.viewer))
	want := map[string]model.Thread{}
	for _, t := range v.world.Threads(v.viewer) {
		want[t.Parent.ID] = t
	}
	var last *model.Thread
	q := chat.ThreadQuery{Limit: 1 + v.random.IntN(20), Replies: 1 + v.random.IntN(4)}
	for {
		page, err := as.Threads(ctx, q)
		if err != nil {
			return fmt.Sprintf("the threads: %v", err)
		}
		for _, got := range page.Items {
			t, ok := want[string(got.Parent.ID)]
			if !ok {
				return fmt.Sprintf("the threads have %s once too often", got.Parent.ID)
			}
			delete(want, t.Parent.ID)
			if failure := v.checkThread(got, t, q.Replies); failure != "" {
				return fmt.Sprintf("the thread of %s: %s", t.Parent.ID, failure)
			}
			if last != nil && ((last.Unread == 0 && t.Unread > 0) || (last.Unread > 0) == (t.Unread > 0) && last.Newest.Before(t.Newest)) {
				return fmt.Sprintf("the threads have %+v before %+v", *last, t)
			}
			last = &t
		}
		if q.Page = page.Next; q.Page == "" {
			break
		}
	}
	if len(want) > 0 {
		return fmt.Sprintf("the threads lack %v", want)
	}
	return ""
}

// checkThread compares a thread.
func (v *modelView) checkThread(got chat.Thread, t model.Thread, replies int) string {
	if got.Unread != t.Unread || got.UnreadMentions != t.Mentions {
		return fmt.Sprintf("%d unread, %d mentions; want %d, %d", got.Unread, got.UnreadMentions, t.Unread, t.Mentions)
	}
	if (got.LastReplyAt == nil) != t.Newest.IsZero() || got.LastReplyAt != nil && !got.LastReplyAt.Equal(t.Newest) {
		return fmt.Sprintf("the newest reply is of %v, want %v", got.LastReplyAt, t.Newest)
	}
	if d := diffViews([]model.MessageView{modelViewOf(got.Parent)}, v.views(v.viewer, []*model.Message{t.Parent})); d != "" {
		return d
	}
	list := v.world.Replies(v.viewer, t.Parent)
	return diffViews(modelViewsOf(got.Replies), v.views(v.viewer, list[max(0, len(list)-replies):]))
}

// modelThreadReader is what the application and a user can both read of threads.
type modelThreadReader interface {
	Replies(context.Context, chat.MessageID, chat.MessageQuery) (chat.Page[chat.Message], error)
}

// checkReplies reads the replies to a message, page by page in one direction,
// and around one of them.
func (v *modelView) checkReplies(m *model.Message) string {
	reader := v.reader.(modelThreadReader)
	ctx := context.Background()
	kind := v.world.ReadThread(v.viewer, m)
	q := chat.MessageQuery{Limit: 1 + v.random.IntN(7)}
	forward := v.random.IntN(2) == 0
	if forward {
		q.After = chat.MessageID(m.ID)
	}
	page, err := reader.Replies(ctx, chat.MessageID(m.ID), q)
	if got, known := modelKind(err); got != kind || !known {
		return fmt.Sprintf("the replies to %s answer %v, want %q", m.ID, err, kind)
	}
	if err != nil {
		return ""
	}
	list := v.world.Replies(v.viewer, m)
	all := modelViewsOf(page.Items)
	for next := page.Prev; ; {
		if forward {
			next = page.Next
		}
		if next == "" {
			break
		}
		if page, err = reader.Replies(ctx, chat.MessageID(m.ID), chat.MessageQuery{Limit: q.Limit, Page: next}); err != nil {
			return err.Error()
		}
		if next = page.Prev; forward {
			all = append(all, modelViewsOf(page.Items)...)
		} else {
			all = slices.Concat(modelViewsOf(page.Items), all)
		}
	}
	if d := diffViews(all, v.views(v.viewer, list)); d != "" {
		return fmt.Sprintf("the replies to %s: %s", m.ID, d)
	}
	if len(list) == 0 {
		return ""
	}
	i := v.random.IntN(len(list))
	if page, err = reader.Replies(ctx, chat.MessageID(m.ID), chat.MessageQuery{Limit: 1, Around: chat.MessageID(list[i].ID)}); err != nil {
		return err.Error()
	}
	if d := diffViews(modelViewsOf(page.Items), v.views(v.viewer, list[i:i+1])); d != "" || (page.Prev != "") != (i > 0) || (page.Next != "") != (i < len(list)-1) {
		return fmt.Sprintf("the replies to %s around %s: %s", m.ID, list[i].ID, d)
	}
	return ""
}
