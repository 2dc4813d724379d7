package codec

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var updateGolden = flag.Bool("update-golden", false, "write the golden files anew")

func roundTrip(t *testing.T, f form, v any) {
	t.Helper()
	got, err := f.decode(f.encode(v))
	if err != nil {
		t.Errorf("%s %+v: %v", f.name, v, err)
	} else if !reflect.DeepEqual(got, v) {
		t.Errorf("%s\n wrote %+v\n  read %+v", f.name, v, got)
	}
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			roundTrip(t, f, f.empty)
			roundTrip(t, f, f.full)
			if reflect.TypeOf(f.full).Kind() != reflect.Struct || f.name == "chunk" {
				return
			}
			// Each field alone, and all but each field: one that is not
			// written, or not on its own, shows here.
			for i := range reflect.TypeOf(f.full).NumField() {
				if !reflect.TypeOf(f.full).Field(i).IsExported() || dependent(f.name, reflect.TypeOf(f.full).Field(i).Name) {
					continue
				}
				alone := reflect.New(reflect.TypeOf(f.full)).Elem()
				alone.Field(i).Set(reflect.ValueOf(f.full).Field(i))
				roundTrip(t, f, alone.Interface())
				without := reflect.New(reflect.TypeOf(f.full)).Elem()
				without.Set(reflect.ValueOf(f.full))
				without.Field(i).SetZero()
				roundTrip(t, f, without.Interface())
			}
		})
	}
}

// dependent names the fields that have a meaning only beside another.
func dependent(form, field string) bool {
	switch form {
	case "place":
		return field != "Once" // what there is follows from Kind
	case "message":
		return field == "ParentID" || field == "ParentAt"
	}
	return false
}

func TestPlacesOfEachKindComeBack(t *testing.T) {
	for _, p := range []Place{
		{Kind: PlaceGone},
		{Kind: PlaceGone, Once: true},
		{Kind: PlaceTimeline, Channel: math.MaxUint64, At: -1},
		{Kind: PlacePrivate, Once: true, Channel: 1, At: math.MaxInt64},
		{Kind: PlacePending, Once: true, Channel: 1, At: 1},
		{Kind: PlaceEphemeral, Channel: 7},
		{Kind: PlaceReply, Channel: 1, At: 2, Parent: math.MinInt64},
	} {
		got, err := DecodePlace(p.Encode(nil))
		if err != nil || got != p {
			t.Errorf("%+v reads as %+v, %v", p, got, err)
		}
	}
}

func TestMessagesWithExtremesComeBack(t *testing.T) {
	long := strings.Repeat("日本", 10_000)
	for _, m := range []Message{
		{CreatedAt: math.MinInt64, UpdatedAt: math.MaxInt64, DeletedAt: math.MinInt64, SentAt: math.MaxInt64},
		{CreatedAt: math.MaxInt64, UpdatedAt: math.MaxInt64, TextUpdatedAt: math.MinInt64},
		{CreatedAt: 5, UpdatedAt: 5, DeletedAt: 5, SentAt: 5, TextUpdatedAt: 5, ParentID: "p", ParentAt: 5},
		{Text: long, HTML: long, Custom: long},
		{Restricted: []string{}},
		{Restricted: []string{""}, Mentions: []string{"", ""}, Metadata: []string{"", ""}},
	} {
		got, err := DecodeMessage(m.Encode(nil))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%.200v reads as %.200v, %v", m, got, err)
		}
	}
}

func TestEncodeAppends(t *testing.T) {
	m := Message{ID: "m", Text: "hello"}
	if got, want := m.Encode([]byte("before")), append([]byte("before"), m.Encode(nil)...); !bytes.Equal(got, want) {
		t.Errorf("appended to a buffer: %q, want %q", got, want)
	}
}

func TestDecodedRecordsDoNotShareMemory(t *testing.T) {
	for _, f := range forms() {
		b := f.encode(f.full)
		got, err := f.decode(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			b[i] = 0xff // a transaction's memory is used again after it
		}
		if !reflect.DeepEqual(got, f.full) {
			t.Errorf("%s changes with the bytes it was read from", f.name)
		}
	}
}

