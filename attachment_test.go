package chat

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEncodeAttachments(t *testing.T) {
	list := []Attachment{
		{
			Type:       "image",
			AuthorName: "A & B",
			AuthorLink: "https://example.org",
			Title:      "Map",
			TitleLink:  "HTTP://example.org/map?q=<1>",
			Text:       "Where we are",
			ImageURL:   "/files/map.png",
			ThumbURL:   "map-small.png?size=1#top",
			AssetURL:   "../map.mp4",
			Actions:    []AttachmentAction{{Name: "go", Text: "Go", Style: "primary", Type: "button", Value: "1"}},
			Custom:     Custom{"width": 640, "tags": []string{"a"}},
		},
		{Actions: []AttachmentAction{}, Custom: Custom{}},
	}
	encoded, err := encodeAttachments("attachments", list)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"type":"image","author_name":"A & B","author_link":"https://example.org","title":"Map",` +
		`"title_link":"HTTP://example.org/map?q=<1>","text":"Where we are","image_url":"/files/map.png",` +
		`"thumb_url":"map-small.png?size=1#top","asset_url":"../map.mp4",` +
		`"actions":[{"name":"go","text":"Go","style":"primary","type":"button","value":"1"}],` +
		`"tags":["a"],"width":640},{}]`
	if string(encoded) != want {
		t.Errorf("got  %s\nwant %s", encoded, want)
	}
	decoded := decodeAttachments(encoded)
	list[0].Custom = Custom{"width": 640.0, "tags": []any{"a"}}
	list[1] = Attachment{}
	if diff := cmp.Diff(list, decoded); diff != "" {
		t.Error(diff)
	}
	again, err := encodeAttachments("attachments", decoded)
	if err != nil || string(again) != want {
		t.Errorf("encoded again: %s, %v", again, err)
	}
	for _, empty := range [][]Attachment{nil, {}} {
		if encoded, err := encodeAttachments("attachments", empty); encoded != nil || err != nil {
			t.Errorf("no attachments: got %q, %v", encoded, err)
		}
	}
	for _, encoded := range []string{"", "null", "[]", "{", `{"a":1}`} {
		if got := decodeAttachments(encoded); got != nil {
			t.Errorf("%q: got %v, want nil", encoded, got)
		}
	}
}

func TestEncodeAttachmentsRefuses(t *testing.T) {
	third := func(attachment Attachment) []Attachment { return []Attachment{{}, {}, attachment} }
	tests := map[string]struct {
		list          []Attachment
		field, reason string
	}{
		"too many":          {make([]Attachment, 31), "attachments", "31 attachments; at most 30"},
		"together too much": {[]Attachment{{Text: strings.Repeat("x", 2600)}, {Text: strings.Repeat("x", 2600)}}, "attachments", "at most 5,120"},
		"type":              {third(Attachment{Type: strings.Repeat("x", 65)}), "attachments[2].type", "65 bytes; at most 64"},
		"preview":           {third(Attachment{OGScrapeURL: "https://example.org"}), "attachments[2].og_scrape_url", "engine alone"},
		"not UTF-8":         {third(Attachment{Title: "\xff"}), "attachments[2].title", "UTF-8"},
		"NUL":               {third(Attachment{AuthorName: "\x00"}), "attachments[2].author_name", "NUL"},
		"action not UTF-8":  {third(Attachment{Actions: []AttachmentAction{{Name: "a", Value: "\xff"}}}), "attachments[2].actions[0].value", "UTF-8"},
		"nameless action":   {third(Attachment{Actions: []AttachmentAction{{Text: "Go"}}}), "attachments[2].actions[0].name", "empty"},
		"custom name":       {third(Attachment{Custom: Custom{"image_url": "x"}}), "attachments[2].custom.image_url", "reserved"},
		"custom value":      {third(Attachment{Custom: Custom{"a": make(chan int)}}), "attachments[2].custom.a", "unsupported type"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := encodeAttachments("attachments", test.list)
			wantInvalid(t, err, test.field, test.reason)
		})
	}
	if _, err := encodeAttachments("attachments", make([]Attachment, 30)); err != nil {
		t.Errorf("30 attachments: %v", err)
	}
}

func TestAttachmentsLimitIsExact(t *testing.T) {
	frame := len(`[{"text":""},{}]`)
	for size, fits := range map[int]bool{maxAttachmentBytes: true, maxAttachmentBytes + 1: false} {
		encoded, err := encodeAttachments("attachments", []Attachment{{Text: strings.Repeat("x", size-frame)}, {}})
		if (err == nil) != fits {
			t.Errorf("%d bytes: got error %v", size, err)
		}
		if fits && len(encoded) != size {
			t.Errorf("got %d bytes, want %d", len(encoded), size)
		}
	}
}

func TestPreviewsCountTowardsNoLimit(t *testing.T) {
	preview := Attachment{OGScrapeURL: "example.org", Text: strings.Repeat("x", 6000)}
	for at := range 31 {
		list := slices.Insert(make([]Attachment, 30), at, preview)
		encoded, claims, err := encodeBesidePreview("attachments", list)
		if err != nil {
			t.Fatal(err)
		}
		if n := countAttachments(string(encoded)); n != 30 || len(claims) != 1 || claims[0].place != element("attachments", at) {
			t.Errorf("got %d attachments and %d claims", n, len(claims))
		}
	}
	_, _, err := encodeBesidePreview("attachments", append(make([]Attachment, 31), preview))
	wantInvalid(t, err, "attachments", "32 attachments")
	_, _, err = encodeBesidePreview("attachments", make([]Attachment, 31))
	wantInvalid(t, err, "attachments", "31 attachments")
}

func TestPreviewIsTheLastOfStoredAttachments(t *testing.T) {
	preview, err := encodePreview("https://example.org", Attachment{Title: `"og_scrape_url" ],[`, Custom: Custom{"a": []any{1, "]"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]Attachment{
		nil,
		{{}},
		{{Title: "x"}},
		{{Title: "]"}, {Text: `,{"og_scrape_url":"x"}`, Custom: Custom{"b": map[string]any{"og_scrape_url": "y"}}}},
	} {
		encoded, err := encodeAttachments("attachments", list)
		if err != nil {
			t.Fatal(err)
		}
		own := string(encoded)
		if gotOwn, got := splitPreview(own); gotOwn != own || got != "" {
			t.Errorf("%s parts into %s and %s", own, gotOwn, got)
		}
		joined := joinPreview(own, preview)
		if got := decodeAttachments(joined); len(got) != len(list)+1 || got[len(list)].OGScrapeURL != "https://example.org" {
			t.Errorf("%s and %s together are %s", own, preview, joined)
		}
		if gotOwn, got := splitPreview(joined); gotOwn != own || got != preview {
			t.Errorf("%s parts into %s and %s", joined, gotOwn, got)
		}
		if got := joinPreview(own, ""); got != own {
			t.Errorf("%s without a preview is %s", own, got)
		}
	}
}

func TestPreviewsThatAreNone(t *testing.T) {
	for _, none := range []Attachment{{}, {OGScrapeURL: "https://other.example"}, {Custom: Custom{}}} {
		if got, err := encodePreview("https://example.org", none); got != "" || err != nil {
			t.Errorf("%v is %s, %v", none, got, err)
		}
	}
	for field, bad := range map[string]Attachment{
		"preview":           {Text: strings.Repeat("x", maxPreviewBytes)},
		"preview.title":     {Title: "\xff"},
		"preview.image_url": {ImageURL: "javascript:alert(1)"},
	} {
		_, err := encodePreview("https://example.org", bad)
		wantInvalid(t, err, field, "")
	}
}

func TestAttachmentURLs(t *testing.T) {
	tests := map[string]string{ // the reason, or nothing where the URL is fine
		"":                               "",
		"http://example.org":             "",
		"https://user@example.org:8/a b": "",
		"HTTPS://EXAMPLE.ORG/%20":        "",
		"http://[::1]/":                  "",
		"/a/b.png":                       "",
		"a.png":                          "",
		"./a:b":                          "",
		"?q=http://a":                    "",
		"#top":                           "",
		"javascript:alert(1)":            "scheme",
		"JavaScript:alert(1)":            "scheme",
		"java\nscript:alert(1)":          "control character",
		" javascript:alert(1)":           "white space",
		"\u00a0//example.org":            "white space",
		"\x01javascript:alert(1)":        "control character",
		"data:text/html,x":               "scheme",
		"mailto:jane@example.org":        "scheme",
		"ftp://example.org":              "scheme",
		"//example.org/a":                "without a scheme",
		`\\example.org/a`:                "backslash",
		`/\example.org/a`:                "backslash",
		`C:\a.png`:                       "backslash",
		"http:example.org":               "no host",
		"http:///a":                      "no host",
		"https://:80/a":                  "no host",
		"http://example.org:port":        "invalid port",
		"https://example.org/%zz":        "invalid URL escape",
		"a:b":                            "scheme",
		"1:b":                            "colon",
	}
	for value, reason := range tests {
		_, err := encodeAttachments("attachments", []Attachment{{ImageURL: value}})
		if reason != "" {
			wantInvalid(t, err, "attachments[0].image_url", reason)
		} else if err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
	for name, attachment := range map[string]Attachment{
		"author_link": {AuthorLink: "x:y"},
		"title_link":  {TitleLink: "x:y"},
		"thumb_url":   {ThumbURL: "x:y"},
		"asset_url":   {AssetURL: "x:y"},
	} {
		_, err := encodeAttachments("attachments", []Attachment{attachment})
		wantInvalid(t, err, "attachments[0]."+name, "scheme")
	}
}

func TestSameAttachment(t *testing.T) {
	preview := Attachment{OGScrapeURL: "example.org", Title: "x", Custom: Custom{"width": 1}}
	var returned Attachment
	encoded, err := json.Marshal(preview)
	if err == nil {
		err = json.Unmarshal(encoded, &returned)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !sameAttachment(preview, returned) {
		t.Errorf("%v and %v differ", preview, returned)
	}
	returned.Title = "y"
	if sameAttachment(preview, returned) || sameAttachment(preview, Attachment{Title: "\xff"}) || sameAttachment(Attachment{Title: "\xff"}, preview) {
		t.Error("different attachments are the same")
	}
}
