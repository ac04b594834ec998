// Command pause is the first process of a pod's sandbox and of a node's box.
//
// It holds the namespaces open, buries orphans, and ends when it is told to. It does nothing else:
// as process 1 of a PID namespace its own end is what ends everything inside.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGINT, syscall.SIGTERM)
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for {
		buryOrphans()
		select {
		case <-ends:
			os.Exit(0)
		case <-children:
		}
	}
}

func buryOrphans() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
	}
}
