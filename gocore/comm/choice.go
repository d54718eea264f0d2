package comm

import (
	"maps"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/costmodel"
)

// chooser picks the algorithm of a collective for a world of n ranks and the bytes that one rank gives, or gets from
// another in an alltoall. All ranks must choose alike, so it is asked of what all of them know alone; bytes is 0 where ranks
// may give different numbers of them. Of a bcast only root asks, and tells the others.
type chooser func(kind collective, n, bytes int) algorithm

// Prospect is what a collective would take over one channel by one algorithm.
type Prospect struct {
	Channel   string // the path, as the model names it; of a world with several, the slowest
	Algorithm string
	Shape     costmodel.Shape
	Cost      costmodel.Cost
	Chosen    bool
	algorithm algorithm
}

// costs is what a node chooses by. All ranks have the same.
type costs struct {
	model    *costmodel.Model
	hint     costmodel.Hint
	paths    []string
	given    costmodel.Channel // by the model
	measured costmodel.Channel // as Calibrate has found
	board    string            // the path of the store, where there is one
}

func newCosts(opt Options) *costs {
	k := &costs{model: opt.Model, hint: opt.Hint}
	if opt.Board != nil {
		k.board = opt.BoardPath
	}
	if k.model == nil {
		k.model = costmodel.Default()
	}
	if k.paths = opt.Paths; len(k.paths) == 0 {
		k.paths = []string{"punched"}
	}
	k.given = k.model.Worst(k.paths...)
	k.measured = k.given
	return k
}

// channelOf returns the channel as a collective sees it. The order in which reductions combine depends on the algorithm, so
// they choose by what is the same in every run.
func (k *costs) channelOf(kind collective) costmodel.Channel {
	switch kind {
	case reduce, allreduce, reduceScatter, scan, exscan:
		return k.given
	}
	return k.measured
}

// prospects returns what each algorithm would take over a channel.
func (k *costs) prospects(kind collective, n, bytes int, name string, c costmodel.Channel) []Prospect {
	all := make([]Prospect, 0, len(algorithmsOf[kind])+1)
	for _, a := range algorithmsOf[kind] {
		s := shapeOf(kind, a, n, bytes)
		all = append(all, Prospect{Channel: name, Algorithm: a.String(), Shape: s, Cost: k.model.Of(s, n, c), algorithm: a})
	}
	if b := k.model.Channels[k.board]; kind == bcast && b.Piece > 0 && bytes > maxBlock && n > 1 {
		all = append(all, Prospect{Channel: k.board, Algorithm: posted.String(), Cost: k.model.OfBoard(bytes, n, b), algorithm: posted})
	}
	best := 0
	for i := range all {
		if k.hint.Less(all[i].Cost, all[best].Cost) {
			best = i
		}
	}
	all[best].Chosen = true
	return all
}

// choose is the chooser by cost.
func (k *costs) choose(kind collective, n, bytes int) algorithm {
	if algorithms := algorithmsOf[kind]; len(algorithms) == 1 {
		return algorithms[0]
	}
	for _, p := range k.prospects(kind, n, bytes, "", k.channelOf(kind)) {
		if p.Chosen {
			return p.algorithm
		}
	}
	return algorithmsOf[kind][0]
}

// Explanation says by what an algorithm is chosen.
type Explanation struct {
	Channel   costmodel.Channel // of this world, as the collective sees it
	Prospects []Prospect        // this world's, then for comparison the best over each channel that the model knows besides
}

// Explain returns what a collective of this name would take by each of its algorithms, for the bytes that one rank gives, or
// gets from another in an alltoall.
func (c *Communicator) Explain(name string, bytes int) (e Explanation, err error) {
	if bytes < 0 {
		return e, status.Errorf(status.Invalid, "explain of %d bytes: give 0 or more", bytes)
	}
	for kind := range algorithmsOf {
		if kind.String() == name {
			return c.costs.explain(kind, c.size, bytes), nil
		}
	}
	return e, status.Errorf(status.Invalid, "there is no collective %q: barrier, bcast, scatter, gather, allgather, alltoall, alltoallv, "+
		"reduce, allreduce, reduce_scatter, scan and exscan are", name)
}

func (k *costs) explain(kind collective, n, bytes int) Explanation {
	e := Explanation{Channel: k.channelOf(kind)}
	own := k.paths[0]
	for _, path := range k.paths {
		if k.model.Channels[path].Latency > k.model.Channels[own].Latency {
			own = path
		}
	}
	e.Prospects = k.prospects(kind, n, bytes, own, e.Channel)
	for _, name := range slices.Sorted(maps.Keys(k.model.Channels)) {
		if slices.Contains(k.paths, name) {
			continue
		}
		for _, p := range k.prospects(kind, n, bytes, name, k.model.Channels[name]) {
			if p.Chosen && p.algorithm != posted {
				p.Chosen = false
				e.Prospects = append(e.Prospects, p)
			}
		}
	}
	return e
}
