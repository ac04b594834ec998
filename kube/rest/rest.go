// Package rest makes a program of a control plane cheap while little happens.
package rest

import (
	"bufio"
	"os"
	"runtime"
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

// What a heap may grow by between two collections while a program starts, as in GOGC, by what lives in it. What a start
// leaves behind lies scattered over all that the heap ever was, so how large it became then is what it costs for good.
var growth = []struct {
	live    uint64
	percent int
}{{0, 100}, {4 << 20, 100}, {10 << 20, 30}, {64 << 20, 30}, {96 << 20, 20}, {128 << 20, 20}, {512 << 20, 100}}

const (
	lookAtStart = 50 * time.Millisecond

	leastGrowth, mostGrowth = 10, 100
	// What is marked of a heap by a core in a second, in bytes, and which part of a core a program that rests may spend
	// on that.
	marked = 1 << 30
	share  = 1.0 / 500
)

// Well is called at a program's start.
func Well() {
	go func() {
		keepPercentAtStart(time.Now())
		debug.FreeOSMemory()
		dropProgramPages()
		keepPercent()
	}()
}

// Whoever sets GOGC has chosen already.
func chosen() bool {
	return os.Getenv("GOGC") != ""
}

func keepPercentAtStart(began time.Time) {
	last := mostGrowth
	for !chosen() && time.Since(began) < startIsOver {
		if wanted := percentAtStart(living()); wanted != last {
			debug.SetGCPercent(wanted)
			last = wanted
		}
		time.Sleep(lookAtStart)
	}
	time.Sleep(startIsOver - time.Since(began))
}

// percentAtStart lies on the straight lines between the points of growth.
func percentAtStart(live uint64) int {
	before := growth[0]
	for _, next := range growth[1:] {
		if live <= next.live {
			return before.percent + (next.percent-before.percent)*int(live-before.live)/int(next.live-before.live)
		}
		before = next
	}
	return before.percent
}

// keepPercent decides after each collection how far the heap may grow before the next.
func keepPercent() {
	if chosen() {
		return
	}
	percent, last := leastGrowth, time.Now()
	debug.SetGCPercent(percent)
	for range collections() {
		now := time.Now()
		wanted := percentAfter(percent, living(), now.Sub(last))
		last = now
		if wanted != percent {
			debug.SetGCPercent(wanted)
			percent = wanted
		}
	}
}

// percentAfter is what keeps collections within their share of a core, as fast as the program allocates now: a heap at
// rest stays as small as what lives in it, a busy one grows as Go itself would have it. One burst makes none busy.
func percentAfter(percent int, live uint64, since time.Duration) int {
	pause := float64(live) / marked / share
	wanted := float64(percent) * pause / max(since.Seconds(), 0.001)
	return int(min(mostGrowth, 2*float64(percent), max(leastGrowth, wanted)))
}

// collections has an element for each collection that has ended, or for several.
func collections() <-chan struct{} {
	ended := make(chan struct{}, 1)
	var again func(*[16]byte)
	again = func(nobodys *[16]byte) {
		runtime.SetFinalizer(nobodys, again)
		select {
		case ended <- struct{}{}:
		default:
		}
	}
	runtime.SetFinalizer(new([16]byte), again)
	return ended
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
