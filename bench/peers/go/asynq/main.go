// The benchmark's program for asynq.
package main

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"time"

	"github.com/hibiken/asynq"

	"wfe-bench/program"
)

type arguments struct {
	A, B  int64
	DueMs float64
}

func main() {
	connection, err := asynq.ParseRedisURI(program.URL)
	program.Check(err)
	client, inspector := asynq.NewClient(connection), asynq.NewInspector(connection)
	send := func(name string, a arguments, options ...asynq.Option) string {
		payload, err := json.Marshal(a)
		program.Check(err)
		options = append(options, asynq.Retention(time.Hour)) // else it stores no result
		info, err := client.Enqueue(asynq.NewTask(name, payload), options...)
		program.Check(err)
		return info.ID
	}
	add := func(i int) string { return send("add", arguments{A: int64(i), B: 1}) }
	program.Run(program.Program{
		Worker: func(concurrency int) { work(connection, concurrency) },
		Each:   func(i int) { add(i) },
		Trip:   func(i int) { await(inspector, add(i)) },
		Nap:    func(i, ms int) { send("nap", arguments{A: int64(i), B: int64(ms)}) },
		Late:   func(at time.Time) { send("late", arguments{DueMs: program.Milliseconds(at)}, asynq.ProcessAt(at)) },
	})
}

func work(connection asynq.RedisConnOpt, concurrency int) {
	tasks := asynq.NewServeMux()
	tasks.Handle("add", task(func(a arguments) (int64, error) { return a.A + a.B, nil }))
	tasks.Handle("nap", task(func(a arguments) (int64, error) { return a.A, program.Nap(a.A, a.B) }))
	tasks.Handle("late", task(func(a arguments) (int64, error) { return 0, program.Late(a.DueMs) }))
	server := asynq.NewServer(connection, asynq.Config{
		Concurrency:              concurrency,
		LogLevel:                 asynq.FatalLevel,
		TaskCheckInterval:        milliseconds("ASYNQ_CHECK_MS", 1000),
		DelayedTaskCheckInterval: milliseconds("ASYNQ_DELAYED_MS", 5000),
	})
	program.Check(server.Run(tasks))
}

func task(run func(arguments) (int64, error)) asynq.HandlerFunc {
	return func(_ context.Context, t *asynq.Task) error {
		var a arguments
		if err := json.Unmarshal(t.Payload(), &a); err != nil {
			return err
		}
		answer, err := run(a)
		if err != nil {
			return err
		}
		_, err = t.ResultWriter().Write(strconv.AppendInt(nil, answer, 10))
		return err
	}
}

// It can only be asked: there is nothing to wait on.
func await(inspector *asynq.Inspector, id string) {
	for {
		info, err := inspector.GetTaskInfo("default", id)
		program.Check(err)
		if info.State == asynq.TaskStateCompleted {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func milliseconds(variable string, otherwise int) time.Duration {
	if value, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		otherwise = value
	}
	return time.Duration(otherwise) * time.Millisecond
}
