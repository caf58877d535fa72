// A registry with the referrers API: the one of go-containerregistry, which its own command serves without.
// Listens on a free port of 127.0.0.1, says which, and keeps blobs in the directory it is given.
package main

import (
	"log"
	"net"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	log.SetFlags(0)
	log.Printf("listening on %s", listener.Addr())
	log.Fatal(http.Serve(listener, registry.New(
		registry.WithReferrersSupport(true),
		registry.WithBlobHandler(registry.NewDiskBlobHandler(os.Args[1])),
		registry.Logger(log.Default()),
	)))
}
