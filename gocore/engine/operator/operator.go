// Package operator holds the relational operators, one file (or a family of files with one prefix) each.
//
//	Transform   Filter, Project, Compute        a batch in, a batch out, as it flows by
//	Sink        Sort, Slice, Take, group, join  keep what they are pushed, hand out the result as a Source
//	Source      Concat                          of other sources
//
// An operator is a spec that says what, with columns by position, and a constructor; package plan knows names and
// types. State that grows with the data lies in the query's Scope; batches that are kept are released in
// Scope.OnClose, in every outcome. Results don't depend on the number of workers.
package operator
