package codec

// Task is a piece of durable work as stored.
type Task struct {
	Scope      string // under which it was recorded
	Payload    string
	RecordedAt int64
	Due        int64 // its place among what is due
	Attempts   uint64
	GivenUp    bool // kept for the application to see; never run again
	Problem    string
}

const taskVersion = 1

// Encode appends the task to b.
func (t *Task) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(taskVersion)
	e.text(t.Scope)
	e.text(t.Payload)
	e.time(t.RecordedAt)
	e.time(t.Due)
	e.count(t.Attempts)
	e.count(bit(t.GivenUp, 1))
	e.text(t.Problem)
	return e.b
}

// DecodeTask reads a task.
func DecodeTask[B raw](b B) (t Task, err error) {
	d := decode("task", b, taskVersion)
	t.Scope, t.Payload = d.text(), d.text()
	t.RecordedAt, t.Due = d.time(), d.time()
	t.Attempts = d.count()
	t.GivenUp = d.count()&1 != 0
	t.Problem = d.text()
	return t, d.done()
}
