//go:build race

package session_test

// raceDetector tells that the race detector slows everything down.
const raceDetector = true
