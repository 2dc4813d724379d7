// Package interop checks the signatures of callbacks against the library of
// Standard Webhooks: it takes ours, and package webhook takes its own.
//
// It is a module of its own, so that the library never reaches a user's build,
// nor the list of modules of one.
package interop
