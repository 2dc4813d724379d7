package powerloss

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
)

// progress is what was acknowledged at some point.
type progress struct {
	ready bool         // the users and channels are made
	calls [callers]int // how many of each caller
}

func (p *progress) add(mark string) {
	if mark == readyMark {
		p.ready = true
		return
	}
	var c, n int
	if _, err := fmt.Sscanf(mark, "%d %d", &c, &n); err != nil || c >= callers || n != p.calls[c] {
		panic("mark " + mark + " is out of order")
	}
	p.calls[c]++
}

// image is what a power loss can leave of the files.
type image struct {
	prefix int    // how many events there were
	kind   string // what of the unsynced events is in it
	random bool
	files  content

	// What it has to hold: all that was acknowledged. And what it may hold
	// beside: the next call of each caller, after what was acknowledged when the
	// disk was last written to.
	acknowledged, before progress
}

func (i image) String() string { return fmt.Sprintf("prefix-%d-%s", i.prefix, i.kind) }

// images are what a loss of power can leave of the files after each prefix of the
// events: with all that is not synced, with none of it, and so many with some of
// it at random. Prefixes that differ in marks alone leave the same files; of them
// the longest asks for most.
func images(events []event, random int, seed uint64) iter.Seq[image] {
	return func(yield func(image) bool) {
		var d disk
		var now, before progress
		// Until its first sync bbolt's file does not have its name.
		created := slices.IndexFunc(events, func(e event) bool { return e.kind == syncEvent && e.file == boltFile })
		for n := range len(events) + 1 {
			if n < len(events) && events[n].kind == markEvent {
				now.add(string(events[n].data))
				continue
			}
			last := n == len(events) || events[n].kind != writeEvent && events[n].kind != resizeEvent
			for i := range d.images(n, random, seed, last) {
				if n <= created {
					continue
				}
				i.acknowledged, i.before = now, before
				if !yield(i) {
					return
				}
			}
			if n < len(events) {
				d.do(events[n])
				before = now
			}
		}
	}
}

// images are what the disk can leave now. That with nothing unsynced is the same
// until something else is done than written.
func (d *disk) images(prefix, random int, seed uint64, last bool) iter.Seq[image] {
	return func(yield func(image) bool) {
		if !yield(image{prefix: prefix, kind: "all", files: d.all()}) || d.certain() {
			return
		}
		if last && !yield(image{prefix: prefix, kind: "none", files: d.none()}) {
			return
		}
		for n := range random {
			left := d.some(rand.New(rand.NewPCG(seed, uint64(prefix)<<16|uint64(n))))
			if !yield(image{prefix: prefix, kind: fmt.Sprintf("some-%d", n), random: true, files: left}) {
				return
			}
		}
	}
}
