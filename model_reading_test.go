package chat_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
)

// modelReading is someone who reads a channel to one of its ends, page by page
// while others go on.
type modelReading struct {
	viewer  string
	channel *model.Channel
	forward bool
	last    time.Time // of the message that was read last
	next    chat.PageToken
}

// readOn has whoever is reading read another page. It must go on where the last one
// ended, whatever was done meanwhile. Where nobody is reading, the viewer begins in the
// middle.
func (r *modelRun) readOn(viewer string, random *rand.Rand) string {
	if r.reading == nil {
		return r.beginReading(viewer, random)
	}
	v := r.as(r.reading.viewer, random)
	if failure := v.nextPage(r.reading); failure != "" {
		return fmt.Sprintf("%s: %s", v, failure)
	}
	return ""
}

func (r *modelRun) beginReading(viewer string, random *rand.Rand) string {
	if len(r.world.Channels) == 0 {
		return ""
	}
	ch, v := r.world.Channels[random.IntN(len(r.world.Channels))], r.as(viewer, random)
	if r.world.Channel(ch.CID) != ch || r.world.Enter(viewer, ch.CID) != model.OK {
		return ""
	}
	list := r.world.Timeline(viewer, ch)
	if len(list) < 3 {
		return ""
	}
	middle := list[len(list)/3+random.IntN(len(list)/3)]
	page, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), chat.MessageQuery{Around: chat.MessageID(middle.ID), Limit: 1})
	if err != nil || len(page.Items) != 1 {
		return fmt.Sprintf("around %s are %d messages, %v", middle.ID, len(page.Items), err)
	}
	r.reading = &modelReading{viewer: viewer, channel: ch, forward: random.IntN(2) == 0, last: middle.Created, next: page.Prev}
	if r.reading.forward {
		r.reading.next = page.Next
	}
	if r.reading.next == "" {
		r.reading = nil
	}
	return ""
}

func (v *modelView) nextPage(on *modelReading) string {
	ch := on.channel
	if v.world.Channel(ch.CID) != ch || v.world.Enter(v.viewer, ch.CID) != model.OK {
		v.reading = nil
		return ""
	}
	limit := 1 + v.random.IntN(4)
	page, err := v.reader.Messages(context.Background(), chat.CID(ch.CID), chat.MessageQuery{Page: on.next, Limit: limit})
	if err != nil {
		return fmt.Sprintf("the next page of %s answers %v", ch.CID, err)
	}
	list := v.world.Timeline(v.viewer, ch)
	want, next := slices.Clone(list), page.Prev
	if on.forward {
		want = slices.DeleteFunc(want, func(m *model.Message) bool { return !m.Created.After(on.last) })
		want, next = want[:min(limit, len(want))], page.Next
	} else {
		want = slices.DeleteFunc(want, func(m *model.Message) bool { return !m.Created.Before(on.last) })
		want = want[max(0, len(want)-limit):]
	}
	if d := diffViews(modelViewsOf(page.Items), v.views(v.viewer, want)); d != "" {
		return fmt.Sprintf("the next page of %s, forward %t: %s", ch.CID, on.forward, d)
	}
	if failure := v.checkEnds(page, list); failure != "" {
		return fmt.Sprintf("the next page of %s: %s", ch.CID, failure)
	}
	if len(want) == 0 || next == "" {
		v.reading = nil
		return ""
	}
	on.next, on.last = next, want[0].Created
	if on.forward {
		on.last = want[len(want)-1].Created
	}
	return ""
}
