// Package arch has no code but tests: they read the source of the module and fail where it breaks a rule that holds
// for all of it. ARCHITECTURE.md says what the rules are for.
//
//	imports       export > session > dist > comm, engine > base; plan beside the engine's types; tests' helpers by tests
//	import "C"    only in export
//	arrow/array   only where data enters, leaves or is read from files
//	comments      one package comment per package
//	output        nothing writes to file descriptors 1 and 2, which are Python's
//	goroutines    only through base/task, where they are recovered and joined
package arch
