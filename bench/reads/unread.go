package main

import (
	"context"
	"fmt"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/sqlite"
	"example.com/chat/bench/internal/workload"
)

const unreadAnew = "unread of a channel, after each message"

// measureUnreadAnew asks for the unread count of a channel after each message of
// another: a count that is still so is remembered, and this one never is. It is for
// information.
func measureUnreadAnew(r *program.Run, f *field) error {
	const (
		asked   = 25
		speaker = viewerNumber + 1
	)
	ctx := context.Background()
	viewer, other := f.app.As(workload.User(viewerNumber)), f.app.As(workload.User(speaker))
	names := []string{"chat"}
	cells := []func() (measure.Cell, error){func() (measure.Cell, error) {
		return measure.Between(unreadAnew, asked, func() error {
			_, err := other.Send(ctx, workload.CID(plain), chat.Draft{Text: "words"})
			return err
		}, func() error {
			_, err := viewer.Unread(ctx, workload.CID(plain))
			return err
		})
	}}
	for _, db := range f.sqlite {
		names = append(names, db.Name)
		cells = append(cells, func() (measure.Cell, error) {
			return measure.Between(unreadAnew, asked, func() error {
				return db.Send(sqlite.Draft{Channel: plain, User: speaker, Text: "words"})
			}, func() error {
				_, err := db.Unread(viewerNumber, plain)
				return err
			})
		})
	}
	series, err := measure.Rounds(r.Rounds, cells...)
	if err != nil {
		return err
	}
	for i, s := range series {
		r.Note(unreadAnew+", "+names[i], fmt.Sprintf("%.1f µs", micros(s.PerCall())))
	}
	return nil
}
