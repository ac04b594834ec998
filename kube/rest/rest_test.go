package rest

import (
	"runtime"
	"testing"
	"time"
)

func TestAHeapOfMiddleSizeGrowsByLessAtStart(t *testing.T) {
	for live, expected := range map[uint64]int{
		0: 100, 4 << 20: 100, 7 << 20: 65, 10 << 20: 30, 64 << 20: 30, 80 << 20: 25, 96 << 20: 20, 128 << 20: 20,
		320 << 20: 60, 512 << 20: 100, 9 << 30: 100,
	} {
		if found := percentAtStart(live); found != expected {
			t.Errorf("%d bytes: %d %%, expected %d", live, found, expected)
		}
	}
}

// resting lets a program that allocates so many bytes a second come to what its heap may grow by.
func resting(live, each uint64) int {
	percent := leastGrowth
	for range 20 {
		since := min(2*time.Minute, time.Duration(float64(live)*float64(percent)/100/float64(each)*float64(time.Second)))
		percent = percentAfter(percent, live, since)
	}
	return percent
}

func TestARestingHeapGrowsByLittleAndABusyOneAsGoHasIt(t *testing.T) {
	for _, each := range []struct {
		live, allocated uint64
		expected        int
	}{
		{100 << 20, 1 << 17, 10}, // the runtime itself collects every two minutes
		{100 << 20, 1 << 20, 48},
		{100 << 20, 1 << 26, 100},
		{20 << 20, 1 << 16, 10},
		{20 << 20, 1 << 24, 100},
		{0, 1 << 10, 10},
	} {
		found := resting(each.live, each.allocated)
		if found < each.expected-1 || found > each.expected+1 {
			t.Errorf("%d bytes, %d allocated a second: %d %%, expected %d", each.live, each.allocated, found, each.expected)
		}
	}
}

func TestABusyHeapIsSoonLargeAndSmallSoonAfterwards(t *testing.T) {
	percent := percentAfter(leastGrowth, 100<<20, 100*time.Millisecond)
	if percent != 2*leastGrowth {
		t.Errorf("%d %% after one collection in a hurry", percent)
	}
	for range 3 {
		percent = percentAfter(percent, 100<<20, 100*time.Millisecond)
	}
	if percent != mostGrowth {
		t.Errorf("%d %% after four collections in a hurry", percent)
	}
	for range 4 {
		percent = percentAfter(percent, 100<<20, 2*time.Minute)
	}
	if percent != leastGrowth {
		t.Errorf("%d %% after four slow ones", percent)
	}
}

func TestEachCollectionIsTold(t *testing.T) {
	ended := collections()
	for number := range 3 {
		runtime.GC()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatalf("collection %d was not told", number)
		}
	}
}

func TestWhatLivesIsKnown(t *testing.T) {
	runtime.GC()
	if found := living(); found == 0 || found > 1<<30 {
		t.Errorf("%d bytes are not what this test holds", found)
	}
}
