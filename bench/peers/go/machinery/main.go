// The benchmark's program for machinery v2 on Redis.
package main

import (
	"io"
	stdlog "log"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/RichardKnop/machinery/v2"
	redisbackend "github.com/RichardKnop/machinery/v2/backends/redis"
	"github.com/RichardKnop/machinery/v2/backends/result"
	redisbroker "github.com/RichardKnop/machinery/v2/brokers/redis"
	"github.com/RichardKnop/machinery/v2/config"
	"github.com/RichardKnop/machinery/v2/locks/eager"
	"github.com/RichardKnop/machinery/v2/log"
	"github.com/RichardKnop/machinery/v2/tasks"

	"wfe-bench/program"
)

const senders = 50

func main() {
	quiet := stdlog.New(io.Discard, "", 0)
	log.SetDebug(quiet)
	log.SetInfo(quiet)
	server := start()
	send := func(name string, at *time.Time, values ...any) *result.AsyncResult {
		signature := signature(name, values...)
		signature.ETA = at
		sent, err := server.SendTask(signature)
		program.Check(err)
		return sent
	}
	program.Run(program.Program{
		Worker: func(concurrency int) { program.Check(server.NewWorker("bench", concurrency).Launch()) },
		Bulk: func(n int) {
			_, err := server.SendGroup(additions(n), senders)
			program.Check(err)
		},
		Each: func(i int) { send("add", nil, int64(i), int64(1)) },
		Trip: func(i int) {
			_, err := send("add", nil, int64(i), int64(1)).Get(time.Millisecond)
			program.Check(err)
		},
		Chord: func(size int) int64 { return chord(server, size) },
		Nap:   func(i, ms int) { send("nap", nil, int64(i), int64(ms)) },
		Late: func(at time.Time) {
			at = at.UTC()
			send("late", &at, program.Milliseconds(at))
		},
	})
}

func start() *machinery.Server {
	pollMs, err := strconv.Atoi(os.Getenv("MACHINERY_DELAYED_MS"))
	if err != nil {
		pollMs = 500 // its default
	}
	address, err := url.Parse(program.URL)
	program.Check(err)
	settings := &config.Config{
		DefaultQueue:    "machinery_tasks",
		ResultsExpireIn: 3600,
		Redis:           &config.RedisConfig{NormalTasksPollPeriod: 1000, DelayedTasksPollPeriod: pollMs},
	}
	hosts := []string{address.Host}
	server := machinery.NewServer(settings, redisbroker.NewGR(settings, hosts, 0), redisbackend.NewGR(settings, hosts, 1), eager.New())
	program.Check(server.RegisterTasks(map[string]any{
		"add": func(a, b int64) (int64, error) { return a + b, nil },
		"sum": func(numbers ...int64) (int64, error) {
			total := int64(0)
			for _, number := range numbers {
				total += number
			}
			return total, nil
		},
		"nap":  func(i, ms int64) (int64, error) { return i, program.Nap(i, ms) },
		"late": func(dueMs float64) (int64, error) { return 0, program.Late(dueMs) },
	}))
	return server
}

func signature(name string, values ...any) *tasks.Signature {
	arguments := []tasks.Arg{}
	for _, value := range values {
		kind := "int64"
		if _, fraction := value.(float64); fraction {
			kind = "float64"
		}
		arguments = append(arguments, tasks.Arg{Type: kind, Value: value})
	}
	made, err := tasks.NewSignature(name, arguments)
	program.Check(err)
	return made
}

func additions(n int) *tasks.Group {
	members := []*tasks.Signature{}
	for i := range n {
		members = append(members, signature("add", int64(i), int64(1)))
	}
	group, err := tasks.NewGroup(members...)
	program.Check(err)
	return group
}

// ChordAsyncResult would read every member before the callback's result, which alone counts.
func chord(server *machinery.Server, size int) int64 {
	made, err := tasks.NewChord(additions(size), signature("sum"))
	program.Check(err)
	_, err = server.SendChord(made, senders)
	program.Check(err)
	sums, err := result.NewAsyncResult(made.Callback, server.GetBackend()).Get(time.Millisecond)
	program.Check(err)
	return sums[0].Int()
}
