package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelCommands are the application's commands.
func modelCommands() []chat.Command {
	echo := chat.CommandFunc(func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		return chat.CommandAnswer{To: chat.ToChannel, Text: "echo " + call.Args}, nil
	})
	ask := chat.CommandFunc(func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		if call.Action == nil {
			return modelAsks("ask " + call.Args), nil
		}
		switch call.Action.Name {
		case "again":
			return modelAsks(call.Message.Text + " again"), nil
		case "done":
			return chat.CommandAnswer{To: chat.ToChannel, Text: call.Message.Text + " done"}, nil
		}
		return chat.CommandAnswer{}, errors.New("broken")
	})
	oops := chat.CommandFunc(func(_ context.Context, call chat.CommandCall) (chat.CommandAnswer, error) {
		if call.Args != "" {
			panic("broken")
		}
		return chat.CommandAnswer{}, errors.New("broken")
	})
	return []chat.Command{{Name: model.Echo, Handler: echo}, {Name: model.Ask, Handler: ask}, {Name: model.Oops, Handler: oops}}
}

// modelAsks is an answer with buttons.
func modelAsks(text string) chat.CommandAnswer {
	choose := chat.Attachment{Title: "Choose"}
	for _, name := range model.Buttons {
		choose.Actions = append(choose.Actions, chat.AttachmentAction{Name: name})
	}
	return chat.CommandAnswer{Text: text, Attachments: []chat.Attachment{choose}}
}

// modelCommandNames are the commands of a channel: all or none.
func modelCommandNames(on bool) []string {
	if !on {
		return []string{}
	}
	return []string{"ban", "unban", "mute", "unmute", "flag", model.Echo, model.Ask, model.Oops}
}

// moderate bans and flags.
func (r *modelRun) moderate(s model.Step) (err error) {
	ctx := context.Background()
	user, as, id, cid := chat.UserID(s.User), r.app.As(chat.UserID(s.By)), r.id(s.ID), chat.CID(s.CID)
	d := chat.BanDraft{User: user, CID: cid, Reason: s.Text, Lasting: s.For, Shadow: s.Shadow}
	d.DeleteMessages = map[string]chat.DeleteMode{model.ErasedSoft: chat.DeleteSoft, model.ErasedWhole: chat.DeleteHard}[s.Purge]
	switch {
	case s.Op == model.BanUser && s.By == "":
		_, err = r.app.Ban(ctx, d, chat.UserID(s.Author))
	case s.Op == model.BanUser:
		_, err = as.Ban(ctx, d)
	case s.Op == model.UnbanUser && s.By == "":
		err = r.app.Unban(ctx, user, cid)
	case s.Op == model.UnbanUser:
		err = as.Unban(ctx, user, cid)
	case s.Op == model.FlagMessage:
		err = as.FlagMessage(ctx, id, s.Text)
	case s.Op == model.FlagUser:
		err = as.FlagUser(ctx, user, s.Text)
	case s.Op == model.UnflagMessage:
		err = r.app.UnflagMessage(ctx, id)
	case s.Op == model.UnflagUser:
		err = r.app.UnflagUser(ctx, user)
	case s.Op == model.ReviewMessage && s.By == "":
		err = r.app.ReviewMessageFlags(ctx, id, s.Text, chat.UserID(s.Author))
	case s.Op == model.ReviewMessage:
		err = as.ReviewMessageFlags(ctx, id, s.Text)
	case s.Op == model.ReviewUser && s.By == "":
		err = r.app.ReviewUserFlags(ctx, user, s.Text, chat.UserID(s.Author))
	case s.Op == model.ReviewUser:
		err = as.ReviewUserFlags(ctx, user, s.Text)
	}
	return err
}

// checkTold checks an error message: it is its author's, and stored nowhere.
func (r *modelRun) checkTold(s model.Step) string {
	author := s.By
	if author == "" {
		author = s.User
	}
	r.seen.types["error"]++
	m := *r.returned
	if m.Text == "" || string(m.User.ID) != author {
		return fmt.Sprintf("answers the error message %+v", m)
	}
	if s.Op == model.RunAction {
		return ""
	}
	if _, err := r.app.As(chat.UserID(author)).Message(context.Background(), m.ID); !errors.Is(err, chat.ErrNotFound) && !errors.Is(err, chat.ErrPermission) {
		return fmt.Sprintf("the error message %s is read: %v", m.ID, err)
	}
	return ""
}

// modelModerator is what the application and a moderator can both list.
type modelModerator interface {
	Bans(context.Context, chat.BanQuery) (chat.Page[chat.Ban], error)
	Flags(context.Context, chat.FlagQuery) (chat.Page[chat.Flag], error)
}

