package powerloss

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// judge is a child's part: it tries the images of a recording, and answers an
// error for the first few that fail. It is a child that does so, for bbolt may
// end the process over a damaged file; the name of the file it was at is then
// all that is left.
func judge(recording string) error {
	events, err := readRecording(recording)
	if err != nil {
		return err
	}
	j := &judgement{todo: make(chan image)}
	var all sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		k := newChecker(fmt.Sprintf("%s.%d.", recording, worker))
		all.Go(func() { j.work(k) })
	}
	for i := range images(events, *imagesFlag, *seedFlag) {
		if !i.acknowledged.ready && *readyFlag {
			continue
		}
		j.tried++
		if i.random {
			j.random++
		}
		if j.todo <- i; j.enough() {
			break
		}
	}
	close(j.todo)
	all.Wait()
	if len(j.failures) > 0 {
		return errors.Join(j.failures...)
	}
	fmt.Printf("%d writes, %d changes of size, %d syncs, %d calls; %d prefixes, %d images, %d of them random\n",
		count(events, writeEvent), count(events, resizeEvent), count(events, syncEvent), count(events, markEvent)-1,
		len(events)+1, j.tried, j.random)
	return nil
}

// judgement is what becomes of the images.
type judgement struct {
	todo          chan image
	tried, random int

	mu       sync.Mutex
	failures []error
}

// mostFailures is after how many failing images it is enough.
const mostFailures = 3

func (j *judgement) enough() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.failures) >= mostFailures
}

func (j *judgement) work(k *checker) {
	for i := range j.todo {
		if err := k.check(i); err != nil {
			j.mu.Lock()
			j.failures = append(j.failures, err)
			j.mu.Unlock()
		}
	}
}
