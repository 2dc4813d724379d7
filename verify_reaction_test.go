package chat_test

import (
	"errors"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// reactionDamages are faults of what is kept of reactions and pins.
func reactionDamages() []damage {
	return []damage{
		{"a reaction is lost", func(t storage.Txn, c keys.Channel, _ int64) error {
			return eachReacted(t, c, func(at int64) error { return t.Delete(keys.Reaction(c, at, "ann", "like")) })
		}},
		{"an order of the reactions is lost", func(t storage.Txn, c keys.Channel, _ int64) error {
			return eachReacted(t, c, func(at int64) error { return t.DeleteRange(storage.Prefix(keys.ReactionsAt(c, at, "like"))) })
		}},
		{"an order has a reaction that there is not", func(t storage.Txn, c keys.Channel, _ int64) error {
			return eachReacted(t, c, func(at int64) error { return t.Put(keys.ReactionAt(c, at, "", 5, "john", "like"), nil) })
		}},
		{"the summary of reactions is lost", func(t storage.Txn, c keys.Channel, _ int64) error {
			return eachReacted(t, c, func(at int64) error { return t.Delete(keys.Reacted(c, at)) })
		}},
		{"the summary of reactions is wrong", func(t storage.Txn, c keys.Channel, _ int64) error {
			return eachReacted(t, c, func(at int64) error {
				wrong := codec.Reactions{Groups: []codec.ReactionGroup{{Type: "like", Count: 3, Sum: 3, First: 1, Last: 2}}}
				return t.Put(keys.Reacted(c, at), wrong.Encode(nil))
			})
		}},
		{"reactions to a message that there is not", func(t storage.Txn, c keys.Channel, _ int64) error {
			stray := codec.Reaction{User: "ann", Type: "like", Score: 1, At: 9, UpdatedAt: 9}
			return t.Put(keys.Reaction(c, 7, "ann", "like"), stray.Encode(nil))
		}},
		{"a summary of no reactions", func(t storage.Txn, c keys.Channel, _ int64) error {
			return t.Put(keys.Reacted(c, 7), new(codec.Reactions).Encode(nil))
		}},
		{"a message does not know of its reactions", func(t storage.Txn, c keys.Channel, _ int64) error {
			return eachReacted(t, c, func(at int64) error {
				return changeMessage(t, keys.Timeline(c, at), func(m *codec.Message) { m.Reacted = false })
			})
		}},
		{"a pinned message is not among the pins", func(t storage.Txn, c keys.Channel, _ int64) error {
			return t.DeleteRange(storage.Prefix(keys.Pins(c)))
		}},
		{"among the pins is one that is not pinned", func(t storage.Txn, c keys.Channel, held int64) error {
			place := codec.Place{Kind: codec.PlaceTimeline, Channel: uint64(c), At: held}
			return t.Put(keys.Pin(c, 5, held), place.Encode(nil))
		}},
		{"among the pins for one is one that is not pinned", func(t storage.Txn, c keys.Channel, held int64) error {
			place := codec.Place{Kind: codec.PlaceTimeline, Channel: uint64(c), At: held}
			return t.Put(keys.PinFor(c, "ann", 5, held), place.Encode(nil))
		}},
		{"a pin would never end", func(t storage.Txn, c keys.Channel, _ int64) error {
			if err := t.DeleteRange(storage.Prefix(keys.TasksOf("pin"))); err != nil {
				return err
			}
			return t.DeleteRange(storage.Prefix(keys.DueAll("pin")))
		}},
	}
}

// eachReacted calls a function for each message of a channel with reactions.
func eachReacted(t storage.Txn, c keys.Channel, do func(at int64) error) error {
	found := false
	for e, err := range storage.Scan(t, storage.Prefix(keys.ReactedAll(c)), 10) {
		if err != nil {
			return err
		}
		at, err := keys.Moment(e.Key)
		if err != nil {
			return err
		}
		found = true
		if err := do(at); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("no message has reactions")
	}
	return nil
}

func changeMessage(t storage.Txn, key []byte, change func(*codec.Message)) error {
	raw, err := storage.Get(t, key)
	if err != nil {
		return err
	}
	m, err := codec.DecodeMessage(raw)
	if err != nil {
		return err
	}
	change(&m)
	return t.Put(key, m.Encode(nil))
}
