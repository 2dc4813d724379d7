package chat_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelUses are the block lists that a step says are used.
func modelUses(s model.Step) []chat.BlockListUse {
	uses := []chat.BlockListUse{}
	for _, each := range s.Lists {
		for list, action := range model.Pairs([]string{each}) {
			if each != model.NoLists {
				uses = append(uses, chat.BlockListUse{List: list, Action: chat.BlockAction(action.(string))})
			}
		}
	}
	return uses
}

// changeList makes, changes or deletes a block list.
func (r *modelRun) changeList(s model.Step) (err error) {
	ctx := context.Background()
	switch s.Op {
	case model.CreateList:
		_, err = r.app.CreateBlockList(ctx, chat.BlockList{Name: s.List, Words: s.Words})
	case model.UpdateList:
		_, err = r.app.UpdateBlockList(ctx, s.List, s.Words)
	case model.DeleteList:
		err = r.app.DeleteBlockList(ctx, s.List)
	}
	return err
}

// checkLists compares the block lists that there are.
func (r *modelRun) checkLists() string {
	lists, err := r.app.BlockLists(context.Background())
	if err != nil {
		return fmt.Sprintf("the block lists: %v", err)
	}
	var got, want []string
	for _, l := range lists {
		got = append(got, fmt.Sprintf("%s %q", l.Name, l.Words))
	}
	for _, l := range r.world.Lists() {
		want = append(want, fmt.Sprintf("%s %q", l.Name, l.Words))
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("the block lists are %q, want %q", got, want)
	}
	return ""
}

// checkBlocks compares whom a user blocks, in the order blocked.
func (v *modelView) checkBlocks() string {
	blocks, err := v.app.As(chat.UserID(v.viewer)).BlockedUsers(context.Background())
	if err != nil {
		return fmt.Sprintf("the blocks: %v", err)
	}
	var got []string
	for _, b := range blocks {
		got = append(got, string(b.User.ID))
	}
	if want := v.world.User(v.viewer).Blocks; !slices.Equal(got, want) {
		return fmt.Sprintf("blocks %q, want %q", got, want)
	}
	return ""
}

// checkRestraint compares what keeps people apart in a channel: slow mode, and a
// block by the viewer.
func (v *modelView) checkRestraint(st chat.ChannelState, ch *model.Channel) string {
	if st.Channel.Cooldown != ch.Cooldown {
		return fmt.Sprintf("has the cooldown %v, want %v", st.Channel.Cooldown, ch.Cooldown)
	}
	if ch.Disabled {
		return ""
	}
	until := time.Time{}
	if st.CooldownUntil != nil {
		until = *st.CooldownUntil
	}
	if want := v.world.Waits(v.viewer, ch); !until.Equal(want) {
		return fmt.Sprintf("has one wait until %v, want %v", until, want)
	}
	if want := v.world.Blocked(v.viewer, ch); st.Blocked != want {
		return fmt.Sprintf("is blocked: %t, want %t", st.Blocked, want)
	}
	return ""
}
