//go:build !race

package chat_test

// raceDetector says that everything takes several times as long.
const raceDetector = false
