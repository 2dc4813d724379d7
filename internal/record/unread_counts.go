package record

import "example.com/chat/internal/codec"

// countKey is whose messages were counted, and where: see Unread.
type countKey struct {
	channel Channel
	parent  int64
	reader  string
}

// unreadCount is how many messages a reader has unread, those by muted authors
// included, as far as it is remembered. A stream grows at its end alone: as long as
// nothing in it was removed or restored, there is one more for each that it has
// grown by. The time after which they are counted is before the newest entry, so
// that what comes later is after it too.
type unreadCount struct {
	after         int64
	last          int64 // the newest entry of the streams
	private       bool
	privateReader string
	total         [6]uint64 // of the streams, in their order
	changes       [6]uint64
	n             int
}

const unreadCountsKept = 1 << 13 // twice, some 4 MB

// seen is what there is to count now.
func (u *Unread) seen(streams []*Value[codec.Stream]) unreadCount {
	c := unreadCount{after: u.After, private: u.Private, privateReader: u.PrivateReader}
	for i, v := range streams {
		s := &v.V
		c.total[i], c.changes[i], c.last = s.Total, s.Changes, max(c.last, s.Tail.Last)
	}
	return c
}

// same says whether what was counted still counts, but for what came since.
func (c *unreadCount) same(now *unreadCount) bool {
	if c.after != now.after || c.private != now.private || c.privateReader != now.privateReader || c.changes != now.changes {
		return false
	}
	for i, total := range c.total {
		if total > now.total[i] {
			return false
		}
	}
	return true
}

// sum is what all streams ever had, those subtracted that are not to count.
func (c *unreadCount) sum() int {
	return int(c.total[0]) - int(c.total[1]) - int(c.total[2]) + int(c.total[3]) - int(c.total[4]) - int(c.total[5])
}
