package chat_test

import (
	"context"
	"fmt"
	"testing"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// BenchmarkSend is what a send costs with each of the hooks that does nothing.
// What a push takes afterwards, in the background, is not part of it.
func BenchmarkSend(b *testing.B) {
	for _, c := range []struct {
		name    string
		options chat.Options
	}{
		{"none", chat.Options{}},
		{"moderator", chat.Options{Moderator: chat.ModeratorFunc(func(context.Context, chat.Proposal) (chat.Verdict, error) {
			return chat.Verdict{}, nil
		})}},
		{"pusher", chat.Options{Pusher: chat.PusherFunc(func(context.Context, chat.Push) error { return nil })}},
		{"trace", chat.Options{Trace: &chat.Trace{
			Operation: func(ctx context.Context, _ string) (context.Context, func(error)) { return ctx, func(error) {} },
			Commit:    func(context.Context, chat.CommitTrace) {},
		}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.options.NoBackground, c.options.Previews.Off = true, true
			app, ctx := benchmarkRoom(b, &c.options, 2)
			jane := app.As("u0")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jane.Send(ctx, room, chat.Draft{Text: "Where are you now?"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPush is what it takes to tell all members of a channel of a message.
func BenchmarkPush(b *testing.B) {
	for _, members := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			told := 0
			pusher := chat.PusherFunc(func(_ context.Context, p chat.Push) error {
				told += len(p.Recipients)
				return nil
			})
			app, ctx := benchmarkRoom(b, &chat.Options{Pusher: pusher, NoBackground: true, Previews: chat.PreviewOptions{Off: true}}, members)
			b.ReportAllocs()
			sent := 0
			for b.Loop() {
				if _, err := app.As("u0").Send(ctx, room, chat.Draft{Text: "Where are you now?"}); err != nil {
					b.Fatal(err)
				}
				if _, err := app.RunDueWork(ctx); err != nil {
					b.Fatal(err)
				}
				sent++
			}
			if told != sent*(members-1) {
				b.Errorf("told were %d, want %d", told, sent*(members-1))
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(told), "µs/recipient")
		})
	}
}

func benchmarkRoom(b *testing.B, o *chat.Options, members int) (*chat.App, context.Context) {
	b.Helper()
	ctx := b.Context()
	app, err := chat.New(memstore.New(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = app.Close() })
	for from := 0; from < members; from += 100 {
		var users []chat.User
		var drafts []chat.MemberDraft
		for i := from; i < min(from+100, members); i++ {
			id := chat.UserID(fmt.Sprint("u", i))
			users, drafts = append(users, chat.User{ID: id}), append(drafts, chat.MemberDraft{UserID: id})
		}
		if err := app.UpsertUsers(ctx, users...); err != nil {
			b.Fatal(err)
		}
		if _, err := app.EnsureChannel(ctx, room, chat.ChannelDraft{CreatedBy: "u0"}); err != nil {
			b.Fatal(err)
		}
		if err := app.AddMembers(ctx, room, drafts, nil); err != nil {
			b.Fatal(err)
		}
	}
	return app, ctx
}
