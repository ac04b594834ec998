// Package rest makes a program of a control plane cheap while little happens.
package rest

import (
	"bufio"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A program's start reads and allocates much that it never looks at again: the OpenAPI documents of an API server as
// they are put together, the code that did it. Many control planes rest beside each other on one host, so each gives
// that back once its start is over; what is needed after all is read from the page cache again.
const startIsOver = 45 * time.Second

// What a heap may grow by between two collections, as in GOGC, by what lives in it. What a start leaves behind lies
// scattered over all that the heap ever was, so how large it became then is what it costs for good. A collection costs
// as much as lives: a heap of middle size collects more often and pays little; a large one does as Go itself would.
var growth = []struct {
	live    uint64
	percent int
}{{8 << 20, 100}, {32 << 20, 30}, {128 << 20, 30}, {512 << 20, 100}}

const (
	lookAtStart = 50 * time.Millisecond
	lookAtRest  = time.Minute
)

// Well is called at a program's start. Whoever sets GOGC has chosen already.
func Well() {
	began := time.Now()
	if os.Getenv("GOGC") == "" {
		go keepPercent(began)
	}
	time.AfterFunc(startIsOver, func() {
		debug.FreeOSMemory()
		dropProgramPages()
	})
}

func keepPercent(began time.Time) {
	last := 100
	for {
		if wanted := percent(living()); wanted != last {
			debug.SetGCPercent(wanted)
			last = wanted
		}
		if time.Since(began) < startIsOver {
			time.Sleep(lookAtStart)
		} else {
			time.Sleep(lookAtRest)
		}
	}
}

// percent lies on the straight lines between the points of growth.
func percent(live uint64) int {
	before := growth[0]
	for _, next := range growth {
		if live <= next.live {
			if next.live == before.live {
				return next.percent
			}
			return before.percent + (next.percent-before.percent)*int(live-before.live)/int(next.live-before.live)
		}
		before = next
	}
	return before.percent
}

// living is what the last collection found in use, in bytes.
func living() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
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
