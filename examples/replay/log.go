package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// What a line of a log is.
type kind int

const (
	other  kind = iota // nothing that can be played: an unknown line, or one of no text
	say                // [hh:mm] <nick> text
	action             // [hh:mm]  * nick does, and === nick does
	notice             // [hh:mm] -nick:#chan- text
	join
	part
	kick
	rename
	topic
	mode
)

// line is one line of a log. What it holds depends on its kind.
type line struct {
	number int // in the file, from 0, as annotations count
	kind   kind
	nick   string // who speaks or acts
	target string // who is kicked, or the new nick
	text   string
}

// ircLog is one file: hours of one IRC channel.
type ircLog struct {
	name  string
	lines []line
	links map[int]int // a line and the earlier one it answers
}

const (
	rawEnding        = ".raw.txt"
	annotationEnding = ".annotation.txt"
)

// readLogs reads all logs of a folder, by name.
func readLogs(folder fs.FS) ([]*ircLog, error) {
	names, err := fs.Glob(folder, "*"+rawEnding)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no file ends in %s", rawEnding)
	}
	var logs []*ircLog
	for _, name := range names {
		raw, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		l := &ircLog{name: strings.TrimSuffix(path.Base(name), rawEnding), lines: parseLines(raw)}
		annotation, err := fs.ReadFile(folder, strings.TrimSuffix(name, rawEnding)+annotationEnding)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if l.links, err = parseLinks(annotation); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		logs = append(logs, l)
	}
	return logs, nil
}

// parseLines reads a raw log. A line ends with a newline alone: people paste
// carriage returns and other odd characters.
func parseLines(raw []byte) []line {
	var lines []line
	for text := range bytes.Lines(raw) {
		l := parseLine(strings.TrimRight(string(text), "\r\n"))
		l.number = len(lines)
		lines = append(lines, l)
	}
	return lines
}

// The forms of a line. A nick may hold a space: the program that wrote the logs
// put one behind the bracket in "bur[n]er".
var (
	timed   = regexp.MustCompile(`^\[\d\d:\d\d\] (.*)$`)
	said    = regexp.MustCompile(`^<([^>]+)>(?: (.*))?$`)
	acted   = regexp.MustCompile(`^ \* (\S+)(?: (.*))?$`)
	noticed = regexp.MustCompile(`^-(\S+?):#\S+?- (.*)$`)
	relayed = regexp.MustCompile(`^\((\S+?)/#\S+?\) (.*)$`) // said into the channel from another window

	joined  = regexp.MustCompile(`^=== (.+?) \[.*\] +has joined #\S+$`)
	parted  = regexp.MustCompile(`^=== (.+?) \[.*?\] +has (?:left #\S+|quit)(?: \[(.*?)\]?)?$`)
	kicked  = regexp.MustCompile(`^=== (.+?) was kicked off #\S+ by (\S+)(?: \((.*)\))?$`)
	renamed = regexp.MustCompile(`^=== (.+?) is now known as (.+)$`)
	topical = regexp.MustCompile(`^=== (?:\S*\[)?topic/#[^:]+:([^\]]+)\] ?:? *(.*)$`)
	moded   = regexp.MustCompile(`^=== mode/#\S+ \[(.*)\] +by (\S+)$`)
	did     = regexp.MustCompile(`^=== (\S+) (.+)$`)
)

// parseLine reads one line, without its number.
func parseLine(text string) line {
	if strings.HasPrefix(text, "=== ") {
		return parseEvent(text)
	}
	m := timed.FindStringSubmatch(text)
	if m == nil {
		return line{}
	}
	for _, form := range []struct {
		is   kind
		form *regexp.Regexp
	}{{say, said}, {action, acted}, {notice, noticed}, {say, relayed}} {
		if m := form.form.FindStringSubmatch(m[1]); m != nil {
			return spoken(form.is, m[1], m[2])
		}
	}
	return line{}
}

func spoken(is kind, nick, text string) line {
	nick = cleanNick(nick)
	if nick == "" {
		return line{}
	}
	return line{kind: is, nick: nick, text: text}
}

func parseEvent(text string) line {
	l := line{}
	if m := joined.FindStringSubmatch(text); m != nil {
		l = line{kind: join, nick: m[1]}
	} else if m := parted.FindStringSubmatch(text); m != nil {
		l = line{kind: part, nick: m[1], text: m[2]}
	} else if m := kicked.FindStringSubmatch(text); m != nil {
		l = line{kind: kick, nick: m[2], target: m[1], text: m[3]}
	} else if m := renamed.FindStringSubmatch(text); m != nil {
		l = line{kind: rename, nick: m[1], target: m[2]}
	} else if m := topical.FindStringSubmatch(text); m != nil {
		l = line{kind: topic, nick: m[1], text: m[2]}
	} else if m := moded.FindStringSubmatch(text); m != nil {
		l = line{kind: mode, nick: m[2], text: m[1]}
	} else if m := did.FindStringSubmatch(text); m != nil {
		l = line{kind: action, nick: m[1], text: m[2]}
	}
	l.nick, l.target = cleanNick(l.nick), cleanNick(l.target)
	if l.nick == "" || (l.kind == kick || l.kind == rename) && l.target == "" {
		return line{}
	}
	return l
}

// parseLinks reads an annotation file: "A B -" says that line B answers line A.
// Of several answered lines it keeps the last; "A A -" begins a conversation.
func parseLinks(annotation []byte) (map[int]int, error) {
	links := map[int]int{}
	in := bufio.NewScanner(bytes.NewReader(annotation))
	for in.Scan() {
		fields := strings.Fields(in.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) < 2 {
			return nil, fmt.Errorf("annotation %q is not two line numbers", in.Text())
		}
		from, err := strconv.Atoi(fields[0])
		if err != nil {
			return nil, err
		}
		to, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, err
		}
		if earlier, later := min(from, to), max(from, to); earlier != later {
			if known, ok := links[later]; !ok || earlier > known {
				links[later] = earlier
			}
		}
	}
	return links, in.Err()
}
