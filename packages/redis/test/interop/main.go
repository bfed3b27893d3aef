// A worker and a sender of machinery v2, for redis-machinery.test.ts. Addresses come from REDIS_ADDR ("host:port").
//
//	interop worker <queue>   runs tasks until it is killed; prints "ready", then "ran <task>" per task
//	interop chord <queue>    sends (1+1, 2+2, 5+6) and multiplies their results; prints the product
//	interop later <queue>    sends add(40, 2), due in half a second; prints its result
package main

import (
	"fmt"
	stdlog "log"
	"os"
	"time"

	machinery "github.com/RichardKnop/machinery/v2"
	redisbackend "github.com/RichardKnop/machinery/v2/backends/redis"
	redisbroker "github.com/RichardKnop/machinery/v2/brokers/redis"
	"github.com/RichardKnop/machinery/v2/config"
	eagerlock "github.com/RichardKnop/machinery/v2/locks/eager"
	mlog "github.com/RichardKnop/machinery/v2/log"
	"github.com/RichardKnop/machinery/v2/tasks"
)

type silent struct{}

func (silent) Print(...interface{})              {}
func (silent) Printf(string, ...interface{})     {}
func (silent) Println(...interface{})            {}
func (silent) Fatal(v ...interface{})            { stdlog.Fatal(v...) }
func (silent) Fatalf(f string, v ...interface{}) { stdlog.Fatalf(f, v...) }
func (silent) Fatalln(v ...interface{})          { stdlog.Fatalln(v...) }
func (silent) Panic(v ...interface{})            { stdlog.Panic(v...) }
func (silent) Panicf(f string, v ...interface{}) { stdlog.Panicf(f, v...) }
func (silent) Panicln(v ...interface{})          { stdlog.Panicln(v...) }

func check(err error) {
	if err != nil {
		stdlog.Fatal(err)
	}
}

func add(args ...int64) (int64, error) {
	fmt.Println("ran add")
	var sum int64
	for _, one := range args {
		sum += one
	}
	return sum, nil
}

func multiply(args ...int64) (int64, error) {
	fmt.Println("ran multiply")
	product := int64(1)
	for _, one := range args {
		product *= one
	}
	return product, nil
}

func server(queue string) *machinery.Server {
	cnf := &config.Config{
		DefaultQueue: queue, ResultsExpireIn: 3600,
		Redis: &config.RedisConfig{NormalTasksPollPeriod: 1000, DelayedTasksPollPeriod: 60000},
	}
	addresses := []string{os.Getenv("REDIS_ADDR")}
	broker, backend := redisbroker.NewGR(cnf, addresses, 0), redisbackend.NewGR(cnf, addresses, 0)
	return machinery.NewServer(cnf, broker, backend, eagerlock.New())
}

func signature(values ...int64) *tasks.Signature {
	signature := &tasks.Signature{Name: "add"}
	for _, value := range values {
		signature.Args = append(signature.Args, tasks.Arg{Type: "int64", Value: value})
	}
	return signature
}

func main() {
	mlog.Set(silent{})
	mode, queue := os.Args[1], os.Args[2]
	s := server(queue)
	switch mode {
	case "worker":
		check(s.RegisterTasks(map[string]interface{}{"add": add, "multiply": multiply}))
		fmt.Println("ready")
		check(s.NewWorker("interop", 4).Launch())
	case "chord":
		group, err := tasks.NewGroup(signature(1, 1), signature(2, 2), signature(5, 6))
		check(err)
		chord, err := tasks.NewChord(group, &tasks.Signature{Name: "multiply"})
		check(err)
		sent, err := s.SendChord(chord, 0)
		check(err)
		results, err := sent.Get(5 * time.Millisecond)
		check(err)
		fmt.Println(results[0].Interface())
	case "later":
		later := signature(40, 2)
		eta := time.Now().UTC().Add(500 * time.Millisecond)
		later.ETA = &eta
		sent, err := s.SendTask(later)
		check(err)
		results, err := sent.Get(5 * time.Millisecond)
		check(err)
		fmt.Println(results[0].Interface())
	}
}
