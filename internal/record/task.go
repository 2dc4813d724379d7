package record

import (
	"fmt"
	"strings"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// TaskRef names the first task of a subject in a queue.
type TaskRef struct {
	Queue, Subject string
	Sequence       uint64
}

// AddTask records durable work in the transaction of the change it belongs to.
// Tasks of one queue about one subject are done in the order recorded, one
// after another. All of them are recorded under one scope.
func (t *Txn) AddTask(queue, subject string, task codec.Task) error {
	last := storage.Prefix(keys.Tasks(queue, subject))
	last.Reverse, last.Limit = true, 1
	_, entries, err := t.txn.Read(nil, []storage.Range{last})
	if err != nil {
		return err
	}
	sequence := uint64(1)
	if len(entries[0]) == 1 {
		key := entries[0][0].Key
		sequence = sequenceOf(key) + 1
	} else if err := t.txn.Put(keys.Due(queue, task.Due, subject), nil); err != nil {
		return err
	}
	return t.put(keys.Task(queue, subject, sequence), &task)
}

func sequenceOf(key []byte) (n uint64) {
	for _, b := range key[len(key)-8:] {
		n = n<<8 | uint64(b)
	}
	return n
}

// FirstTask reads the first task of a subject.
func (r *Reader) FirstTask(queue, subject string) (ref TaskRef, task codec.Task, found bool, err error) {
	first := storage.Prefix(keys.Tasks(queue, subject))
	first.Limit = 1
	_, entries, err := r.r.Read(nil, []storage.Range{first})
	if err != nil || len(entries[0]) == 0 {
		return ref, task, false, err
	}
	task, err = codec.DecodeTask(entries[0][0].Value)
	return TaskRef{queue, subject, sequenceOf(entries[0][0].Key)}, task, err == nil, err
}

// MoveTask stores the first task of a subject again, due at another time.
func (t *Txn) MoveTask(ref TaskRef, task codec.Task, due int64) error {
	if err := t.txn.Delete(keys.Due(ref.Queue, task.Due, ref.Subject)); err != nil {
		return err
	}
	task.Due = due
	if err := t.txn.Put(keys.Due(ref.Queue, due, ref.Subject), nil); err != nil {
		return err
	}
	return t.put(keys.Task(ref.Queue, ref.Subject, ref.Sequence), &task)
}

// EndTask removes the first task of a subject; the next one falls due.
func (t *Txn) EndTask(ref TaskRef, task codec.Task) error {
	if err := t.txn.Delete(keys.Due(ref.Queue, task.Due, ref.Subject), keys.Task(ref.Queue, ref.Subject, ref.Sequence)); err != nil {
		return err
	}
	_, next, found, err := t.FirstTask(ref.Queue, ref.Subject)
	if err != nil || !found {
		return err
	}
	return t.txn.Put(keys.Due(ref.Queue, next.Due, ref.Subject), nil)
}

// EndDue removes a place among what is due that no task has any more.
func (t *Txn) EndDue(queue string, due DueTask) error {
	return t.txn.Delete(keys.Due(queue, due.Due, due.Subject))
}

// CancelTasks removes all tasks of a subject.
func (t *Txn) CancelTasks(queue, subject string) error {
	for {
		ref, task, found, err := t.FirstTask(queue, subject)
		if err != nil || !found {
			return err
		}
		if err := t.EndTask(ref, task); err != nil {
			return err
		}
	}
}

// GiveUpTask ends a task and keeps it, never to be run again, for the
// application to see.
func (t *Txn) GiveUpTask(ref TaskRef, task codec.Task) error {
	if err := t.EndTask(ref, task); err != nil {
		return err
	}
	task.GivenUp = true
	// A later task of the subject may get the same sequence: the time it was
	// recorded keeps them apart.
	subject := ref.Subject + fmt.Sprintf(givenUpAt, task.RecordedAt)
	return t.put(keys.Task(givenUp(ref.Queue), subject, ref.Sequence), &task)
}

// givenUpAt follows a subject in the list of what was given up: 21 bytes.
const (
	givenUpAt    = " %020d"
	givenUpAtLen = 21
)

func givenUp(queue string) string { return queue + " given up" }

// DueTask is a subject with a task in a queue, and its place among what is due.
type DueTask struct {
	Due     int64
	Subject string
}

// DueTasks reads what is due in a queue by a time, at most limit.
func (r *Reader) DueTasks(queue string, until int64, limit int) ([]DueTask, error) {
	rng := storage.Range{Start: keys.DueAll(queue), End: keys.DueUntil(queue, until), Limit: limit}
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]DueTask, len(entries[0]))
	for i, e := range entries[0] {
		if list[i].Due, list[i].Subject, err = keys.OfDue(queue, e.Key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// GivenUp is a task that was given up, and its key in their list.
type GivenUp struct {
	Key     string
	Subject string
	codec.Task
}

// GivenUpTasks reads tasks of a queue that were given up and come after a key,
// at most limit.
func (r *Reader) GivenUpTasks(queue, after string, limit int) ([]GivenUp, error) {
	rng := storage.Prefix(keys.TasksOf(givenUp(queue)))
	if after > string(rng.Start) {
		rng.Start = append([]byte(after), 0)
	}
	if string(rng.Start) >= string(rng.End) {
		return nil, nil
	}
	rng.Limit = limit
	_, entries, err := r.r.Read(nil, []storage.Range{rng})
	if err != nil {
		return nil, err
	}
	list := make([]GivenUp, len(entries[0]))
	for i, e := range entries[0] {
		if list[i], err = givenUpOf(queue, e.Key, e.Value); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// GivenUpTask reads one task of a queue that was given up, by its key.
func (r *Reader) GivenUpTask(queue, key string) (g GivenUp, found bool, err error) {
	if !strings.HasPrefix(key, string(keys.TasksOf(givenUp(queue)))) {
		return g, false, nil
	}
	values, _, err := r.r.Read([][]byte{[]byte(key)}, nil)
	if err != nil || values[0] == nil {
		return g, false, err
	}
	g, err = givenUpOf(queue, []byte(key), values[0])
	return g, err == nil, err
}

// ForgetTask removes a task that was given up.
func (t *Txn) ForgetTask(g GivenUp) error { return t.txn.Delete([]byte(g.Key)) }

func givenUpOf(queue string, key, value []byte) (g GivenUp, err error) {
	g.Key = string(key)
	prefix := len(keys.TasksOf(givenUp(queue)))
	if end := len(key) - 9 - givenUpAtLen; end > prefix {
		g.Subject = g.Key[prefix:end]
	}
	g.Task, err = codec.DecodeTask(value)
	return g, err
}