// TestGoldenFiles keeps the forms as they are: stores are full of them. A form
// that must change gets a new version, and its old golden file stays to show
// that it can still be read.
func TestGoldenFiles(t *testing.T) {
	for _, f := range forms() {
		for name, v := range map[string]any{f.name + "_empty": f.empty, f.name + "_full": f.full} {
			path := filepath.Join("testdata", name+".golden")
			encoded := f.encode(v)
			if *updateGolden {
				if err := os.WriteFile(path, []byte(hex.Dump(encoded)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			dump, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(dump) != hex.Dump(encoded) {
				t.Errorf("%s is written as\n%s, was\n%s", name, hex.Dump(encoded), dump)
			}
			stored := undump(t, string(dump))
			if got, err := f.decode(stored); err != nil || !reflect.DeepEqual(got, v) {
				t.Errorf("%s as stored reads as %+v, %v", name, got, err)
			}
		}
	}
}

// undump reads what hex.Dump writes.
func undump(t *testing.T, dump string) (b []byte) {
	t.Helper()
	for line := range strings.Lines(dump) {
		digits, _, _ := strings.Cut(line[8:], "|")
		part, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, part...)
	}
	return b
}

// TestOlderFormsAreRead: what an older program stored is still read.
func TestOlderFormsAreRead(t *testing.T) {
	for _, f := range forms() {
		want := map[string]any{}
		switch full := f.full.(type) {
		case Message: // version 1 knew no commands, version 2 nothing of the conversation, version 3 no edits for the author alone
			full.Alone = nil
			want["message_full_v3"], want["message_empty_v3"] = full, f.empty
			full.Reacted, full.Replied, full.Shadowed, full.MentionsAll, full.MentionsOnline = false, false, false, false, false
			full.PinnedAt, full.PinExpires, full.PinnedBy = 0, 0, ""
			want["message_full_v2"], want["message_empty_v2"] = full, f.empty
			full.Command, full.Args = "", ""
			want["message_full_v1"], want["message_empty_v1"] = full, f.empty
		case User: // version 1 knew no erased users, version 2 no blocks
			full.Blocks, full.BlockedBy = 0, 0
			want["user_full_v2"], want["user_empty_v2"] = full, f.empty
			full.Erased = 0
			want["user_full_v1"], want["user_empty_v1"] = full, f.empty
		case Member: // version 1 knew no invites
			full.InvitedAt, full.AcceptedAt = 0, 0
			want["member_full_v1"], want["member_empty_v1"] = full, f.empty
		case UserChannel: // version 1 knew no positions, version 2 no pins
			full.PinnedAt, full.ArchivedAt = 0, 0
			want["user_channel_full_v2"], want["user_channel_empty_v2"] = full, f.empty
			full.JoinedHigh, full.JoinedLow = 0, 0
			want["user_channel_full_v1"], want["user_channel_empty_v1"] = full, f.empty
		case Channel: // version 1 knew no slow mode
			full.Cooldown = 0
			want["channel_full_v1"], want["channel_empty_v1"] = full, f.empty
		case Flag: // version 1 knew no reviews
			full.Review = Review{}
			want["flag_full_v1"], want["flag_empty_v1"] = full, f.empty
		case Ban: // version 1 knew no shadow bans
			full.Shadow = false
			want["ban_full_v1"], want["ban_empty_v1"] = full, f.empty
		case Event: // version 1 did not know what was pending once, version 2 not what its author takes to be for all
			full.Shadowed = false
			want["event_full_v2"], want["event_empty_v2"] = full, f.empty
			full.Once = false
			want["event_full_v1"], want["event_empty_v1"] = full, f.empty
		case Erasure: // version 1 knew no total
			full.Total = 0
			want["erasure_full_v1"], want["erasure_empty_v1"] = full, f.empty
		case Place:
			want["place_full_v1"], want["place_empty_v1"] = f.full, f.empty
		}
		for name, v := range want {
			dump, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
			if err != nil {
				t.Fatal(err)
			}
			stored := undump(t, string(dump))
			if got, err := f.decode(stored); err != nil || !strings.HasSuffix(name, fmt.Sprintf("_v%d", stored[0])) || !reflect.DeepEqual(got, v) {
				t.Errorf("%s reads as %+v, %v, want %+v", name, got, err, v)
			}
		}
	}
}

func TestNewerVersionIsRefused(t *testing.T) {
	for _, f := range forms() {
		b := f.encode(f.full)
		b[0]++
		_, err := f.decode(b)
		if !errors.Is(err, ErrVersion) {
			t.Errorf("%s of version %d: %v", f.name, b[0], err)
			continue
		}
		if want := fmt.Sprintf("version %d, this program reads up to %d", b[0], b[0]-1); !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error does not name the versions: %v", f.name, err)
		}
		if _, err := f.decode(b[:1]); !errors.Is(err, ErrVersion) {
			t.Errorf("%s of version %d, nothing more: %v", f.name, b[0], err)
		}
	}
}

func TestDamagedRecordsAreRefused(t *testing.T) {
	for _, f := range forms() {
		for _, v := range []any{f.empty, f.full} {
			b := f.encode(v)
			for n := range b {
				if _, err := f.decode(b[:n]); !errors.Is(err, ErrCorrupt) {
					t.Errorf("%s cut to %d of %d bytes: %v", f.name, n, len(b), err)
				}
			}
			if _, err := f.decode(append(bytes.Clone(b), 'x')); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s with a byte too much: %v", f.name, err)
			}
			b[0] = 0
			if _, err := f.decode(b); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s of version 0: %v", f.name, err)
			}
		}
	}
	if _, err := DecodeMessage(binary.AppendUvarint([]byte{messageVersion}, hasAll+1)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a message with an unknown part: %v", err)
	}
}

