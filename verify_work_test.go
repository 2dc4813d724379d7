package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// TestVerifyFindsAndRecordsWorkThatIsLost loses what was recorded to be done
// later: what is to end or to be erased does, once Verify has repaired it.
func TestVerifyFindsAndRecordsWorkThatIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		queue    string
		problems int
		do       func(*scenario)
	}{
		"bans": {queue: "ban", problems: 2, do: func(s *scenario) {
			s.ban(chat.BanDraft{User: "john", CID: lounge, Lasting: time.Hour})
			s.ban(chat.BanDraft{User: "john", Lasting: time.Hour})
			s.ban(chat.BanDraft{User: "ann", CID: lounge}) // for good
			s.ban(chat.BanDraft{User: "ann"})
			s.check(s.Unban(s.ctx, "ann", lounge))
			s.check(s.Unban(s.ctx, "ann", ""))
		}},
		"a truncation": {queue: "purge", problems: 1, do: func(s *scenario) {
			s.check(s.TruncateChannel(s.ctx, lounge, &chat.TruncateOptions{Hard: true}))
		}},
		"a soft truncation": {queue: "purge", problems: 1, do: func(s *scenario) {
			s.send(lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
			s.check(s.TruncateChannel(s.ctx, lounge, nil))
		}},
		"a hard and a soft truncation": {queue: "purge", problems: 1, do: func(s *scenario) {
			s.check(s.TruncateChannel(s.ctx, lounge, &chat.TruncateOptions{Hard: true}))
			s.sleep(time.Minute)
			s.send(lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
			s.check(s.TruncateChannel(s.ctx, lounge, nil))
		}},
		"a deleted channel": {queue: "purge", problems: 1, do: func(s *scenario) {
			s.check(s.DeleteChannel(s.ctx, lounge, chat.DeleteHard))
		}},
		"pending messages": {queue: "expiry", problems: 1, do: func(s *scenario) {
			s.send(lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			end := func(loses bool) int {
				store, keysLeft := memstore.New(), 0
				synctest.Test(t, func(t *testing.T) {
					s := newScenario(t, store, &chat.Options{NoBackground: true}, true)
					s.channel(lounge, "jane", "john", "ann")
					s.as("john").send(lounge, "one")
					s.sleep(time.Minute)
					c.do(s)
					if loses {
						s.check(store.Update(s.ctx, "damage", func(tx storage.Txn) error {
							if err := tx.DeleteRange(storage.Prefix(keys.TasksOf(c.queue))); err != nil {
								return err
							}
							return tx.DeleteRange(storage.Prefix(keys.DueAll(c.queue)))
						}))
						for _, look := range []struct {
							repair bool
							want   int
						}{{false, c.problems}, {true, c.problems}, {false, 0}} {
							report, err := s.Verify(s.ctx, &chat.VerifyOptions{Repair: look.repair})
							s.check(err)
							if len(report.Problems) != look.want {
								t.Errorf("with repair %t Verify finds %+v, want %d problems", look.repair, report.Problems, look.want)
							}
							for _, p := range report.Problems {
								if p.Repaired != look.repair {
									t.Errorf("with repair %t it reports %+v", look.repair, p)
								}
							}
						}
						s.check(errOf(s.RunDueWork(s.ctx)))
						s.verify()
					}
					s.sleep(5 * 24 * time.Hour)
					_, err := s.RunDueWork(s.ctx)
					s.check(err)
					keysLeft = countKeys(t, store)
				})
				return keysLeft
			}
			if want, got := end(false), end(true); got != want {
				t.Errorf("%d keys are left, want %d", got, want)
			}
		})
	}
}
