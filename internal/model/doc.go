// Package model is a naive model of the chat: plain lists and filters, written
// from the rules alone, with no index, no counter and no record of its own. It
// says for any step what the chat has to answer, and for any viewer what they
// see. Random tests run it beside the engine; see TestModel in the root package.
//
// Times are the one thing it does not make itself: it takes the time of a
// message from what the engine returned. That times never go back within a
// channel is for the test to check.
package model
