package codec

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// form is one kind of record, with its two directions on any value.
type form struct {
	name   string
	empty  any // the zero record
	full   any // a record with every field set
	encode func(any) []byte
	decode func([]byte) (any, error)
}

// settings stands for what is stored as JSON.
type settings struct {
	Mode    string
	Timeout int64
}

// forms are all records there are.
func forms() []form {
	list := []form{
		formOf("message", func(m Message) []byte { return m.Encode(nil) }, bareMessage),
		formOf("place", func(p Place) []byte { return p.Encode(nil) }, DecodePlace),
		formOf("user", func(u User) []byte { return u.Encode(nil) }, DecodeUser),
		formOf("channel", func(c Channel) []byte { return c.Encode(nil) }, DecodeChannel),
		formOf("member", func(m Member) []byte { return m.Encode(nil) }, DecodeMember),
		formOf("user_channel", func(u UserChannel) []byte { return u.Encode(nil) }, DecodeUserChannel),
		formOf("mark", func(m Mark) []byte { return m.Encode(nil) }, DecodeMark),
		formOf("mutes", func(l Mutes) []byte { return l.Encode(nil) }, DecodeMutes),
		formOf("for_me", func(l ForMe) []byte { return l.Encode(nil) }, DecodeForMe),
		formOf("meta", func(m Meta) []byte { return m.Encode(nil) }, DecodeMeta),
		formOf("stream", func(s Stream) []byte { return s.Encode(nil) }, DecodeStream),
		formOf("chunk", func(c Chunk) []byte { return c.Encode(nil) }, DecodeChunk),
		formOf("head", func(h Head) []byte { return h.Encode(nil) }, DecodeHead),
		formOf("numbers", func(l Numbers) []byte { return l.Encode(nil) }, DecodeNumbers),
		formOf("time", EncodeTime, DecodeTime),
		formOf("ban", func(b Ban) []byte { return b.Encode(nil) }, DecodeBan),
		formOf("flag", func(f Flag) []byte { return f.Encode(nil) }, DecodeFlag),
		formOf("reaction", func(r Reaction) []byte { return r.Encode(nil) }, DecodeReaction),
		formOf("reactions", func(r Reactions) []byte { return r.Encode(nil) }, DecodeReactions),
		formOf("ephemeral", func(e Ephemeral) []byte { return e.Encode(nil) }, DecodeEphemeral),
		formOf("erasure", func(e Erasure) []byte { return e.Encode(nil) }, DecodeErasure),
		formOf("event", func(v Event) []byte { return v.Encode(nil) }, DecodeEvent),
		formOf("task", func(t Task) []byte { return t.Encode(nil) }, DecodeTask),
		formOf("thread_sum", func(s ThreadSum) []byte { return s.Encode(nil) }, DecodeThreadSum),
		formOf("thread_base", func(v ThreadBase) []byte { return v.Encode(nil) }, DecodeThreadBase),
		formOf("thread_mark", func(m ThreadMark) []byte { return m.Encode(nil) }, DecodeThreadMark),
		formOf("json", func(s settings) []byte {
			b, err := EncodeJSON(s)
			if err != nil {
				panic(err)
			}
			return b
		}, DecodeJSON[settings]),
	}
	for i := range list {
		switch list[i].name {
		case "mutes", "for_me", "numbers": // empty, not nil, when read
			list[i].empty = reflect.MakeSlice(reflect.TypeOf(list[i].empty), 0, 0).Interface()
		}
	}
	return list
}

// bareMessage reads a message without what Decode adds.
func bareMessage(b []byte) (Message, error) {
	m, err := DecodeMessage(b)
	m.wrapped = ""
	return m, err
}

func formOf[T any](name string, encode func(T) []byte, decode func([]byte) (T, error)) form {
	var empty, full T
	n := 0
	fill(reflect.ValueOf(&full).Elem(), &n)
	return form{
		name: name, empty: empty, full: full,
		encode: func(v any) []byte { return encode(v.(T)) },
		decode: func(b []byte) (any, error) { return decode(b) },
	}
}

// fill gives every field, whatever fields there are, a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch at := v.Addr().Interface().(type) {
	case *Chunk:
		*at = Chunk{Before: uint64(*n)}
		for i := range int64(5) {
			at.Append(1_700_000_000_000_000 + i*i*100)
		}
		return
	case *PlaceKind:
		*at = PlaceReply // the place with the most in it
		return
	case *EventKind:
		*at = EventCustom
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d é", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(1_700_000_000_000_000 + int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n) * 1000)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
	default:
		panic(fmt.Sprintf("a field of kind %v; say here how it is filled", v.Kind()))
	}
}

// TestEveryFormIsTested reads the package for what it can decode: a form that
// is not in the list above would not be tested at all.
func TestEveryFormIsTested(t *testing.T) {
	known := map[string]bool{}
	for _, f := range forms() {
		known[strings.ReplaceAll(f.name, "_", "")] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	decoders := regexp.MustCompile(`(?m)^func Decode(\w+)`)
	count := 0
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range decoders.FindAllStringSubmatch(string(source), -1) {
			if match[1] == "UserChannels" { // many of one form: see below
				continue
			}
			count++
			if !known[strings.ToLower(match[1])] {
				t.Errorf("%s: Decode%s belongs to no form of the list", path, match[1])
			}
		}
	}
	if count != len(known) {
		t.Errorf("the package has %d decoders, the list %d forms", count, len(known))
	}
}
