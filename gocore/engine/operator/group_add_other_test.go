//go:build !amd64

package operator

func setFastAdd(bool) {}
