// Package errors stands in for the one of the same path: the engine asks no cluster.
package errors

// IsNotFound is never asked, as there is no cluster that could answer.
func IsNotFound(error) bool { return false }
