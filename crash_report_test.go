package chat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"example.com/chat"
)

// crashLine is a line of the report of a process that is going to be killed. A
// call is reported before it is made and when it has returned; what the
// application is told is reported before it says that it was; what a follower of
// events was told, with the cursor from which it goes on.
type crashLine struct {
	Caller int
	Begun  *crashCall   `json:",omitempty"`
	Done   *crashAnswer `json:",omitempty"`
	Told   *crashTold   `json:",omitempty"`
	Heard  *crashHeard  `json:",omitempty"`
}

// crashCall is a call of the chat.
type crashCall struct {
	Op       string
	CID      chat.CID
	ID       chat.MessageID `json:",omitempty"`
	Text     string         `json:",omitempty"`
	Parent   chat.MessageID `json:",omitempty"`
	Quoted   chat.MessageID `json:",omitempty"`
	Audience []chat.UserID  `json:",omitempty"`
	Silent   bool           `json:",omitempty"`
	Show     bool           `json:",omitempty"`
	Hard     bool           `json:",omitempty"`
	Before   int64          `json:",omitempty"` // of a truncation; the end of a pin
	User     chat.UserID    `json:",omitempty"` // who is muted, banned or flagged, or no longer
	On       bool           `json:",omitempty"`
	Action   string         `json:",omitempty"` // of the answer to a command; what becomes of a user's messages
	Lasting  time.Duration  `json:",omitempty"` // of a ban
	Started  int64          `json:",omitempty"` // when it was made, where that matters
	As       chat.UserID    `json:",omitempty"` // whose call it is, if not the caller's own
	Mentions []chat.UserID  `json:",omitempty"`
	All      bool           `json:",omitempty"` // mentions everyone
	Online   bool           `json:",omitempty"` // mentions everyone who is online
	Score    int64          `json:",omitempty"` // of a reaction, whose type is Text
	Shadow   bool           `json:",omitempty"` // of a ban
	Word     string         `json:",omitempty"` // of a block list: what the message ends with
}

// by is the user whose call it is.
func (call *crashCall) by(caller int) chat.UserID {
	if call.As != "" {
		return call.As
	}
	return crashUser(caller)
}

// mentionsAll says whether it mentions everyone: a reply in its thread alone
// cannot.
func (call *crashCall) mentionsAll() bool { return call.All && (call.Parent == "" || call.Show) }

func (call *crashCall) mentionsOnline() bool {
	return call.Online && (call.Parent == "" || call.Show)
}

// crashAnswer is what a call answered.
type crashAnswer struct {
	At      int64  `json:",omitempty"` // the time that the call gave: of a message, a truncation, a read mark, the end of a ban
	Refused string `json:",omitempty"` // the kind of error
}

// crashTold is what the application was told of a pending message.
type crashTold struct {
	Deleted        bool
	ID             chat.MessageID
	Text, Metadata string
}

func crashToldOf(deleted bool, m chat.PendingMessage) crashTold {
	return crashTold{Deleted: deleted, ID: m.Message.ID, Text: m.Message.Text, Metadata: crashMetadata(m.Metadata)}
}

// crashMetadata is what a pending message says of itself: which call held it, or
// which block list.
func crashMetadata(m map[string]string) string { return m["call"] + m["block_list"] }

// metadata is what crashMetadata must be.
func (call *crashCall) metadata() string {
	if call.Op == "held" {
		return string(chat.BlockHold)
	}
	return string(call.ID)
}

// holds says whether a call makes a message that is pending.
func (call *crashCall) holds() bool { return call.Op == "hold" || call.Op == "held" }

// crashReport is a file of such lines. What was written to it outlives the
// process: the system has it.
type crashReport struct{ file *os.File }

func openCrashReport(path string) (*crashReport, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &crashReport{file}, err
}

// write returns when the line is out of the process.
func (r *crashReport) write(line crashLine) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = r.file.Write(append(data, '\n'))
	return err
}

// readCrashReport reads a report. A last line without an end was being written
// when the process was killed: what it would say has not been said.
func readCrashReport(path string) ([]crashLine, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil // killed before it began
	}
	if err != nil {
		return nil, err
	}
	var lines []crashLine
	for raw := range bytes.Lines(data) {
		if !bytes.HasSuffix(raw, []byte("\n")) {
			break
		}
		var line crashLine
		if err := json.Unmarshal(raw, &line); err != nil {
			return nil, fmt.Errorf("line %d of the report: %w", len(lines)+1, err)
		}
		lines = append(lines, line)
	}
	return lines, nil
}
