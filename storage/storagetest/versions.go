package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"example.com/chat/storage"
)

func versionCases() []testCase {
	return []testCase{
		{"version/rises", versionRises},
		{"version/changed", versionChanged},
		{"version/noted", versionNoted},
		{"version/what is kept is still so", versionKept},
	}
}

// seen is what one View says of versions.
type seen struct {
	version uint64
	changed map[string]uint64
	values  map[string]string
}

// see asks for scopes, in each of which there is one key of its name. It skips the
// case where the driver does not number snapshots.
func (e *env) see(scopes ...string) (s seen) {
	e.Helper()
	e.view(func(r storage.Reader) (err error) {
		s, err = e.seenBy(r, scopes)
		return err
	})
	return s
}

// seeInUpdate asks for scopes in an Update of another one, which writes nothing.
func (e *env) seeInUpdate(scopes ...string) (s seen) {
	e.Helper()
	e.update("another", func(tx storage.Txn) (err error) {
		s, err = e.seenBy(tx, scopes)
		return err
	})
	return s
}

func (e *env) seenBy(r storage.Reader, scopes []string) (seen, error) {
	v, ok := r.(storage.Versioned)
	if !ok {
		e.Skip("the driver's Readers are not storage.Versioned")
	}
	s := seen{version: v.Version(), changed: map[string]uint64{}, values: map[string]string{}}
	for _, scope := range scopes {
		s.changed[scope] = v.Changed(scope)
		values, _, err := r.Read([][]byte{[]byte(scope)}, nil)
		if err != nil {
			return s, err
		}
		s.values[scope] = string(values[0])
	}
	return s, nil
}

func (e *env) write(scope, value string) {
	e.Helper()
	e.update(scope, func(tx storage.Txn) error { return tx.Put([]byte(scope), []byte(value)) })
}

func versionRises(e *env) {
	before := e.see()
	if again := e.see(); again.version < before.version {
		e.Errorf("the version was %d and is %d", before.version, again.version)
	}
	for i := range 10 {
		e.write("a", strconv.Itoa(i))
		if after := e.see(); after.version <= before.version {
			e.Errorf("the version was %d and is %d after an Update", before.version, after.version)
		} else {
			before = after
		}
	}
}

func versionChanged(e *env) {
	for i := range 20 {
		scope := fmt.Sprint("scope ", i%3)
		before := e.see(scope)
		e.write(scope, strconv.Itoa(i))
		after := e.see(scope)
		if after.changed[scope] <= before.version || after.changed[scope] > after.version {
			e.Errorf("%s was written between the versions %d and %d, and has changed in %d", scope, before.version, after.version, after.changed[scope])
		}
	}
	e.see("never") // may say anything, and must not fail
	e.seeInUpdate("never")
}

// versionNoted notes names, in Updates that are stored.
func versionNoted(e *env) {
	e.see()
	for i := range 20 {
		name := fmt.Sprint("name ", i%3)
		before := e.see(name)
		e.update("scope", func(tx storage.Txn) error {
			noter, ok := tx.(storage.Noter)
			if !ok {
				return errors.New("the Txn is no storage.Noter, and Readers are storage.Versioned")
			}
			noter.Note(name)
			if own := tx.(storage.Versioned); own.Changed(name) <= own.Version() {
				e.Errorf("an Update of version %d has noted %s, and finds it changed in %d", own.Version(), name, own.Changed(name))
			}
			return tx.Put([]byte("scope"), []byte(strconv.Itoa(i)))
		})
		after := e.see(name)
		if after.changed[name] <= before.version || after.changed[name] > after.version {
			e.Errorf("%s was noted between the versions %d and %d, and has changed in %d", name, before.version, after.version, after.changed[name])
		}
	}
}

// versionKept has many keep what they have read, in Views and in Updates, as long
// as that is right by the versions, while others write.
func versionKept(e *env) {
	const scopes, readers, writers, rounds = 5, 4, 6, 200
	e.see()
	random := rand.New(rand.NewPCG(e.h.Seed, 1))
	var writing, reading sync.WaitGroup
	for range writers {
		own := rand.New(rand.NewPCG(random.Uint64(), 2))
		writing.Go(func() {
			for i := range rounds {
				e.write(fmt.Sprint("scope ", own.IntN(scopes)), fmt.Sprint(i, own.Uint64()))
			}
		})
	}
	over := make(chan struct{})
	var kept sync.Map // scope → seen; what one keeps another may use
	for i := range readers {
		see := e.see
		if i%2 == 1 {
			see = e.seeInUpdate
		}
		own := rand.New(rand.NewPCG(random.Uint64(), 3))
		reading.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				scope := fmt.Sprint("scope ", own.IntN(scopes))
				old, ok := kept.Load(scope)
				now := see(scope)
				if ok && !e.mayDiffer(scope, old.(seen), now) {
					return
				}
				if now.changed[scope] <= now.version {
					kept.Store(scope, now)
				}
			}
		})
	}
	writing.Wait()
	close(over)
	reading.Wait()
}

// mayDiffer is an error and false if a scope differs in two Views, one of which was
// to find by the versions that it does not.
func (e *env) mayDiffer(scope string, old, now seen) bool {
	if old.values[scope] == now.values[scope] || now.changed[scope] > min(old.version, now.version) {
		return true
	}
	e.Errorf("%s has not changed since version %d, says version %d, and was %q in %d and is %q",
		scope, now.changed[scope], now.version, old.values[scope], old.version, now.values[scope])
	return false
}
