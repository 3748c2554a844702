// The decoder of github.com/flash520/hj212 (Go, Apache-2.0) beside ours, on one core.
//
// Put this file in a folder `bench` of a checkout of that repository (commit a6c72ae; it needs a go.mod
// and github.com/sirupsen/logrus), build it, and give it the file that `python -m bench.hj212 FILE` writes:
//
//	GOMAXPROCS=1 taskset -c 1 ./bench FILE
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/flash520/hj212/protocol"
)

// decode cuts frames as the peer's connection does: length, tail, check, message.
func decode(data []byte) int {
	count := 0
	for len(data) >= 12 && bytes.HasPrefix(data, []byte("##")) {
		size, err := strconv.Atoi(string(data[2:6]))
		if err != nil || len(data) < size+12 {
			break
		}
		told, _ := strconv.ParseUint(string(data[size+6:size+10]), 16, 16)
		if uint16(told) != protocol.CRCCheckout(string(data[6:size+6])) {
			break
		}
		message := protocol.Message{}
		if err := message.Decode(data[:size+12]); err != nil {
			break
		}
		count++
		data = data[size+12:]
	}
	return count
}

func main() {
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	best, count := 0.0, 0
	for turn := 0; turn < 10; turn++ {
		began := time.Now()
		count = decode(data)
		if rate := float64(count) / time.Since(began).Seconds(); rate > best {
			best = rate
		}
	}
	fmt.Printf("go: %d frames, %.0f frames/s\n", count, best)
}