// TestDamageMakesNothingLarge claims lists and texts of any length in a few
// bytes.
func TestDamageMakesNothingLarge(t *testing.T) {
	for _, f := range forms() {
		whole := f.encode(f.full)
		for i := 1; i < len(whole); i++ {
			for _, claim := range []uint64{1 << 20, 1 << 40, math.MaxInt64, math.MaxUint64} {
				b := append(binary.AppendUvarint(bytes.Clone(whole[:i]), claim), "xxxxxxxx"...)
				allocated := testing.AllocsPerRun(1, func() { _, _ = f.decode(b) })
				if allocated > 100 {
					t.Fatalf("%s with %d at byte %d: %v allocations", f.name, claim, i, allocated)
				}
				if v, err := f.decode(b); err == nil && len(f.encode(v)) > 2*len(b)+64 {
					t.Fatalf("%s with %d at byte %d reads as something large", f.name, claim, i)
				}
			}
		}
	}
}

func TestChunkRanksItsTimes(t *testing.T) {
	var c Chunk
	if rank, found := c.Rank(5); rank != 0 || found {
		t.Errorf("the empty chunk ranks 5 as %d, %v", rank, found)
	}
	times := []int64{10, 11, 300, 301, 70_000, 1 << 40}
	for _, at := range times {
		c.Append(at)
	}
	if got := c.Times(); !reflect.DeepEqual(got, times) {
		t.Errorf("times are %v, want %v", got, times)
	}
	for i, at := range times {
		for _, test := range []struct {
			at    int64
			rank  int
			found bool
		}{{at, i + 1, true}, {at - 1, i, i > 0 && times[i-1] == at-1}} {
			rank, found := c.Rank(test.at)
			if rank != test.rank || found != test.found {
				t.Errorf("%d ranks as %d, %v, want %d, %v", test.at, rank, found, test.rank, test.found)
			}
		}
	}
}

func TestJSONRecords(t *testing.T) {
	if _, err := EncodeJSON(func() {}); err == nil {
		t.Error("a function is encoded")
	}
	if _, err := DecodeJSON[settings]([]byte{recordVersion, '{'}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("half an object: %v", err)
	}
}

// FuzzDecode reads any bytes as a record of any form: no panic, nothing large
// for something small, and what is read is written and read again as the same.
func FuzzDecode(f *testing.F) {
	list := forms()
	for i, form := range list {
		f.Add(uint8(i), form.encode(form.empty))
		f.Add(uint8(i), form.encode(form.full))
	}
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		form := list[int(n)%len(list)]
		checkAllocation(t, form, b)
		v, err := form.decode(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Errorf("%s: an error of no kind: %v", form.name, err)
			}
			return
		}
		again, err := form.decode(form.encode(v))
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s\n  read %+v\n again %+v, %v", form.name, v, again, err)
		}
		switch v := v.(type) { // what is worked with further must hold too
		case Chunk:
			v.Rank(v.First + 1)
			v.Times()
		case Head:
			v.Live.Tail.Times()
		}
	})
}
