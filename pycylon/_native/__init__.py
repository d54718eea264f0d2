"""What touches the Go library, and nothing else."""
