package unfurl

import (
	"container/list"
	"time"
)

// cache remembers results, bounded by their number and by their bytes. What was
// not asked for longest goes first. It is not safe for concurrent use.
type cache struct {
	maxEntries, maxBytes int
	bytes                int
	byKey                map[string]*list.Element
	order                *list.List // of *entry, the latest asked for in front
}

type entry struct {
	key     string
	result  result
	expires time.Time
	bytes   int
}

// entryBytes is what an entry takes besides its strings: the entry, its place
// in the list and in the map.
const entryBytes = 512

// ruleBytes is what a rule takes besides its pattern.
const ruleBytes = 32

func newCache(maxEntries, maxBytes int) *cache {
	return &cache{maxEntries: maxEntries, maxBytes: maxBytes, byKey: map[string]*list.Element{}, order: list.New()}
}

func (c *cache) get(key string, now time.Time) (result, bool) {
	at := c.byKey[key]
	if at == nil {
		return result{}, false
	}
	e := at.Value.(*entry)
	if !now.Before(e.expires) {
		c.remove(at)
		return result{}, false
	}
	c.order.MoveToFront(at)
	return e.result, true
}

func (c *cache) put(key string, r result, now time.Time) {
	if at := c.byKey[key]; at != nil {
		c.remove(at)
	}
	e := &entry{key: key, result: r, expires: now.Add(r.keep), bytes: len(key) + r.bytes()}
	c.byKey[key] = c.order.PushFront(e)
	c.bytes += e.bytes
	for c.order.Len() > max(c.maxEntries, 0) || c.bytes > c.maxBytes {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(at *list.Element) {
	e := c.order.Remove(at).(*entry)
	delete(c.byKey, e.key)
	c.bytes -= e.bytes
}

// bytes is what a remembered result takes.
func (r *result) bytes() int {
	p, n := &r.preview, entryBytes
	if r.robots != nil {
		for _, rule := range r.robots.rules {
			n += ruleBytes + len(rule.pattern)
		}
	}
	return n + len(p.Type) + len(p.AuthorName) + len(p.AuthorLink) + len(p.Title) + len(p.TitleLink) + len(p.Text) +
		len(p.ImageURL) + len(p.ThumbURL) + len(p.AssetURL) + len(p.OGScrapeURL)
}
