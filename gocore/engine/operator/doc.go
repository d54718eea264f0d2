// Package operator holds the relational operators: join, group, sort, filter, project, slice, take and concatenate.
//
//	Spec      what to do: column positions, never names
//	New...    checks the spec against the inputs' schemas
//	Sink      takes the input's batches (exec.Sink); what it gathers comes out of the Source that it finishes with
//
// An operator is a struct over one of exec's interfaces. Its bulk state lies in the query's Scope, never on Go's heap;
// its result is the same for any number of workers; no unit of its work takes over 5 ms.
package operator
