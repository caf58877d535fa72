// Package schema stands in for the one of the same path: names of kinds and versions.
package schema

import "strings"

type GroupVersion struct {
	Group   string
	Version string
}

type GroupVersionKind struct {
	Group   string
	Version string
	Kind    string
}

type GroupVersionResource struct {
	Group    string
	Version  string
	Resource string
}

// FromAPIVersionAndKind reads `group/version` or `version`.
func FromAPIVersionAndKind(apiVersion, kind string) GroupVersionKind {
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		return GroupVersionKind{Version: apiVersion, Kind: kind}
	}
	return GroupVersionKind{Group: group, Version: version, Kind: kind}
}

func (gvk GroupVersionKind) GroupVersion() GroupVersion {
	return GroupVersion{Group: gvk.Group, Version: gvk.Version}
}

func (gvk GroupVersionKind) String() string {
	return gvk.GroupVersion().String() + ", Kind=" + gvk.Kind
}

func (gv GroupVersion) String() string {
	if gv.Group == "" {
		return gv.Version
	}
	return gv.Group + "/" + gv.Version
}
