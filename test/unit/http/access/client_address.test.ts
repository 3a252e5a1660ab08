import { describe, expect, test } from "bun:test";
import { ClientAddresses } from "../../../../src/http/access/client_address.ts";
import { ENQUEUE_URL } from "../fixture.ts";

const TRUSTED = ["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::ffff:172.16.0.0/108"];

function clientOf(peer: string, forwarded: string | undefined, trusted = TRUSTED): string {
  const headers: Record<string, string> = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return new ClientAddresses(trusted).of(peer, new Request(ENQUEUE_URL, { headers }));
}

describe("behind a trusted proxy the client is", () => {
  test.each([
    ["10.0.0.1", "203.0.113.5", "203.0.113.5"],
    ["::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"],
    ["192.0.2.7", "198.51.100.1, 203.0.113.5, 10.9.9.9", "203.0.113.5"],
    ["fd00::1", "spoofed, 2001:DB8:0:0::5", "2001:db8::5"],
    ["10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"],
    ["10.0.0.1", "203.0.113.5:4711", "203.0.113.5"],
    ["10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"],
    ["10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"],
    ["172.20.1.1", "203.0.113.5", "203.0.113.5"],
  ])("%s says %s: %s", (peer, forwarded, client) => {
    expect(clientOf(peer, forwarded)).toBe(client);
  });
});

describe("the header is not believed", () => {
  test.each([
    ["from a peer that is not trusted", "203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["from a mapped peer that is not trusted", "::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["left of something unreadable", "10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"],
    ["when all of it is unreadable", "10.0.0.1", "unknown, <script>", "10.0.0.1"],
    ["from a peer whose address is gone", "unknown", "198.51.100.1", "unknown"],
    ["when it is absent", "10.0.0.1", undefined, "10.0.0.1"],
  ])("%s", (_name, peer, forwarded, client) => {
    expect(clientOf(peer, forwarded)).toBe(client);
  });

  test("when nobody is trusted", () => {
    expect(clientOf("10.0.0.1", "198.51.100.1", [])).toBe("10.0.0.1");
  });
});

test("what is neither an address nor CIDR is not taken as a proxy", () => {
  expect(() => new ClientAddresses(["proxy.local"])).toThrow(
    new RangeError("cannot trust proxy.local: neither an address nor CIDR"),
  );
});
