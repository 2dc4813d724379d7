package chat

import (
	"context"
	"math"

	"example.com/chat/internal/record"
)

// VerifyOptions says what Verify does.
type VerifyOptions struct {
	// Repair mends what differs, channel by channel, each in one transaction.
	Repair bool
}

// VerifyReport is what Verify looked at and found.
type VerifyReport struct {
	Channels int
	Messages int // pending ones included
	Pending  int
	Members  int // memberships
	Counters int // streams of messages that unread counts are made of
	Problems []VerifyProblem
}

// VerifyProblem is one difference between what is stored and what follows from
// the messages and members.
type VerifyProblem struct {
	CID      CID    // empty: of no single channel
	Problem  string // ids and keys; never a text
	Repaired bool
}

// Verify recomputes every counter and index of the store from the messages and
// memberships, looks whether what is to end or to be erased later is recorded,
// and whether what is kept of bans, flags, blocks, block lists and slow mode fits
// together, and reports each difference; none is to be expected. It reads
// everything, a channel a transaction, and may run while the chat is used. Nil
// options only look.
func (a *App) Verify(ctx context.Context, o *VerifyOptions) (_ VerifyReport, err error) {
	const op = "Verify"
	defer a.operation(&ctx, op).ended(&err)
	if o == nil {
		o = &VerifyOptions{}
	}
	var report VerifyReport
	next := record.Channel(0)
	for {
		var numbers []record.Channel
		err := a.view(ctx, op, func(r *record.Reader) (err error) {
			numbers, err = r.Numbers(next, maxPage)
			return err
		})
		if err != nil {
			return report, err
		}
		for _, number := range numbers {
			if err := a.verifyChannel(ctx, op, number, o.Repair, &report); err != nil {
				return report, err
			}
		}
		if len(numbers) < maxPage {
			break
		}
		next = numbers[len(numbers)-1] + 1
	}
	if err := a.verifyModeration(ctx, op, o.Repair, &report); err != nil {
		return report, err
	}
	return report, a.verifyIDs(ctx, op, &report)
}

func (a *App) verifyChannel(ctx context.Context, op string, number record.Channel, repair bool, report *VerifyReport) error {
	var cid string
	var found *record.Verified
	look := func(r *record.Reader, tx *record.Txn) error {
		b := r.Batch()
		channel := b.Channel(number)
		if err := b.Run(); err != nil {
			return err
		}
		cid = channel.V.CID
		var err error
		if found, err = r.VerifyChannel(number, tx); err != nil {
			return err
		}
		return verifyWork(r, tx, number, &channel.V, found)
	}
	err := a.view(ctx, op, func(r *record.Reader) error { return look(r, nil) })
	if err == nil && repair && len(found.Problems) > 0 {
		err = a.update(ctx, op, record.ChannelScope(cid), func(tx *record.Txn) error { return look(&tx.Reader, tx) })
	}
	if err != nil {
		return err
	}
	report.Channels++
	report.Messages += found.Messages
	report.Pending += found.Pending
	report.Members += found.Members
	report.Counters += found.Streams
	for _, problem := range found.Problems {
		report.Problems = append(report.Problems, VerifyProblem{CID(cid), problem, repair})
	}
	return nil
}

// verifyIDs looks for ids, and entries of the lists of pending messages and of
// threads, that lead nowhere. They are reported only: which channel they belonged
// to is not known.
func (a *App) verifyIDs(ctx context.Context, op string, report *VerifyReport) error {
	after := ""
	for {
		var problems []string
		err := a.view(ctx, op, func(r *record.Reader) (err error) {
			after, problems, err = r.VerifyIDs(after, math.MaxInt16)
			if err != nil || after != "" {
				return err
			}
			for _, verify := range []func() ([]string, error){r.VerifyPending, r.VerifyThreads} {
				more, err := verify()
				if err != nil {
					return err
				}
				problems = append(problems, more...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, problem := range problems {
			report.Problems = append(report.Problems, VerifyProblem{Problem: problem})
		}
		if after == "" {
			return nil
		}
	}
}
