package main

import (
	"strings"
	"testing"
)

const want = `spans:
  chat.commit
  ride
    chat.UpsertUsers
      chat.commit
    chat.EnsureChannel
      chat.commit
    chat.Send
      chat.commit
    chat.Send (chat: not found)
      chat.commit (chat: not found)
    chat.RunDueWork
      chat.commit
      chat.callback.push
      chat.commit
  chat.fetch
measured:
  chat.duration chat.EnsureChannel: 1
  chat.duration chat.RunDueWork: 1
  chat.duration chat.Send: 1
  chat.duration chat.Send: 1, chat: not found
  chat.duration chat.UpsertUsers: 1
  chat.duration chat.callback.push: 1
  chat.duration chat.commit: 1, chat: not found
  chat.duration chat.commit: 6
  chat.duration chat.fetch: 1
`

func TestCallsBecomeSpansAndMeasurements(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != want {
		t.Errorf("printed was:\n%s\nwant:\n%s", got, want)
	}
}
