// Package rest stands in for the one of the same path: there is no cluster to reach.
package rest

type Config struct{}
