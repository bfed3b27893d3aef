"""The benchmark's program for Celery; its commands are described in bench/suites/redis/program.ts."""

import json
import os
import sys
import threading
import time
from datetime import datetime, timezone

import redis
from celery import Celery, chord, group
from celery.signals import worker_ready

URL = os.environ["REDIS_URL"]
counts = redis.Redis.from_url(f"{URL}/9")

app = Celery("main", broker=f"{URL}/0", backend=f"{URL}/1")
app.conf.update(
    result_expires=3600,
    broker_connection_retry_on_startup=True,
    worker_enable_remote_control=False,
    worker_prefetch_multiplier=int(os.environ.get("CELERY_PREFETCH", "4")),
)
if os.environ.get("CELERY_ACKS_LATE"):  # else a task that a killed worker had is lost
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        broker_transport_options={"visibility_timeout": 10},
    )


@app.task(name="add")
def add(a, b):
    return a + b


@app.task(name="total")
def total(numbers):
    return sum(numbers)


@app.task(name="nap")
def nap(i, ms):
    counts.hincrby("started", i, 1)
    time.sleep(ms / 1000)
    counts.hincrby("done", i, 1)
    return i


@app.task(name="late")
def late(due_ms):
    counts.rpush("late", time.time() * 1000 - due_ms)


def timed(body):
    start = time.perf_counter()
    body()
    return (time.perf_counter() - start) * 1000


def worker(concurrency):
    def end_with_parent():
        while os.read(0, 1024):  # not through sys.stdin, whose lock the forked processes would wait for
            pass
        os.killpg(0, 9)

    threading.Thread(target=end_with_parent, daemon=True).start()
    worker_ready.connect(lambda **_: os.write(1, b"ready\n"), weak=False)
    pool = os.environ.get("CELERY_POOL", "prefork")
    app.worker_main(
        ["worker", "-P", pool, "-c", str(concurrency), "-l", "ERROR"]
        + ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    )


def bulk(n, _calls):
    def send(count):
        group(add.s(i, 1) for i in range(count)).apply_async()

    send(n // 10)
    return [timed(lambda: send(n))]


def each(n, *_):
    """One after the other: threads make it slower."""

    def send(count):
        for i in range(count):
            add.apply_async((i, 1))

    send(n // 10)
    return [timed(lambda: send(n))]


def trips(n):
    def trip(i):
        return timed(lambda: add.apply_async((i, 1)).get(timeout=30))

    for i in range(50):
        trip(i)
    return [trip(i) for i in range(n)]


def chords(size, times):
    def one(size):
        sent = chord([add.s(i, 1) for i in range(size)])(total.s())
        assert sent.get(timeout=120) == size * (size + 1) // 2, "the sum is wrong"

    one(100)
    return [timed(lambda: one(size)) for _ in range(times)]


def naps(n, ms):
    for i in range(n):
        nap.apply_async((i, ms))
    return []


def delayed(n, lead_ms):
    start = time.time() + lead_ms / 1000
    for i in range(n):
        due = start + i / n
        late.apply_async((due * 1000,), eta=datetime.fromtimestamp(due, timezone.utc))
    return []


commands = {"worker": worker, "bulk": bulk, "each": each, "trips": trips, "chords": chords, "naps": naps, "late": delayed}
if __name__ == "__main__":
    answer = commands[sys.argv[1]](*map(int, sys.argv[2:]))
    print(json.dumps(answer), flush=True)
