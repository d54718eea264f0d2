package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/function"
)

// maxNodes and maxDepth bound what a plan may ask of the stack.
const (
	maxNodes = 10_000
	maxDepth = 500
)

// operation is what Parse knows of an op: its parameters, how many inputs it has (-1: one or more).
type operation struct {
	inputs int
	make   func() Spec
}

var operations = map[string]operation{
	"table":       {0, func() Spec { return &Table{Placement: Placement{Kind: Local}} }},
	"scan_csv":    {0, func() Spec { return &ScanCSV{Share: ShareAll} }},
	"scan_ipc":    {0, func() Spec { return &ScanIPC{} }},
	"join":        {2, func() Spec { return &Join{How: Inner, Algorithm: AutoJoin, Suffixes: [2]string{"_x", "_y"}} }},
	"asof_join":   {2, func() Spec { return &AsofJoin{Suffixes: [2]string{"_x", "_y"}, Direction: AsofBackward} }},
	"group":       {1, func() Spec { return &Group{DropNull: true, Sort: true} }},
	"sort":        {1, func() Spec { return &Sort{NAPosition: NALast, Ties: KeepFirst} }},
	"unique":      {1, func() Spec { return &Unique{Keep: KeepFirst} }},
	"sample":      {1, func() Spec { return &Sample{} }},
	"setop":       {2, func() Spec { return &SetOp{Distinct: true} }},
	"filter":      {1, func() Spec { return &Filter{} }},
	"project":     {1, func() Spec { return &Project{} }},
	"slice":       {1, func() Spec { return &Slice{Length: -1} }},
	"take":        {1, func() Spec { return &Take{} }},
	"concat":      {-1, func() Spec { return &Concat{Join: AllColumns} }},
	"shuffle":     {1, func() Spec { return &Shuffle{} }},
	"repartition": {1, func() Spec { return &Repartition{} }},
	"replicate":   {1, func() Spec { return &Replicate{} }},
	"gather":      {1, func() Spec { return &Gather{} }},
	"explode":     {1, func() Spec { return &Explode{} }},
	"window":      {1, func() Spec { return &Window{NAPosition: NALast} }},
	"write_csv":   {1, func() Spec { return &WriteCSV{} }},
	"write_ipc":   {1, func() Spec { return &WriteIPC{} }},
}

// Parse reads a plan's JSON. Fields and operations it doesn't know are refused: a newer caller must not be
// misunderstood by an older library.
func Parse(text []byte) (*Plan, error) {
	raw := struct {
		Nodes []json.RawMessage `json:"nodes"`
		Root  *int              `json:"root"`
		Mode  Mode              `json:"mode"`
	}{Mode: Run}
	if err := function.Decode(text, &raw); err != nil {
		return nil, status.Errorf(status.Invalid, "the plan can't be read: %w", err)
	}
	if err := oneOf("mode", raw.Mode, Run, Describe, Explain, Analyze); err != nil {
		return nil, status.Errorf(status.Invalid, "the plan's %w", err)
	}
	if len(raw.Nodes) == 0 || len(raw.Nodes) > maxNodes {
		return nil, status.Errorf(status.Invalid, "the plan has %d nodes: 1 to %d are possible", len(raw.Nodes), maxNodes)
	}
	p := &Plan{Nodes: make([]Node, len(raw.Nodes)), Root: len(raw.Nodes) - 1, Mode: raw.Mode}
	if raw.Root != nil {
		p.Root = *raw.Root
	}
	if p.Root < 0 || p.Root >= len(p.Nodes) {
		return nil, status.Errorf(status.Invalid, "the plan's root is node %d of %d", p.Root, len(p.Nodes))
	}
	depths := make([]int, len(raw.Nodes))
	for i, text := range raw.Nodes {
		if err := parseNode(text, i, &p.Nodes[i]); err != nil {
			return nil, status.Errorf(status.Invalid, "node %d of the plan: %w", i, err)
		}
		for _, in := range p.Nodes[i].Inputs {
			depths[i] = max(depths[i], depths[in]+1)
		}
		if depths[i] > maxDepth {
			return nil, status.Errorf(status.Invalid, "node %d of the plan is %d operations deep: collect in between", i, depths[i])
		}
	}
	return p, nil
}

// parseNode reads one node: op and inputs first, then the rest by the op's type.
func parseNode(text []byte, index int, n *Node) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	if err := json.Unmarshal(fields["op"], &n.Op); err != nil || n.Op == "" {
		return fmt.Errorf(`it has no "op"`)
	}
	op, ok := operations[n.Op]
	if !ok {
		return fmt.Errorf("operation %q isn't known to this version", n.Op)
	}
	if inputs, ok := fields["inputs"]; ok {
		if err := json.Unmarshal(inputs, &n.Inputs); err != nil {
			return fmt.Errorf("%s: inputs: %w", n.Op, err)
		}
	}
	if len(n.Inputs) != op.inputs && (op.inputs >= 0 || len(n.Inputs) == 0) {
		return fmt.Errorf("%s has %d inputs", n.Op, len(n.Inputs))
	}
	for _, in := range n.Inputs {
		if in < 0 || in >= index {
			return fmt.Errorf("%s: input %d isn't an earlier node", n.Op, in)
		}
	}
	delete(fields, "op")
	delete(fields, "inputs")
	n.Spec = op.make()
	if err := function.Decode(object(fields), n.Spec); err != nil {
		return fmt.Errorf("%s: %w", n.Op, err)
	}
	if err := n.Spec.check(); err != nil {
		return fmt.Errorf("%s: %w", n.Op, err)
	}
	return nil
}

// object returns the JSON object of fields whose values were parsed before: they aren't again.
func object(fields map[string]json.RawMessage) []byte {
	text := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if len(text) > 1 {
			text = append(text, ',')
		}
		quoted, _ := json.Marshal(name) // a string always has a spelling
		text = append(append(append(text, quoted...), ':'), fields[name]...)
	}
	return append(text, '}')
}

// DecodeOptions reads a scan's or a write's options into a struct that holds the defaults; unknown ones are refused.
func DecodeOptions(text json.RawMessage, into any) error {
	if len(text) == 0 {
		return nil
	}
	if err := function.Decode(text, into); err != nil {
		return status.Errorf(status.Invalid, "options: %w", err)
	}
	return nil
}

func oneOf[T ~string](name string, got T, known ...T) error {
	if slices.Contains(known, got) {
		return nil
	}
	texts := make([]string, len(known))
	for i, k := range known {
		texts[i] = string(k)
	}
	return fmt.Errorf("%s is %q: give one of %s", name, got, strings.Join(texts, ", "))
}
