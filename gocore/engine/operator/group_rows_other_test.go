//go:build !amd64

package operator

func setFastRows(bool) {}
