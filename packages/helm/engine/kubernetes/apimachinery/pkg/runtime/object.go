// Package runtime stands in for the one of the same path.
package runtime

// Object is what a release in a cluster would list; the engine lists none.
type Object interface{}
