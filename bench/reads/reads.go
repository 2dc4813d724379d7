package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/sqlite"
	"example.com/chat/bench/internal/workload"
)

// page is how many messages a page has, listed how many channels a list.
const (
	page   = 25
	listed = 30
)

// read is one call, as each contender makes it.
type read struct {
	name   string
	chat   func() error
	sqlite func(*sqlite.DB) error
	scan   func() error // nil: a scan is nothing to compare with

	faster   float64 // than the faster SQLite: at least; 0: for information
	overScan float64 // times the scan: at most
}

func run(r *program.Run) error {
	texts := workload.MakeTexts()
	f, err := newField(r, texts)
	if err != nil {
		return err
	}
	if err := measureReads(r, f); err != nil {
		_ = f.close() // the first error tells more
		return err
	}
	if r.Wanted(unreadAnew) {
		if err := measureUnreadAnew(r, f); err != nil {
			_ = f.close()
			return err
		}
	}
	if r.Wanted("mixed") && r.Mixed > 0 {
		if err := measureDrift(r, f); err != nil {
			_ = f.close()
			return err
		}
	}
	return f.close()
}

func measureReads(r *program.Run, f *field) error {
	for _, read := range f.reads() {
		if !r.Wanted(read.name) {
			continue
		}
		names := []string{"chat"}
		calls := []func() error{read.chat}
		for _, db := range f.sqlite {
			names = append(names, db.Name)
			calls = append(calls, func() error { return read.sqlite(db) })
		}
		if read.scan != nil {
			names = append(names, "bare scan")
			calls = append(calls, read.scan)
		}
		cells := make([]func() (measure.Cell, error), len(calls))
		for i, call := range calls {
			cells[i] = func() (measure.Cell, error) { return measure.Loop(names[i], r.Cell, call) }
		}
		of := func(series []measure.Series) result { return read.result(r, series, len(f.sqlite)) }
		series, err := measure.RoundsUntil(r.Rounds, func(series []measure.Series) bool { return of(series).isClear(read) }, cells...)
		if err != nil {
			return fmt.Errorf("%s: %w", read.name, err)
		}
		for i, s := range series {
			r.Note(read.name+", "+names[i], fmt.Sprintf("%.1f µs, %.1f µs of CPU", micros(s.PerCall()), micros(s.CPU())))
			r.Bar(read.name, names[i], micros(s.PerCall()), fmt.Sprintf("%.1f µs", micros(s.PerCall())), i == 0)
		}
		judge(r, read, of(series))
	}
	return nil
}

// result is how a read did: how many times as fast as the faster SQLite, and how
// many times as long as the scan it took.
type result struct {
	faster, overScan     float64
	chat, database, scan measure.Series
}

func (read read) result(r *program.Run, series []measure.Series, databases int) result {
	ours := series[0]
	times := func(s measure.Series) float64 {
		if r.CPU {
			return s.CPURatio(ours)
		}
		return ours.Faster(s)
	}
	did := result{faster: math.Inf(1), chat: ours}
	for _, s := range series[1 : 1+databases] {
		if n := times(s); n < did.faster {
			did.faster, did.database = n, s
		}
	}
	if read.scan != nil {
		did.scan = series[1+databases]
		did.overScan = 1 / times(did.scan)
	}
	return did
}

// isClear says whether the read is not only by chance within what is required of it.
func (did result) isClear(read read) bool {
	return read.faster == 0 || measure.ClearlyAtLeast(did.faster, read.faster) &&
		(read.scan == nil || measure.ClearlyAtMost(did.overScan, read.overScan))
}

