package record

import (
	"slices"
	"testing"

	"example.com/chat/internal/codec"
)

// TestTasksOfASubjectAreDoneInOrder records work about two subjects, and takes
// always what is due first.
func TestTasksOfASubjectAreDoneInOrder(t *testing.T) {
	db := newDB(t)
	const scope = "channel:messaging:ride"
	add := func(subject, payload string, due int64) {
		t.Helper()
		update(t, db, scope, func(tx *Txn) error {
			return tx.AddTask("told", subject, codec.Task{Scope: scope, Payload: payload, Due: due, RecordedAt: due})
		})
	}
	add("m1", "1 sent", 10)
	add("m2", "2 sent", 5)
	add("m1", "1 deleted", 1) // due before the first, and yet after it
	add("m2", "2 deleted", 30)
	add("m", "prefix of others", 40)
	var done []string
	for {
		var next []DueTask
		view(t, db, func(r *Reader) (err error) {
			next, err = r.DueTasks("told", 40, 1)
			return err
		})
		if len(next) == 0 {
			break
		}
		update(t, db, scope, func(tx *Txn) error {
			ref, task, found, err := tx.FirstTask("told", next[0].Subject)
			if err != nil || !found {
				t.Fatalf("what is due is not there: %+v, %v", next[0], err)
			}
			if task.Due != next[0].Due {
				t.Errorf("%q is due at %d, its entry says %d", task.Payload, task.Due, next[0].Due)
			}
			done = append(done, task.Payload)
			return tx.EndTask(ref, task)
		})
	}
	want := []string{"2 sent", "1 sent", "1 deleted", "2 deleted", "prefix of others"}
	if !slices.Equal(done, want) {
		t.Errorf("done were %q, want %q", done, want)
	}
	if left := keysWithPrefix(t, db, nil); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

func TestTasksAreMovedCancelledAndGivenUp(t *testing.T) {
	db := newDB(t)
	const scope = "channel:messaging:ride"
	dueUntil := func(until int64) (subjects []string) {
		t.Helper()
		view(t, db, func(r *Reader) error {
			list, err := r.DueTasks("told", until, 10)
			for _, d := range list {
				subjects = append(subjects, d.Subject)
			}
			return err
		})
		return subjects
	}
	update(t, db, scope, func(tx *Txn) error {
		for _, subject := range []string{"a b", "a", "b"} {
			for _, payload := range []string{"first", "second"} {
				if err := tx.AddTask("told", subject, codec.Task{Scope: scope, Payload: payload, Due: 10, RecordedAt: 9}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if got := dueUntil(9); got != nil {
		t.Errorf("%q are due too early", got)
	}
	if got, want := dueUntil(10), []string{"a", "a b", "b"}; !slices.Equal(got, want) {
		t.Errorf("%q are due, want %q", got, want)
	}
	update(t, db, scope, func(tx *Txn) error {
		ref, task, _, err := tx.FirstTask("told", "b")
		if err != nil {
			return err
		}
		if err := tx.MoveTask(ref, task, 50); err != nil {
			return err
		}
		return tx.CancelTasks("told", "a")
	})
	if got, want := dueUntil(49), []string{"a b"}; !slices.Equal(got, want) {
		t.Errorf("%q are due, want %q", got, want)
	}
	update(t, db, scope, func(tx *Txn) error {
		ref, task, _, err := tx.FirstTask("told", "a b")
		if err != nil {
			return err
		}
		task.Problem = "refused"
		return tx.GiveUpTask(ref, task)
	})
	view(t, db, func(r *Reader) error {
		_, next, found, err := r.FirstTask("told", "a b")
		if err != nil || !found || next.Payload != "second" {
			t.Errorf("after the one given up comes %+v, %v, %v", next, found, err)
		}
		list, err := r.GivenUpTasks("told", "", 10)
		if err != nil {
			return err
		}
		if len(list) != 1 || list[0].Subject != "a b" || list[0].Problem != "refused" || !list[0].GivenUp {
			t.Errorf("given up are %+v", list)
		}
		if len(list) == 0 {
			return nil
		}
		rest, err := r.GivenUpTasks("told", list[0].Key, 10)
		if len(rest) != 0 {
			t.Errorf("after the last one given up come %+v", rest)
		}
		return err
	})
	if got, want := dueUntil(50), []string{"a b", "b"}; !slices.Equal(got, want) {
		t.Errorf("%q are due, want %q", got, want)
	}
}
