// Package kubernetes stands in for the one of the same path, which Helm imports for the version of its module alone.
package kubernetes
