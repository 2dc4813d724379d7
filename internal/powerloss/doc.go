// Package powerloss is a test: what does a machine that loses its power leave of
// a chat in a file, and does it hold every call that had returned?
//
// A child process runs a chat on a copy of bbolt that records each write, each
// change of the file's size and each sync, in order, among the calls that the
// chat acknowledged. Then for every prefix of that recording the test builds
// files that a power loss at this point can leave: with all that was synced, and
// any part of what was not. Each is opened and compared with the calls that were
// acknowledged by then.
package powerloss
