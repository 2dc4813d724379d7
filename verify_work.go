package chat

import (
	"fmt"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// verifyWork looks for what a channel needs done later and has no task for:
// messages, pins and bans that would never end, and what is never erased.
func verifyWork(r *record.Reader, tx *record.Txn, number record.Channel, channel *codec.Channel, found *record.Verified) error {
	cid := channel.CID
	for _, m := range found.Unexpiring {
		err := verifyTask(r, tx, found, queueExpiry, messageSubject(number, m.CreatedAt), "pending message "+m.ID+" would never expire", func() error {
			return addExpiry(tx, number, cid, &m)
		})
		if err != nil {
			return err
		}
	}
	for i := range found.Pinned {
		m := &found.Pinned[i]
		err := verifyTask(r, tx, found, queuePin, messageSubject(number, m.CreatedAt), "the pin of message "+m.ID+" would never end", func() error {
			return addPinEnd(tx, number, cid, m)
		})
		if err != nil {
			return err
		}
	}
	for i := range found.Ephemeral {
		e := &found.Ephemeral[i]
		err := verifyTask(r, tx, found, queueEphemeral, ephemeralSubject(number, e.Message.ID), "ephemeral message "+e.Message.ID+" would never expire", func() error {
			return addEphemeralExpiry(tx, number, cid, e)
		})
		if err != nil {
			return err
		}
	}
	if err := verifyPurge(r, tx, number, channel, found); err != nil {
		return err
	}
	return verifyBans(r, tx, number, CID(cid), found)
}

// verifyTask reports work that is not recorded, and records it where a
// transaction is to repair it.
func verifyTask(r *record.Reader, tx *record.Txn, found *record.Verified, queue, subject, problem string, add func() error) error {
	_, _, there, err := r.FirstTask(queue, subject)
	if err != nil || there {
		return err
	}
	if found.Problems = append(found.Problems, problem); tx == nil {
		return nil
	}
	return add()
}

// verifyPurge looks for what is hidden for good and would never be erased.
func verifyPurge(r *record.Reader, tx *record.Txn, number record.Channel, channel *codec.Channel, found *record.Verified) error {
	var lost []purge
	if channel.PurgedAt == never {
		lost = append(lost, purge{Number: number, Until: never - 1, Channel: true})
	} else if found.Hidden {
		lost = append(lost, purge{Number: number, Until: channel.PurgedAt})
	}
	if found.Truncated {
		lost = append(lost, purge{Number: number, Until: channel.TruncatedAt, OnlyPending: true})
	}
	if len(lost) == 0 {
		return nil
	}
	return verifyTask(r, tx, found, queuePurge, fmt.Sprint(uint64(number)), "what was deleted for good would never be erased", func() error {
		for _, work := range lost {
			if err := addPurge(tx, channel.CID, work); err != nil {
				return err
			}
		}
		return nil
	})
}
