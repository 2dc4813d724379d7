package powerloss

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// disk holds the files, and may lose power.
type disk [files]file

// content is what the files have; nil for one that is not there.
type content [files][]byte

// do carries out an event.
func (d *disk) do(e event) {
	if e.kind == namesEvent {
		for i := range d {
			d[i].named, d[i].former = true, nil
		}
		return
	}
	d[e.file].do(e)
}

// certain says that nothing can be lost.
func (d *disk) certain() bool {
	for _, f := range d[boltFile+1:] {
		if f.exists != f.named && (f.exists || f.former != nil) {
			return false
		}
	}
	return len(d[0].since)+len(d[1].since)+len(d[2].since) == 0
}

// all is what there is if everything got to the disk.
func (d *disk) all() (c content) {
	for i := range d {
		if d[i].exists {
			c[i] = d[i].all()
		}
	}
	return c
}

// none is what there is if nothing did that is not synced.
func (d *disk) none() (c content) {
	for i := range d {
		if d[i].exists && d[i].named {
			c[i] = d[i].synced
		} else {
			c[i] = d[i].former
		}
	}
	return c
}

// some is what there is if a random part did, of each file and of the names.
func (d *disk) some(random *rand.Rand) (c content) {
	for i := range d {
		switch isNew := d[i].named || random.IntN(2) == 0; {
		case d[i].exists && isNew:
			c[i] = d[i].some(random)
		case !isNew || random.IntN(2) == 0:
			c[i] = d[i].former
		}
	}
	return c
}

// file is one file, or none, by one name.
type file struct {
	exists bool
	named  bool   // the name is on the disk
	former []byte // what another file has that may still have the name, nil for none

	synced []byte  // what is certain
	since  []event // writes and resizes that are not: each may be on the disk, in part or not at all
}

// do carries out an event. bbolt's file is named when it is first synced.
func (d *file) do(e event) {
	switch e.kind {
	case writeEvent, resizeEvent:
		d.since = append(d.since, e)
		if e.file == boltFile {
			d.exists, d.named = true, true
		}
	case syncEvent:
		d.synced, d.since = d.all(), nil
	case createEvent:
		*d = file{exists: true, former: d.former}
	case removeEvent:
		*d = file{former: d.all()}
	}
}

// all is the file if everything got to the disk, never nil.
func (d *file) all() []byte {
	image := append([]byte{}, d.synced...)
	for _, e := range d.since {
		if e.kind == resizeEvent {
			image = grown(image, int(e.offset))
			continue
		}
		image = written(image, e.data, int(e.offset))
	}
	return image
}

// some is the file if a random part of what is not synced got to the disk, in a
// random order, cut at the borders of sectors.
func (d *file) some(random *rand.Rand) []byte {
	sector := []int{512, 4096}[random.IntN(2)]
	likely, torn := random.Float64(), random.Float64()/2
	image := append([]byte{}, d.synced...)
	for _, i := range random.Perm(len(d.since)) {
		e := d.since[i]
		switch {
		case random.Float64() < torn && e.kind == writeEvent:
			for at := 0; at < len(e.data); at += sector {
				if random.Float64() < likely {
					image = written(image, e.data[at:min(at+sector, len(e.data))], int(e.offset)+at)
				}
			}
		case random.Float64() >= likely:
		case e.kind == resizeEvent:
			image = grown(image, int(e.offset))
		default:
			image = written(image, e.data, int(e.offset))
		}
	}
	return image
}

// grown is a file made so long, or as long as it was if that is longer.
func grown(image []byte, size int) []byte {
	if n := size - len(image); n > 0 {
		return append(image, make([]byte, n)...)
	}
	return image
}

func written(image, data []byte, offset int) []byte {
	image = grown(image, offset+len(data))
	copy(image[offset:], data)
	return image
}

// TestDiskLosesWhatIsNotSynced looks whether the disk that the other tests rest
// on loses all that it may, and nothing else.
func TestDiskLosesWhatIsNotSynced(t *testing.T) {
	sectors := func(pattern string) []byte { // one letter a sector
		var b []byte
		for _, c := range []byte(pattern) {
			b = append(b, bytes.Repeat([]byte{c}, 512)...)
		}
		return b
	}
	letters := func(image []byte) string {
		var s []byte
		for ; len(image) >= 512; image = image[512:] {
			if !bytes.Equal(image[:512], bytes.Repeat(image[:1], 512)) {
				t.Fatal("a sector is cut")
			}
			s = append(s, max(image[0], '.'))
		}
		return string(s)
	}
	var d file
	for _, e := range []event{
		{kind: writeEvent, data: sectors("aaaa")},
		{kind: syncEvent},
		{kind: writeEvent, offset: 1024, data: sectors("bb")},
		{kind: resizeEvent, offset: 6 * 512},
		{kind: writeEvent, offset: 1536, data: sectors("c")},
	} {
		d.do(e)
	}
	random := rand.New(rand.NewPCG(1, 1))
	seen := map[string]bool{}
	for range 5000 {
		seen[letters(d.some(random))] = true
	}
	want := map[string]bool{}
	for _, third := range "ab" {
		for _, fourth := range "abc" {
			for _, end := range []string{"", ".."} {
				want["aa"+string(third)+string(fourth)+end] = true
			}
		}
	}
	for s := range want {
		if !seen[s] {
			t.Errorf("%s is never left", s)
		}
	}
	for s := range seen {
		if !want[s] {
			t.Errorf("%s is left, and cannot be", s)
		}
	}
	if got := letters(d.synced); got != "aaaa" {
		t.Errorf("synced is %s", got)
	}
	if got := letters(d.all()); got != "aabc.." {
		t.Errorf("all is %s", got)
	}
}
