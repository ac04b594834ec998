package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A program's start reads and allocates much that it never looks at again: the OpenAPI documents of an API server as
// they are put together, the code that did it. Many control planes rest beside each other on one host, so each gives
// that back once its start is over; what is needed after all is read from the page cache again.
const startIsOver = 45 * time.Second

func giveBackLater() {
	time.AfterFunc(startIsOver, func() {
		debug.FreeOSMemory()
		dropProgramPages()
	})
}

// dropProgramPages unmaps the pages of this program's own file. Only mappings without a page of ours in them are
// touched, so nothing is lost.
func dropProgramPages() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	var from, size uintptr
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 6 && strings.Contains(fields[0], "-") && !strings.HasSuffix(fields[0], ":"):
			from, size = 0, 0
			if fields[5] == program && !strings.Contains(fields[1], "w") {
				from, size = addresses(fields[0])
			}
		case len(fields) >= 2 && fields[0] == "Anonymous:" && fields[1] == "0" && size > 0:
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, size, syscall.MADV_DONTNEED)
		}
	}
}

func addresses(text string) (from, size uintptr) {
	first, last, _ := strings.Cut(text, "-")
	begin, err1 := strconv.ParseUint(first, 16, 64)
	end, err2 := strconv.ParseUint(last, 16, 64)
	if err1 != nil || err2 != nil || end <= begin {
		return 0, 0
	}
	return uintptr(begin), uintptr(end - begin)
}
