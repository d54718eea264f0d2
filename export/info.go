package main

import (
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// fieldInfo is a column of tableInfo.
type fieldInfo struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
}

// tableInfo is what pcy_table_info tells.
type tableInfo struct {
	Schema  []fieldInfo `json:"schema"`
	Rows    int         `json:"rows"`
	Batches int         `json:"batches"`
}

func infoOf(t *table.Table) tableInfo {
	info := tableInfo{Schema: []fieldInfo{}, Rows: t.Rows, Batches: len(t.Batches)}
	for _, f := range t.Schema.Fields() {
		info.Schema = append(info.Schema, fieldInfo{Name: f.Name, Type: column.DisplayName(f.Type), Nullable: f.Nullable})
	}
	return info
}
