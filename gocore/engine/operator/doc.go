// Package operator holds the relational operators: join, group, sort, window, unique, set operations, filter, project,
// slice, take, explode and concatenate.
//
//	Spec      what to do: column positions, never names
//	New...    checks the spec against the inputs' schemas
//
//	Transform   Filter, Project, Compute, TopK, a batch in, batches out, as it flows by
//	            Explode; KeyTap and Carrier
//	            beside a join or group-by
//	Sink        Join, Group, Sort, Window,      keep what they are pushed, hand out the result as a Source
//	            Unique, SetOp, Slice, Take
//	Source      Concat                          of other sources
//
// An operator is a struct over one of exec's interfaces. Its bulk state lies in the query's Scope, never on Go's heap,
// and the batches it keeps are released in Scope.OnClose, in every outcome; its result is the same for any number of
// workers; no unit of its work takes over 5 ms.
package operator
