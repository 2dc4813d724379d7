package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// checkOwn compares what a viewer has with a channel for themselves alone.
func (v *modelView) checkOwn(st chat.ChannelState, ch *model.Channel) string {
	var own model.Member
	if m := ch.Member(v.viewer); m != nil {
		own = *m
	}
	if (st.PinnedAt != nil) != own.Pinned || (st.ArchivedAt != nil) != own.Archived {
		return fmt.Sprintf("is pinned at %v, archived at %v; want pinned %t, archived %t", st.PinnedAt, st.ArchivedAt, own.Pinned, own.Archived)
	}
	if until := own.MutesUntil; st.Muted && until.IsZero() != (st.MuteExpires == nil) {
		return fmt.Sprintf("is muted until %v, want %v", st.MuteExpires, until)
	}
	return ""
}

func (v *modelView) pinned(ch *model.Channel) bool {
	m := ch.Member(v.viewer)
	return m != nil && m.Pinned
}

// eraseUser erases a user, and has all done that follows.
func (r *modelRun) eraseUser(s model.Step) (modelMade, error) {
	ctx, user := context.Background(), chat.UserID(s.User)
	mode := map[string]chat.EraseMode{model.Kept: chat.EraseKeep, model.ErasedSoft: chat.EraseSoft, model.ErasedWhole: chat.EraseHard}[s.Type]
	if err := r.app.EraseUser(ctx, user, mode); err != nil {
		return modelMade{}, err
	}
	for {
		if _, err := r.app.RunDueWork(ctx); err != nil {
			return modelMade{}, err
		}
		e, err := r.app.Erasure(ctx, user)
		if err != nil {
			return modelMade{}, err
		}
		if e.FinishedAt != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return r.deletedOf(s.User), nil
}

// deletedOf says when messages of a user were deleted.
func (r *modelRun) deletedOf(user string) modelMade {
	made := modelMade{DeletedAt: map[string]time.Time{}}
	for _, m := range r.world.Messages {
		if m.Author != user || m.Gone || m.Pending {
			continue
		}
		if now, err := r.app.OriginalMessage(context.Background(), chat.MessageID(m.ID)); err == nil && now.DeletedAt != nil {
			made.DeletedAt[m.ID] = *now.DeletedAt
		}
	}
	return made
}

// purged has all done that follows a ban which deletes messages.
func (r *modelRun) purged(s model.Step) (modelMade, error) {
	ctx := context.Background()
	if r.background && r.driver.fakeClock {
		synctest.Wait()
	}
	if _, err := r.app.RunDueWork(ctx); err != nil {
		return modelMade{}, err
	}
	stays := func(m *model.Message) bool {
		now, err := r.app.OriginalMessage(ctx, chat.MessageID(m.ID))
		return err == nil && (now.DeletedAt == nil || s.Purge == model.ErasedWhole)
	}
	// In the background it may be under way still.
	for range 5000 {
		if !r.background || r.driver.fakeClock || !slices.ContainsFunc(r.world.Condemned(s), stays) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return r.deletedOf(s.User), nil
}
