//go:build !pycylon_debug

package memory

const poison = false
