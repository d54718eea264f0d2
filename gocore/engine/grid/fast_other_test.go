//go:build !amd64

package grid

func setFast(bool) {}
