import { memoryBackend, memoryBroker } from "@wfe/memory";
import { describe, expect, it } from "vitest";
import { deadMessage, decodeDeadLetter } from "../src/deadletter.ts";
import { createPorts } from "../src/ports.ts";

const letter = { id: "x", queue: "q", reason: "FAILED", error: "why", at: 5, body: '{"UUID":"x"}' } as const;

function portsOf(maxMessageBytes: number) {
  return createPorts(memoryBroker({ maxMessageBytes }), memoryBackend());
}

describe("a dead letter", () => {
  it("is read as it was written, under a new id in the dead queue", () => {
    const message = deadMessage(letter, portsOf(10_000));
    expect(message).toMatchObject({ id: "dead_x", queue: "q.dead" });
    expect(decodeDeadLetter(message.body)).toEqual({ ...letter, cut: false });
  });

  it("keeps any body as it is", () => {
    for (const body of ["", "{", "\u0000\u2028🚀\uD800", '"', "x".repeat(5000)]) {
      const { body: text } = deadMessage({ ...letter, body }, portsOf(100_000));
      expect(decodeDeadLetter(text)?.body).toBe(body);
    }
  });

  it.each([
    ["a long body", { body: "x".repeat(10_000) }],
    ["a body that grows when it is written", { body: "\u0000".repeat(10_000) }],
    ["a body of many bytes", { body: "🚀".repeat(10_000) }],
    ["a long error", { error: "e".repeat(10_000) }],
    ["a long error and body", { error: "\u0001".repeat(10_000), body: "\u0001".repeat(10_000) }],
  ])("fits where it must, and says what was cut: %s", (_, more) => {
    for (const limit of [4_000, 8_000]) {
      const { body } = deadMessage({ ...letter, ...more }, portsOf(limit));
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(limit);
      const read = decodeDeadLetter(body);
      expect(read).toMatchObject({ id: "x", reason: "FAILED", cut: "body" in more });
      expect(read?.error.length).toBeGreaterThan(0);
    }
  });

  it("is nothing that somebody else wrote", () => {
    for (const body of ["", "null", "5", "[]", "{}", '{"wfe":"alive"}', '{"UUID":"x","Name":"y"}']) {
      expect(decodeDeadLetter(body)).toBeUndefined();
    }
  });
});
