//go:build pycylon_debug

package memory

// poison overwrites freed blocks, so that a use after free shows.
const poison = true
