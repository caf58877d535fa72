// Package v1 stands in for the one of the same path: what the source of Helm's lookup names.
package v1

type GetOptions struct{}

type ListOptions struct{}

type APIResource struct {
	Name       string
	Namespaced bool
	Group      string
	Version    string
	Kind       string
}

type APIResourceList struct {
	APIResources []APIResource
}
