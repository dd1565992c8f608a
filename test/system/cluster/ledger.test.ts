import { describe, expect, it } from "vitest";
import { type Account, Ledger, type Read } from "./ledger.ts";
import { CHANNELS } from "./lines.ts";

/** The rows of one send, as a reader of all channels reads them. */
function send(name: string, n: number, first: number): readonly Read[] {
  return CHANNELS.map((channel, part) => ({ id: first + part, channel, message: { name, n, part } }));
}

/** The complaints of the ledger. */
function complaints(script: (ledger: Ledger, ann: Account, ben: Account) => void): readonly string[] {
  const ledger = new Ledger();
  script(ledger, ledger.open("ann", CHANNELS), ledger.open("ben", CHANNELS));
  ledger.check();
  return ledger.violations;
}

function both(ledger: Ledger, accounts: readonly Account[], ...sends: (readonly Read[])[]): void {
  for (const account of accounts) ledger.read(account, sends.flat());
}

const refusal = { rejected: 1, code: "store", refused: true, message: "the disk is full" };

describe("the ledger", () => {
  it("is content with what was acknowledged, and with what may or may not have been committed", () => {
    const script = (ledger: Ledger, ...accounts: Account[]) => {
      ledger.acknowledged("a", 0, [11, 12, 13]);
      ledger.rejected("a", refusal);
      ledger.rejected("a", { ...refusal, rejected: 2, refused: false });
      both(ledger, accounts, send("a", 0, 11), send("a", 2, 14), send("killed", 7, 90));
      ledger.read(ledger.open("cleo", ["part 1"]), [
        send("a", 0, 11)[1]!,
        send("a", 2, 14)[1]!,
        send("killed", 7, 90)[1]!,
      ]);
    };
    expect(complaints(script)).toEqual([]);
  });

  it.each([
    [
      "an acknowledged send that nobody has read",
      /^send a 0 was acknowledged as 11,12,13, and is lost$/,
      (ledger: Ledger) => ledger.acknowledged("a", 0, [11, 12, 13]),
    ],
    [
      "one that was acknowledged with other ids",
      /^send a 0 was acknowledged as 11,12,13, and is 21,22,23$/,
      (ledger: Ledger, ...accounts: Account[]) => {
        ledger.acknowledged("a", 0, [11, 12, 13]);
        both(ledger, accounts, send("a", 0, 21));
      },
    ],
    [
      "one that was committed twice",
      /^send a 0 is there twice/,
      (ledger: Ledger, ...accounts: Account[]) => both(ledger, accounts, send("a", 0, 11), send("a", 0, 14)),
    ],
    [
      "one that was refused for certain and is there",
      /^send a 1 was refused for certain \(the disk is full\), and is there as 11,12,13$/,
      (ledger: Ledger, ...accounts: Account[]) => {
        ledger.rejected("a", refusal);
        both(ledger, accounts, send("a", 1, 11));
      },
    ],
    [
      "one that is torn",
      /^send a 0 at 11 is torn: id 12 is a 1 0 on part 0$/,
      (ledger: Ledger, ...accounts: Account[]) =>
        both(ledger, accounts, send("a", 0, 11).slice(0, 1), send("a", 1, 12)),
    ],
    [
      "an answer that ends in the middle of a send",
      /^reader ann was given an answer that ends with id 12/,
      (ledger: Ledger, ann: Account, ben: Account) => {
        ledger.read(ann, send("a", 0, 11).slice(0, 2));
        ledger.read(ann, send("a", 0, 11).slice(2));
        ledger.read(ben, send("a", 0, 11));
      },
    ],
    [
      "a reader that was left out",
      /^reader ben read 14 where 11, a 0 0 on part 0, was next$/,
      (ledger: Ledger, ann: Account, ben: Account) => {
        both(ledger, [ann], send("a", 0, 11), send("a", 1, 14));
        ledger.read(ben, send("a", 1, 14));
      },
    ],
    [
      "a reader that read something twice, or in another order",
      /^reader ben read id 11 after 16$/,
      (ledger: Ledger, ann: Account, ben: Account) => {
        both(ledger, [ann], send("a", 0, 11), send("a", 1, 14));
        both(ledger, [ben], send("a", 1, 14), send("a", 0, 11));
      },
    ],
    [
      "an id that means two things",
      /^id 11 is "a 0 0 on part 0" for some, "b 0 0 on part 0" for reader ben$/,
      (ledger: Ledger, ann: Account, ben: Account) => {
        ledger.read(ann, send("a", 0, 11));
        ledger.read(ben, send("b", 0, 11));
      },
    ],
  ])("complains of %s", (_, sentence, script) => {
    expect(complaints(script)).toContainEqual(expect.stringMatching(sentence));
  });
});
