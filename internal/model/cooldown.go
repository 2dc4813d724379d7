package model

import "time"

// slowed says whether a user waits between two messages in a channel.
func (w *World) slowed(by string, ch *Channel) bool {
	return ch.Cooldown > 0 && by != "" && !w.Can(by, ch, "skip-cooldown")
}

// Waits is until when a user has to wait before they send; zero if they need
// not. A clock that was set back makes nobody wait.
func (w *World) Waits(by string, ch *Channel) time.Time {
	last, sent := ch.lastSends[by]
	if !sent || !w.slowed(by, ch) || last.After(w.Now) || !last.Add(ch.Cooldown).After(w.Now) {
		return time.Time{}
	}
	return last.Add(ch.Cooldown)
}

// sentNow notes when one who has to wait sent.
func (w *World) sentNow(by string, ch *Channel) {
	if w.slowed(by, ch) {
		ch.lastSends[by] = w.Now.Truncate(time.Microsecond)
	}
}

// slowing thinks of slow mode, where time passes as steps say.
func (g *Generator) slowing(ch *Channel) []choice {
	if !g.FakeClock {
		return nil
	}
	set := func(cooldown int) func() Step {
		return func() Step {
			return Step{Op: SetCooldown, By: g.by(ch, 2), CID: ch.CID, For: time.Duration(cooldown) * time.Second}
		}
	}
	if ch.Cooldown == 0 {
		return []choice{{4, set(1 + g.Random.IntN(120))}}
	}
	return []choice{
		{30, set(0)},
		{4, set(1 + g.Random.IntN(120))},
		{40, func() Step { return Step{Op: Sleep, For: time.Duration(1+g.Random.IntN(60)) * time.Second} }},
	}
}
