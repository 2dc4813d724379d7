package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestParseLine(t *testing.T) {
	for _, test := range []struct {
		text string
		want line
	}{
		{"[18:01] <olu> evening all", line{kind: say, nick: "olu", text: "evening all"}},
		{"[18:01] <olu>  two spaces ", line{kind: say, nick: "olu", text: " two spaces "}},
		{"[18:01] <olu> <b>: [x] * y", line{kind: say, nick: "olu", text: "<b>: [x] * y"}},
		{"[18:01] <olu>", line{kind: say, nick: "olu"}},
		{"[18:01] <olu> ", line{kind: say, nick: "olu"}},
		{"[18:01] <[fern]> hi", line{kind: say, nick: "[fern]", text: "hi"}},
		{"[18:01] <[fern] > hi", line{kind: say, nick: "[fern]", text: "hi"}},
		{"[18:01] <bur[n] er> hi", line{kind: say, nick: "bur[n]er", text: "hi"}},
		{"[18:01]  * olu looks around", line{kind: action, nick: "olu", text: "looks around"}},
		{"[18:01]  * olu", line{kind: action, nick: "olu"}},
		{"[05:12] -olu:#garden- buy pans", line{kind: notice, nick: "olu", text: "buy pans"}},
		{"[01:09] (olu/#garden) maya: hello", line{kind: say, nick: "olu", text: "maya: hello"}},
		{"=== olu [olu@yard.example] has joined #garden", line{kind: join, nick: "olu"}},
		{"=== olu [olu@yard.example]  has joined #Garden", line{kind: join, nick: "olu"}},
		{"=== bur[n] er [~n@yard.example]  has joined #garden", line{kind: join, nick: "bur[n]er"}},
		{"=== olu [[H] -853478@10.1.2.3]  has joined #garden", line{kind: join, nick: "olu"}},
		{"=== olu [olu@yard.example]  has left #garden []", line{kind: part, nick: "olu"}},
		{`=== olu [olu@yard.example]  has left #garden ["bye] now"]`, line{kind: part, nick: "olu", text: `"bye] now"`}},
		{`=== olu [olu@yard.example]  has left #garden ["Knowledge`, line{kind: part, nick: "olu", text: `"Knowledge`}},
		{"=== olu [olu@yard.example] has quit [Ping timeout]", line{kind: part, nick: "olu", text: "Ping timeout"}},
		{"=== noise was kicked off #garden by olu (no adverts)", line{kind: kick, nick: "olu", target: "noise", text: "no adverts"}},
		{"=== kit`away is now known as [kit]", line{kind: rename, nick: "kit`away", target: "[kit]"}},
		{"=== ..[topic/#garden:olu] : Tomatoes", line{kind: topic, nick: "olu", text: "Tomatoes"}},
		{"=== topic/#garden:olu] Tomatoes", line{kind: topic, nick: "olu", text: "Tomatoes"}},
		{"=== mode/#garden [+o olu]  by maya", line{kind: mode, nick: "maya", text: "+o olu"}},
		{"=== olu sighs", line{kind: action, nick: "olu", text: "sighs"}},
		{"=== olu is away: dinner", line{kind: action, nick: "olu", text: "is away: dinner"}},

		{"", line{}},
		{"===", line{}},
		{"=== olu", line{}},
		{"[18:01]", line{}},
		{"[18:01] ", line{}},
		{"[18:01] something", line{}},
		{"[1:01] <olu> hi", line{}},
		{"<olu> hi", line{}},
		{"[18:01] <> hi", line{}},
		{"[18:01] < > hi", line{}},
		{"[18:01] <" + strings.Repeat("n", maxNick+1) + "> hi", line{}},
		{"\xff\x00", line{}},
	} {
		if got := parseLine(test.text); got != test.want {
			t.Errorf("parseLine(%q):\ngot  %+v\nwant %+v", test.text, got, test.want)
		}
	}
}

func TestParseLinesCountsFromZeroAndOnlyNewlinesEndALine(t *testing.T) {
	got := parseLines([]byte("[18:01] <a> one\r\n\n[18:02] <b> t\rwo\x0b\n[18:03] <c> three"))
	want := []line{
		{number: 0, kind: say, nick: "a", text: "one"},
		{number: 1},
		{number: 2, kind: say, nick: "b", text: "t\rwo\x0b"},
		{number: 3, kind: say, nick: "c", text: "three"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseLinks(t *testing.T) {
	got, err := parseLinks([]byte("1000 1000 -\n998 1001 -\n\n1000 1001 -\n999 1001 -\n1003 1002\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]int{1001: 1000, 1003: 1002}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"1", "a 1 -", "1 b -"} {
		if _, err := parseLinks([]byte(bad)); err == nil {
			t.Errorf("parseLinks(%q): got no error", bad)
		}
	}
}

func TestReadLogs(t *testing.T) {
	logs, err := readLogs(fstest.MapFS{
		"b.raw.txt":        {Data: []byte("[18:01] <a> one\n[18:02] <b> two\n")},
		"b.annotation.txt": {Data: []byte("0 1 -\n")},
		"a.raw.txt":        {Data: []byte("[18:01] <a> one\n")},
		"README.md":        {Data: []byte("not a log")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(logs) != 2 || logs[0].name != "a" || logs[1].name != "b" {
		t.Fatalf("got %v", logs)
	}
	if len(logs[0].links) != 0 || logs[1].links[1] != 0 || len(logs[1].links) != 1 {
		t.Errorf("got links %v and %v", logs[0].links, logs[1].links)
	}
	if _, err := readLogs(fstest.MapFS{}); err == nil {
		t.Error("a folder without logs: got no error")
	}
}
