package record

import (
	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// OwnChannel is one of a user's channels.
type OwnChannel struct {
	Channel Channel
	codec.UserChannel
}

// ownChannels are those of a user, as one snapshot had them.
type ownChannels struct {
	version uint64
	list    []OwnChannel
}

// ownChannelsKept is how many channels are remembered in a generation, of all users
// together: each takes some 150 bytes. The most of one user is a quarter of it.
const ownChannelsKept = 1 << 14

func (o *ownChannels) weight() int { return 1 + len(o.list) }

// UserChannels reads all channels of a user. They must not be changed: others may be
// given the same ones.
func (r *Reader) UserChannels(user string) ([]OwnChannel, error) {
	versioned := r.versioned()
	if versioned == nil {
		return r.readUserChannels(user)
	}
	noted := channelsOf(user)
	if known, ok := r.db.ownChannels.get(user); ok && unchanged(versioned, known.version, noted) {
		return known.list, nil
	}
	list, err := r.readUserChannels(user)
	if err != nil {
		return nil, err
	}
	now := &ownChannels{versioned.Version(), list}
	if now.weight() <= ownChannelsKept/4 && unchanged(versioned, now.version, noted) {
		r.db.ownChannels.put(user, now)
	}
	return list, nil
}

func (r *Reader) readUserChannels(user string) ([]OwnChannel, error) {
	var list []OwnChannel
	for e, err := range storage.Scan(r.r, storage.Prefix(keys.UserChannels(user)), sliceLen) {
		if err != nil {
			return nil, err
		}
		_, c, err := keys.ChannelOfUser(e.Key)
		if err != nil {
			return nil, err
		}
		own, err := codec.DecodeUserChannel(e.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, OwnChannel{c, own})
	}
	return list, nil
}
