// Package linearizability checks that what many do at once in a chat could have
// been done by one after the other: histories of concurrent calls are recorded
// and compared, channel by channel, with a sequential model of the rules.
//
// It is a module of its own, so that the checker it needs never reaches a
// user's build, nor the list of modules of one.
package linearizability
