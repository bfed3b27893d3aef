// Package program is what the Go peers have in common: their commands, which bench/suites/redis/program.ts describes.
package program

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const lanes = 50

// Program is one system. What it cannot do is nil.
type Program struct {
	Worker func(concurrency int)
	Bulk   func(n int)
	Each   func(i int)
	Trip   func(i int)
	Chord  func(size int) int64
	Nap    func(i, ms int)
	Late   func(at time.Time)
}

// URL names the server, without a database.
var URL = os.Getenv("REDIS_URL")

var counts = sync.OnceValue(func() *redis.Client {
	options, err := redis.ParseURL(URL)
	Check(err)
	options.DB = 9
	return redis.NewClient(options)
})

// Run does what the command line says.
func Run(p Program) {
	command, numbers := os.Args[1], []int{}
	for _, argument := range os.Args[2:] {
		number, err := strconv.Atoi(argument)
		Check(err)
		numbers = append(numbers, number)
	}
	switch command {
	case "worker":
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // ends with whoever started us
			os.Exit(0)
		}()
		fmt.Println("ready")
		p.Worker(numbers[0])
	case "bulk":
		p.Bulk(numbers[0] / 10)
		answer(timed(func() { p.Bulk(numbers[0]) }))
	case "each":
		inLanes(numbers[0]/10, p.Each)
		answer(timed(func() { inLanes(numbers[0], p.Each) }))
	case "trips":
		for i := range 50 {
			p.Trip(i)
		}
		times := []float64{}
		for i := range numbers[0] {
			times = append(times, timed(func() { p.Trip(i) }))
		}
		answer(times...)
	case "chords":
		chord(p, 100)
		times := []float64{}
		for range numbers[1] {
			times = append(times, timed(func() { chord(p, numbers[0]) }))
		}
		answer(times...)
	case "naps":
		inLanes(numbers[0], func(i int) { p.Nap(i, numbers[1]) })
		answer()
	case "late":
		first := time.Now().Add(time.Duration(numbers[1]) * time.Millisecond)
		inLanes(numbers[0], func(i int) { p.Late(first.Add(time.Second * time.Duration(i) / time.Duration(numbers[0]))) })
		answer()
	}
}

// Nap is the task that sleeps, and tells the server when it starts and ends.
func Nap(i, ms int64) error {
	ctx, field := context.Background(), strconv.FormatInt(i, 10)
	if err := counts().HIncrBy(ctx, "started", field, 1).Err(); err != nil {
		return err
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return counts().HIncrBy(ctx, "done", field, 1).Err()
}

// Late is the task that tells the server how late it starts.
func Late(dueMs float64) error {
	late := float64(time.Now().UnixNano())/1e6 - dueMs
	return counts().RPush(context.Background(), "late", late).Err()
}

// Milliseconds since 1970.
func Milliseconds(at time.Time) float64 { return float64(at.UnixNano()) / 1e6 }

// Check ends the program if something went wrong.
func Check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func chord(p Program, size int) {
	if sum := p.Chord(size); sum != int64(size)*int64(size+1)/2 {
		log.Fatalf("the sum is wrong: %d", sum)
	}
}

func inLanes(n int, one func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range lanes {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				one(i)
			}
		}()
	}
	all.Wait()
}

func timed(body func()) float64 {
	start := time.Now()
	body()
	return float64(time.Since(start).Microseconds()) / 1000
}

func answer(times ...float64) {
	text, err := json.Marshal(append([]float64{}, times...))
	Check(err)
	fmt.Println(string(text))
}
