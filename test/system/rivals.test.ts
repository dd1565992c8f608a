import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Bodies } from "../../bench/http/rivals/bodies.ts";
import { processesOf, processorTimeOf, residentOf } from "../../bench/http/rivals/clocks.ts";
import { Numbers } from "../../bench/http/rivals/numbers.ts";
import { messageOf } from "../../bench/http/rivals/rival.ts";

const frame = (n: number): Buffer => Buffer.from(`id: ${n}\ndata: ${JSON.stringify({ message: messageOf(n) })}\n\n`);

describe("the bodies of answers", () => {
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

  function bodyOf(text: string, size: number): string {
    let body = "";
    const bodies = new Bodies((bytes) => {
      body += bytes.toString();
    });
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) bodies.take(bytes.subarray(at, at + size));
    return body;
  }

  it("come without heads and chunks, wherever the bytes are parted", () => {
    const text = chunked + ["retry: 1", "a message of a few words, in ", "two chunks\r\n"].map(chunk).join("");
    for (let size = 1; size <= text.length; size += 1) {
      expect(bodyOf(text, size)).toBe("retry: 1a message of a few words, in two chunks\r\n");
    }
  });

  it("come as they are without chunks", () => {
    for (const size of [1, 7, 1_000])
      expect(bodyOf("HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n5\r\nab", size)).toBe("5\r\nab");
  });
});

describe("the numbers of messages", () => {
  it("are found wherever the bytes are parted", () => {
    const bytes = Buffer.concat([frame(98), frame(99), frame(100)]);
    for (let at = 1; at < bytes.length; at += 1) {
      const numbers = new Numbers();
      numbers.take(bytes.subarray(0, at));
      numbers.take(bytes.subarray(at));
      expect([numbers.count, numbers.next]).toEqual([3, 101]);
    }
    const alone = new Numbers();
    for (const byte of bytes) alone.take(Buffer.of(byte));
    expect([alone.count, alone.next]).toEqual([3, 101]);
  });

  it("refuse a message that comes twice, too early, or without a number", () => {
    const numbers = new Numbers();
    numbers.take(frame(7));
    expect(() => numbers.take(frame(7))).toThrow("message 7 came for 8");
    expect(() => new Numbers().take(Buffer.concat([frame(1), frame(3)]))).toThrow("message 3 came for 2");
    const unnumbered = Buffer.from(frame(1).toString().replace('"n":1', '"n":null'));
    expect(() => new Numbers().take(unnumbered)).toThrow("a message has no number");
  });

  it("do not join the ends of two connections", () => {
    const numbers = new Numbers();
    const bytes = frame(5);
    numbers.take(bytes.subarray(0, 60));
    numbers.break();
    numbers.take(bytes.subarray(60));
    expect(numbers.count).toBe(0);
  });
});

describe.skipIf(process.platform !== "linux")("the clocks of other processes (they need Linux)", () => {
  it("find a program with its children, and count time and memory", async () => {
    const child = spawn("sh", ["-c", "while :; do :; done & wait"], { stdio: "ignore", detached: true });
    onTestFinished(async () => {
      const closed = once(child, "close");
      process.kill(-child.pid!, "SIGKILL"); // its children are in its group
      await closed;
    });
    await vi.waitFor(() => expect(processesOf("sh")).toHaveLength(2));
    const [parent, busy] = processesOf("sh") as [number, number];
    expect(parent).toBe(child.pid);
    const before = processorTimeOf([busy]);
    await vi.waitFor(() => expect(processorTimeOf([busy])).toBeGreaterThanOrEqual(before + 50), 20_000);
    expect(processorTimeOf([parent])).toBeLessThan(processorTimeOf([busy]));
    expect(residentOf([parent, busy])).toBeGreaterThan(residentOf([busy]));
  });

  it("say that a process has ended", async () => {
    const child = spawn("true", { stdio: "ignore" });
    await once(child, "close");
    expect(() => processorTimeOf([child.pid!])).toThrow("has ended");
  });
});
