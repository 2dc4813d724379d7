package chat_test

import (
	"context"

	"example.com/chat"
)

// threadAppCalls and threadSessionCalls are the part of appCalls and
// sessionCalls about threads.
func threadAppCalls(a *chat.App) []goodCall {
	return []goodCall{
		{"Replies", func(ctx context.Context) error { return errOf(a.Replies(ctx, "m2", chat.MessageQuery{})) }},
		{"AllReplies", func(ctx context.Context) error {
			for _, err := range a.AllReplies(ctx, "threaded") {
				return err
			}
			return nil
		}},
	}
}

func threadSessionCalls(j *chat.Session) []goodCall {
	return []goodCall{
		{"Replies", func(ctx context.Context) error { return errOf(j.Replies(ctx, "m2", chat.MessageQuery{})) }},
		{"AllReplies", func(ctx context.Context) error {
			for _, err := range j.AllReplies(ctx, "threaded") {
				return err
			}
			return nil
		}},
		{"Thread", func(ctx context.Context) error { return errOf(j.Thread(ctx, "m2")) }},
		{"Threads", func(ctx context.Context) error { return errOf(j.Threads(ctx, chat.ThreadQuery{})) }},
		{"MarkThreadRead", func(ctx context.Context) error { return j.MarkThreadRead(ctx, "m2") }},
		{"MarkThreadUnread", func(ctx context.Context) error { return j.MarkThreadUnread(ctx, "m2") }},
	}
}

// badThreadAppCalls and badThreadSessionCalls are the part of badAppCalls and
// badSessionCalls about threads.
func badThreadAppCalls(a *chat.App) map[string][]bad {
	return map[string][]bad{
		"Replies": badReplies(func(ctx context.Context, parent chat.MessageID, q chat.MessageQuery) error {
			return errOf(a.Replies(ctx, parent, q))
		}),
		"AllReplies": bads("parent_id", badMessageIDs, func(ctx context.Context, id chat.MessageID) error {
			for _, err := range a.AllReplies(ctx, id) {
				return err
			}
			return nil
		}),
	}
}

func badThreadSessionCalls(j *chat.Session) map[string][]bad {
	return map[string][]bad{
		"Replies": badReplies(func(ctx context.Context, parent chat.MessageID, q chat.MessageQuery) error {
			return errOf(j.Replies(ctx, parent, q))
		}),
		"AllReplies": bads("parent_id", badMessageIDs, func(ctx context.Context, id chat.MessageID) error {
			for _, err := range j.AllReplies(ctx, id) {
				return err
			}
			return nil
		}),
		"Thread": bads("parent_id", badMessageIDs, func(ctx context.Context, id chat.MessageID) error { return errOf(j.Thread(ctx, id)) }),
		"Threads": join(
			bads("cid", badCIDs[1:], func(ctx context.Context, cid chat.CID) error {
				return errOf(j.Threads(ctx, chat.ThreadQuery{CID: cid}))
			}),
			bads("limit", append([]int{-1, 31}, badLimits...), func(ctx context.Context, n int) error { return errOf(j.Threads(ctx, chat.ThreadQuery{Limit: n})) }),
			bads("replies", badLimits, func(ctx context.Context, n int) error { return errOf(j.Threads(ctx, chat.ThreadQuery{Replies: n})) }),
			bads("page", badPages, func(ctx context.Context, page chat.PageToken) error {
				return errOf(j.Threads(ctx, chat.ThreadQuery{Page: page}))
			})),
		"MarkThreadRead":   badIDsIn(func(ctx context.Context, id chat.MessageID) error { return j.MarkThreadRead(ctx, id) }),
		"MarkThreadUnread": badIDsIn(func(ctx context.Context, id chat.MessageID) error { return j.MarkThreadUnread(ctx, id) }),
	}
}

// badReplies is badQueries for a page of replies.
func badReplies(read func(context.Context, chat.MessageID, chat.MessageQuery) error) []bad {
	var list []bad
	for _, b := range badQueries(func(ctx context.Context, _ chat.CID, q chat.MessageQuery) error { return read(ctx, "m2", q) }) {
		if b.field != "cid" {
			list = append(list, b)
		}
	}
	return append(list, bads("parent_id", badMessageIDs, func(ctx context.Context, id chat.MessageID) error {
		return read(ctx, id, chat.MessageQuery{})
	})...)
}

// leakThreads are the part of leakCalls about threads.
var leakThreads = map[string]func(v *viewer){
	"Replies": func(v *viewer) {
		for _, q := range []chat.MessageQuery{{}, {Limit: 1}} {
			v.eachMessage("Replies", func(id chat.MessageID) (any, error) { return v.Replies(v.w.ctx, id, q) })
		}
	},
	"AllReplies": func(v *viewer) {
		v.eachMessage("AllReplies", func(id chat.MessageID) (any, error) {
			var all []chat.Message
			for m, err := range v.AllReplies(v.w.ctx, id) {
				if err != nil {
					return all, err
				}
				all = append(all, m)
			}
			return all, nil
		})
	},
	"Thread": func(v *viewer) {
		v.eachMessage("Thread", func(id chat.MessageID) (any, error) { return v.Thread(v.w.ctx, id) })
	},
	"Threads": func(v *viewer) {
		for _, q := range []chat.ThreadQuery{{}, {CID: leakRoom}, {Limit: 1}} {
			result, err := v.Threads(v.w.ctx, q)
			v.saw(result, err, "Threads of %v", q)
		}
	},
	"MarkThreadRead": func(v *viewer) {
		v.eachMessage("MarkThreadRead", func(id chat.MessageID) (any, error) { return only(v.MarkThreadRead(v.w.ctx, id)) })
	},
	"MarkThreadUnread": func(v *viewer) {
		v.eachMessage("MarkThreadUnread", func(id chat.MessageID) (any, error) { return only(v.MarkThreadUnread(v.w.ctx, id)) })
	},
}
