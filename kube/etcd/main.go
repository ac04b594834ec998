// Command etcd is upstream's own, which rests as the other programs of a control plane do.
package main

import (
	"os"

	"github.com/steward-k8s/steward/kube/rest"
	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	rest.Well()
	etcdmain.Main(os.Args)
}
