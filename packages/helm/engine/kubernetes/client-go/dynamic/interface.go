// Package dynamic stands in for the one of the same path: there is no cluster to ask.
package dynamic

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// Unstructured is an object, or a list of them, as a cluster would tell it.
type Unstructured struct {
	Object map[string]any
}

func (u *Unstructured) UnstructuredContent() map[string]any { return u.Object }

type ResourceInterface interface {
	Get(ctx context.Context, name string, options metav1.GetOptions, subresources ...string) (*Unstructured, error)
	List(ctx context.Context, options metav1.ListOptions) (*Unstructured, error)
}

type NamespaceableResourceInterface interface {
	Namespace(string) ResourceInterface
	ResourceInterface
}

type Interface interface {
	Resource(resource schema.GroupVersionResource) NamespaceableResourceInterface
}

func NewForConfig(*rest.Config) (Interface, error) {
	return nil, errors.New("no cluster")
}
