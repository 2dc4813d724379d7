package chat_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/chat"
)

// dayFollower is one who reads the events of a day: how far, and what they were
// told.
type dayFollower struct {
	user   chat.UserID // empty: the application
	cursor chat.Cursor
	told   []string
}

// dayFollow has the application and users read events from now on.
func dayFollow(d *day) error {
	d.followers = nil
	for _, user := range []chat.UserID{"jane", "john", "ann", "boss", ""} { // the guest is deactivated at the end
		f := &dayFollower{user: user}
		q := chat.ChannelQuery{Limit: 1, Messages: chat.None, Members: chat.None}
		page, err := d.app.Channels(d.ctx, q)
		if user != "" {
			page, err = d.as(user).Channels(d.ctx, q)
		}
		if err != nil {
			return err
		}
		f.cursor = page.Cursor
		d.followers = append(d.followers, f)
	}
	return nil
}

// dayEvents has each read on to where they are now. One whose reading fails
// reads on from where they were.
func dayEvents(d *day) error {
	for _, f := range d.followers {
		if err := f.read(d); err != nil {
			return err
		}
	}
	return nil
}

func (f *dayFollower) read(d *day) error {
	d.marks++
	marker, mark := f.user, d.user(chat.UserID(fmt.Sprint("mark-", d.marks)))
	if marker == "" {
		marker = "jane"
	}
	if err := d.as(marker).UnmuteUser(d.ctx, mark); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(d.ctx, time.Hour)
	defer cancel()
	poll := d.app.Poll
	if f.user != "" {
		poll = d.as(f.user).Poll
	}
	for {
		events, next, err := poll(ctx, f.cursor, chat.EventQuery{Limit: 7})
		if err != nil {
			return err
		}
		f.cursor = next
		for _, e := range events {
			if e.Type == chat.UserUnmuted && e.User.ID == mark {
				return nil
			}
			f.told = append(f.told, d.words(e)...)
		}
	}
}

// words is an event in a few words; none of one that is another day's.
func (d *day) words(e chat.Event) []string {
	words := []string{string(e.Type), strings.ReplaceAll(distinctPattern.ReplaceAllString(string(e.CID), "!members"), d.prefix, "")}
	ours := strings.Contains(string(e.CID), d.prefix)
	for _, u := range []*chat.User{e.User, e.By} {
		if u == nil {
			words = append(words, "-")
			continue
		}
		ours = ours || strings.HasPrefix(string(u.ID), d.prefix)
		words = append(words, strings.TrimPrefix(string(u.ID), d.prefix))
	}
	if m := e.Message; m != nil {
		id, chosen := strings.CutPrefix(string(m.ID), d.prefix)
		if !chosen {
			id = "an id"
		}
		if e.Type == chat.MessageUpdated && strings.HasPrefix(id, "link-") {
			return nil // whether a preview comes with the send or after it is a matter of time
		}
		words = append(words, id)
	}
	if e.HardDelete {
		words = append(words, "hard")
	}
	if !ours || strings.HasPrefix(words[2], "mark-") {
		return nil
	}
	return []string{strings.Join(words, " ")}
}

// toldAll is what each follower was told, in any order: what was held up comes
// later.
func (d *day) toldAll() map[chat.UserID][]string {
	all := map[chat.UserID][]string{}
	for _, f := range d.followers {
		all[f.user] = slices.Sorted(slices.Values(f.told))
	}
	return all
}

// differsInEvents says where what was told on another day differs: it is the
// same, and where a step was made again, that was stored, perhaps more.
func (r dayRecord) differsInEvents(other dayRecord) string {
	for _, user := range slices.Sorted(maps.Keys(r.events)) {
		got := slices.Clone(other.events[user])
		var missing []string
		for _, line := range r.events[user] {
			if i, found := slices.BinarySearch(got, line); found {
				got = slices.Delete(got, i, i+1)
			} else {
				missing = append(missing, line)
			}
		}
		if other.repeated {
			got = slices.DeleteFunc(got, func(line string) bool { return slices.Contains(r.events[user], line) })
		}
		if len(missing)+len(got) > 0 {
			return fmt.Sprintf("%q is not told %q, and is told %q", user, missing, got)
		}
	}
	return ""
}
