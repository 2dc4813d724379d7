package chat_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// react puts and removes reactions and pins.
func (r *modelRun) react(s model.Step) (m chat.Message, err error) {
	ctx := context.Background()
	user, as, id := chat.UserID(s.User), r.app.As(chat.UserID(s.By)), r.id(s.ID)
	d := chat.ReactionDraft{Type: s.Action, Score: s.Score, EnforceUnique: s.On}
	switch {
	case s.Op == model.React && s.By == "":
		m, err = r.app.React(ctx, id, user, d)
	case s.Op == model.React:
		m, err = as.React(ctx, id, d)
	case s.Op == model.Unreact && s.By == "":
		m, err = r.app.DeleteReaction(ctx, id, user, s.Action)
	case s.Op == model.Unreact:
		m, err = as.DeleteReaction(ctx, id, user, s.Action)
	case s.Op == model.PinMessage && s.By == "":
		m, err = r.app.PinMessage(ctx, id, user, modelUntil(s))
	case s.Op == model.PinMessage:
		m, err = as.PinMessage(ctx, id, modelUntil(s))
	case s.By == "":
		m, err = r.app.UnpinMessage(ctx, id)
	default:
		m, err = as.UnpinMessage(ctx, id)
	}
	return m, err
}

// modelUntil is when the pin of a step ends.
func modelUntil(s model.Step) time.Time {
	if s.For == 0 {
		return time.Time{}
	}
	return time.Now().Add(s.For)
}

func modelReactions(list []chat.Reaction) []model.Reaction {
	var reactions []model.Reaction
	for _, r := range list {
		reactions = append(reactions, model.Reaction{User: string(r.User.ID), Type: r.Type, Score: r.Score})
	}
	return reactions
}

// modelShowReactions fills in what a message of the engine shows of reactions
// and a pin.
func modelShowReactions(v *model.MessageFields, m chat.Message) {
	groups := map[string][2]int{}
	for kind, g := range m.ReactionGroups {
		groups[kind] = [2]int{g.Count, g.SumScores}
	}
	v.Groups = model.GroupList(groups)
	v.Latest, v.Own = model.ReactionList(modelReactions(m.LatestReactions)), model.ReactionList(modelReactions(m.OwnReactions))
	if m.Pinned {
		by, until := "", time.Time{}
		if m.PinnedBy != nil {
			by = string(m.PinnedBy.ID)
		}
		if m.PinExpires != nil {
			until = *m.PinExpires
		}
		v.Pin = model.PinWord(by, until)
	}
}

// checkReactions lists the reactions to a message, all and of a type, and
// compares the groups that it shows with them.
func (v *modelView) checkReactions(m *model.Message, shown chat.Message) string {
	ctx := context.Background()
	limit := 1 + v.random.IntN(6)
	list := func(kind string) ([]chat.Reaction, error) {
		return modelPages(func(page chat.PageToken) (chat.Page[chat.Reaction], error) {
			return v.reader.Reactions(ctx, chat.MessageID(m.ID), chat.ReactionQuery{Type: kind, Limit: limit, Page: page})
		})
	}
	for _, kind := range []string{"", "like", "love"} {
		got, err := list(kind)
		if err != nil {
			return fmt.Sprintf("the reactions to %s answer %v", m.ID, err)
		}
		want := m.Reacted(func(r model.Reaction) bool { return kind == "" || r.Type == kind })
		if !slices.Equal(modelReactions(got), want) {
			return fmt.Sprintf("the reactions of type %q to %s are %v, want %v", kind, m.ID, modelReactions(got), want)
		}
		if kind == "" || len(got) == 0 {
			continue
		}
		g := shown.ReactionGroups[kind]
		if !g.LastReactionAt.Equal(got[0].CreatedAt) || !g.FirstReactionAt.Equal(got[len(got)-1].CreatedAt) {
			return fmt.Sprintf("the group of %q of %s is %+v, its reactions are from %v to %v", kind, m.ID, g, got[len(got)-1].CreatedAt, got[0].CreatedAt)
		}
	}
	return ""
}

// checkPins lists what is pinned in a channel.
func (v *modelView) checkPins(ch *model.Channel) string {
	limit := 1 + v.random.IntN(6)
	got, err := modelPages(func(page chat.PageToken) (chat.Page[chat.Message], error) {
		return v.reader.PinnedMessages(context.Background(), chat.CID(ch.CID), chat.PinQuery{Limit: limit, Page: page})
	})
	if err != nil {
		return fmt.Sprintf("the pins of %s answer %v", ch.CID, err)
	}
	if d := diffViews(modelViewsOf(got), v.views(v.viewer, v.world.Pins(v.viewer, ch))); d != "" {
		return fmt.Sprintf("the pins of %s: %s", ch.CID, d)
	}
	return ""
}
