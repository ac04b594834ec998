package rest

import (
	"runtime"
	"testing"
)

func TestAHeapOfMiddleSizeGrowsByLess(t *testing.T) {
	for live, expected := range map[uint64]int{
		0: 100, 8 << 20: 100, 20 << 20: 65, 32 << 20: 30, 100 << 20: 30, 128 << 20: 30, 320 << 20: 65, 512 << 20: 100, 9 << 30: 100,
	} {
		if found := percent(live); found != expected {
			t.Errorf("%d bytes: %d %%, expected %d", live, found, expected)
		}
	}
}

func TestWhatLivesIsKnown(t *testing.T) {
	runtime.GC()
	if found := living(); found == 0 || found > 1<<30 {
		t.Errorf("%d bytes are not what this test holds", found)
	}
}
