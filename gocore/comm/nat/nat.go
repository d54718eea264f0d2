// Package nat finds out what the NATs before this machine do, in the words of RFC 4787, by asking a rendezvous server
// how it sees connections and to make some.
package nat
