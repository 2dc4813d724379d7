package record

import "sync"

// mutedCounts remembers how many of what a reader has unread is by those they
// mute, who may be many. It is told again as long as they mute the same and
// nothing was deleted; what was sent meanwhile is looked through.
type mutedCounts struct {
	mu     sync.Mutex
	counts map[countKey]*mutedCount
	names  int // of muted users, in all of them
}

type mutedCount struct {
	stamp         uint64 // of the list of mutes
	from, until   int64  // the times between which those are muted who were: then the first of the mutes ends
	after         int64
	private       bool
	privateReader string
	total         [2]uint64 // of the timeline, and of the private messages
	changes       [2]uint64
	last          int64               // the newest message counted
	muted         map[string]struct{} // shared, not changed
	n             int
}

const (
	mutedCountsKept = 4096
	mutedNamesKept  = 100_000
	mutedLookedUp   = 64 // more new messages than that are counted anew
)

// same says whether what was counted then still counts, but for new messages.
func (m *mutedCount) same(now *mutedCount, at int64) bool {
	return m.stamp == now.stamp && m.from <= at && at < m.until && m.after == now.after && m.private == now.private &&
		m.privateReader == now.privateReader && m.changes == now.changes &&
		m.total[0] <= now.total[0] && m.total[1] <= now.total[1]
}

func (m *mutedCounts) get(key countKey) *mutedCount {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[key]
}

func (m *mutedCounts) put(key countKey, c *mutedCount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.counts[key]; old != nil {
		m.names -= len(old.muted)
	}
	m.names += len(c.muted)
	if m.counts == nil || len(m.counts) == mutedCountsKept || m.names > mutedNamesKept {
		m.counts, m.names = map[countKey]*mutedCount{}, len(c.muted)
	}
	m.counts[key] = c
}