func judge(r *program.Run, read read, did result) {
	if read.faster == 0 {
		return
	}
	r.AtLeast(read.name+": times as fast as the faster SQLite", did.faster, read.faster,
		fmt.Sprintf("%.1f µs against %.1f µs", micros(did.chat.PerCall()), micros(did.database.PerCall())))
	if read.scan != nil {
		r.AtMost(read.name+": times the bare scan", did.overScan, read.overScan,
			fmt.Sprintf("%.1f µs against %.1f µs", micros(did.chat.PerCall()), micros(did.scan.PerCall())))
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// reads are what is read, each the same from every contender.
func (f *field) reads() []read {
	ctx := context.Background()
	viewer := f.app.As(workload.User(viewerNumber))
	pages := func(name string, channel int, overScan float64) []read {
		cid, number, anchor := workload.CID(channel), f.numbers[channel], f.anchors[channel]
		return []read{
			{
				name: "latest page, " + name, faster: 4, overScan: overScan,
				chat: func() error {
					p, err := viewer.Messages(ctx, cid, chat.MessageQuery{Limit: page})
					return full(len(p.Items), page, err)
				},
				sqlite: func(db *sqlite.DB) error {
					list, err := db.Latest(viewerNumber, channel, page)
					return full(len(list), page, err)
				},
				scan: func() error {
					list, err := f.scan.Latest(number, page)
					return full(len(list), page, err)
				},
			},
			{
				name: "page around an id, " + name, faster: 4, overScan: overScan,
				chat: func() error {
					p, err := viewer.Messages(ctx, cid, chat.MessageQuery{Limit: page, Around: anchor.id})
					return full(len(p.Items), page, err)
				},
				sqlite: func(db *sqlite.DB) error {
					list, err := db.Around(viewerNumber, f.places[db][channel], page)
					return full(len(list), page, err)
				},
				scan: func() error {
					list, err := f.scan.Around(number, anchor.at, page)
					return full(len(list), page, err)
				},
			},
		}
	}
	plainCID := workload.CID(plain)
	list := append(pages("all public", plain, 1.6), pages("with private and deleted-for-me ones", mixed, 2)...)
	return append(list,
		f.spreadPages(),
		read{
			name: "unread of a channel", faster: 5,
			chat: func() error {
				n, err := viewer.Unread(ctx, plainCID)
				return full(n, f.n, err)
			},
			sqlite: func(db *sqlite.DB) error {
				n, err := db.Unread(viewerNumber, plain)
				return full(n, f.n, err)
			},
		},
		read{
			name: "30 newest of 500 channels", faster: 2,
			chat: func() error {
				list, err := viewer.Channels(ctx, chat.ChannelQuery{
					Filter: chat.Eq("members", string(viewer.User())), Limit: listed, Messages: chat.None, Members: chat.None,
				})
				return full(len(list.Items), listed, err)
			},
			sqlite: func(db *sqlite.DB) error {
				list, err := db.Channels(viewerNumber, listed)
				return full(len(list), listed, err)
			},
		},
		read{
			name: "message by id", faster: 5,
			chat: func() error {
				_, err := viewer.Message(ctx, f.anchors[plain].id)
				return err
			},
			sqlite: func(db *sqlite.DB) error {
				_, err := db.Message(viewerNumber, f.places[db][plain])
				return err
			},
		},
	)
}

// spreadPages reads what was not read lately: nothing of it but the channel and the
// users is remembered.
func (f *field) spreadPages() read {
	ctx := context.Background()
	viewer := f.app.As(workload.User(viewerNumber))
	turn := 0
	next := func() int {
		turn++
		return turn % len(f.spread)
	}
	return read{
		name: "page around an id, each time another",
		chat: func() error {
			p, err := viewer.Messages(ctx, workload.CID(plain), chat.MessageQuery{Limit: page, Around: f.spread[next()].id})
			return full(len(p.Items), page, err)
		},
		sqlite: func(db *sqlite.DB) error {
			list, err := db.Around(viewerNumber, f.spreadPlaces[db][next()], page)
			return full(len(list), page, err)
		},
		scan: func() error {
			list, err := f.scan.Around(f.numbers[plain], f.spread[next()].at, page)
			return full(len(list), page, err)
		},
	}
}

// full is an error unless a read found what it was to find.
func full(n, want int, err error) error {
	if err == nil && n != want {
		return fmt.Errorf("found %d; want %d", n, want)
	}
	return err
}
