// Package sanitizer is a test: an independent sanitizer with the list of package
// markup leaves alone what markup makes of known attacks. It is a module of its
// own, so that the sanitizer never reaches an application's build.
package sanitizer