// checkModeration lists the bans and flags of a channel, or of all, page by page.
func (v *modelView) checkModeration(cid string) string {
	ctx := context.Background()
	var by modelModerator = v.app
	if v.viewer != "" {
		by = v.app.As(chat.UserID(v.viewer))
	}
	want := v.world.Judges(v.viewer, cid)
	ch := v.world.Channel(cid)
	if v.viewer == "" && ch != nil {
		want = []model.Kind{model.OK} // the application reads also what is deleted
	}
	limit := 1 + v.random.IntN(6)
	bans, err := modelPages(func(page chat.PageToken) (chat.Page[chat.Ban], error) {
		return by.Bans(ctx, chat.BanQuery{CID: chat.CID(cid), Limit: limit, Page: page})
	})
	if kind, known := modelKind(err); !known || !slices.Contains(want, kind) {
		return fmt.Sprintf("the bans of %q answer %v, want one of %q", cid, err, want)
	}
	state := chat.FlagState(v.random.IntN(3))
	flags, err := modelPages(func(page chat.PageToken) (chat.Page[chat.Flag], error) {
		return by.Flags(ctx, chat.FlagQuery{CID: chat.CID(cid), State: state, Limit: limit, Page: page})
	})
	if kind, known := modelKind(err); !known || !slices.Contains(want, kind) {
		return fmt.Sprintf("the flags of %q answer %v, want one of %q", cid, err, want)
	}
	if err != nil {
		return ""
	}
	if got, want := v.gotBans(bans), v.bansOf(cid, ch); got != want {
		return fmt.Sprintf("the bans of %q are\n%swant\n%s", cid, got, want)
	}
	return v.checkFlags(cid, flags, slices.DeleteFunc(v.world.Flags(v.viewer, ch), func(f model.Flag) bool {
		open := f.Review.At.IsZero()
		return state == chat.OpenFlags && !open || state == chat.ReviewedFlags && open
	}))
}

// modelPages reads all pages of a list.
func modelPages[T any](read func(chat.PageToken) (chat.Page[T], error)) (list []T, err error) {
	for token := chat.PageToken(""); ; {
		page, err := read(token)
		if err != nil {
			return nil, err
		}
		list = append(list, page.Items...)
		if token = page.Next; token == "" {
			return list, nil
		}
	}
}

// moment is a time, if it is known to the microsecond: where the clock is a real
// one it is not.
func (r *modelRun) moment(t time.Time) int64 {
	if !r.driver.fakeClock {
		return 0
	}
	return t.UnixMicro()
}

func (v *modelView) gotBans(list []chat.Ban) string {
	var b strings.Builder
	for _, ban := range list {
		by, until := "", time.Time{}
		if ban.By != nil {
			by = string(ban.By.ID)
		}
		if ban.Expires != nil {
			until = *ban.Expires
		}
		fmt.Fprintln(&b, ban.User.ID, ban.CID, by, ban.Reason, ban.Shadow, v.moment(ban.CreatedAt), v.moment(until))
	}
	return b.String()
}

func (v *modelView) bansOf(cid string, ch *model.Channel) string {
	var b strings.Builder
	for _, ban := range v.world.BansFor(v.viewer, ch) {
		fmt.Fprintln(&b, ban.User, cid, ban.By, ban.Reason, ban.Shadow, v.moment(ban.At), v.moment(ban.Until))
	}
	return b.String()
}

func (r *modelRun) reviewed(v model.Review) string {
	if v.At.IsZero() {
		return "open"
	}
	return fmt.Sprint("by ", v.By, ", ", v.Outcome, " at ", r.moment(v.At))
}

// checkFlags compares flags; the order of those of one moment is not laid down.
func (v *modelView) checkFlags(cid string, got []chat.Flag, want []model.Flag) string {
	if !slices.IsSortedFunc(got, func(a, b chat.Flag) int { return a.CreatedAt.Compare(b.CreatedAt) }) {
		return fmt.Sprintf("the flags of %q are not in order", cid)
	}
	var gotLines, wantLines []string
	for _, f := range got {
		message := ""
		if f.Message != nil {
			message = fmt.Sprintf("%+v", modelViewOf(*f.Message))
		}
		review := model.Review{}
		if f.Review != nil {
			review.Outcome, review.At = f.Review.Outcome, f.Review.At
			if f.Review.By != nil {
				review.By = string(f.Review.By.ID)
			}
		}
		gotLines = append(gotLines, fmt.Sprintln(f.User.ID, flagger(f), f.Reason, v.moment(f.CreatedAt), v.reviewed(review), message))
	}
	for _, f := range want {
		message := ""
		if f.Message != nil {
			message = fmt.Sprintf("%+v", v.world.View(v.viewer, f.Message))
		}
		wantLines = append(wantLines, fmt.Sprintln(f.User, f.By, f.Reason, v.moment(f.At), v.reviewed(f.Review), message))
	}
	slices.Sort(gotLines)
	slices.Sort(wantLines)
	if !slices.Equal(gotLines, wantLines) {
		return fmt.Sprintf("the flags of %q are\n%swant\n%s", cid, strings.Join(gotLines, ""), strings.Join(wantLines, ""))
	}
	return ""
}
