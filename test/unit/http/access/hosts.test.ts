// Which Host is answered.

import { describe, expect, test } from "bun:test";
import { AllowedHosts, createHostGuard } from "../../../../src/http/access/hosts.ts";
import { createFixture, ORIGIN } from "../fixture.ts";

function answered(listensOn: string, listed: readonly string[], hosts: readonly string[]): string[] {
  return hosts.filter((host) => new AllowedHosts({ listenAddress: listensOn, listed }, "Builder7").allows(host));
}

const LOCAL = [
  "localhost",
  "LOCALHOST.:7070",
  "127.0.0.1",
  "127.0.0.1:7070",
  "127.8.9.1:1",
  "[::1]:7070",
  "0.0.0.0:7070",
];
const STRANGE = [
  "evil.example",
  "evil.example:7070",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "evil.localhost",
  "",
  " ",
  "localhost, evil.example",
  "evil.example, localhost",
  "user@localhost",
  "localhost/",
  "localhost:7070:7070",
  "localhost:70700",
  "[::1",
  "::1",
  "127.1",
  "0x7f000001",
  "2130706433",
  "[fe80::1%25lo]",
  "localhost\u0000",
  "lоcalhost",
];
const NAMES = ["simplelogs:7070", "builder7", "builder7.local:7070", "BUILDER7"];
const ADDRESSES = ["192.168.1.5:7070", "[2001:db8::1]:7070", "8.8.8.8"];

describe("a server that listens on", () => {
  test.each(["127.0.0.1", "::1", "localhost"])("%s answers what leads to this machine, and nothing else", (host) => {
    expect(answered(host, [], [...LOCAL, ...STRANGE, ...NAMES, ...ADDRESSES])).toEqual(LOCAL);
  });

  test.each(["0.0.0.0", "::"])("%s answers every address, and names that nobody can register", (host) => {
    expect(answered(host, [], [...LOCAL, ...STRANGE, ...NAMES, ...ADDRESSES])).toEqual([
      ...LOCAL,
      ...NAMES,
      ...ADDRESSES,
    ]);
  });

  test("an address of the machine answers addresses, since ports are forwarded", () => {
    expect(answered("192.168.1.5", [], [...STRANGE, ...NAMES, ...ADDRESSES])).toEqual(ADDRESSES);
  });

  test("every address, where the machine's own name may not be known, answers the rest", () => {
    const hosts = new AllowedHosts({ listenAddress: "0.0.0.0", listed: [] }, "");
    expect(["", ".local", "evil.example", "simplelogs"].map((host) => hosts.allows(host))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test("a name answers that", () => {
    expect(answered("logs.lan", [], ["logs.lan:7070", "LOGS.lan", "other.lan"])).toEqual(["logs.lan:7070", "LOGS.lan"]);
  });
});

describe("hosts", () => {
  test("are answered beside what was answered before, and no other name is", () => {
    const listed = ["logs.example.com", "logs.example.org:8443"];
    const right = ["logs.example.com", "LOGS.example.com.:99", "logs.example.org:8443"];
    const wrong = ["logs.example.org", "logs.example.org:443", "www.logs.example.com", "example.com"];
    expect(answered("127.0.0.1", listed, [...right, ...wrong, ...LOCAL])).toEqual([...right, ...LOCAL]);
    expect(answered("0.0.0.0", listed, [...right, ...wrong, ...NAMES, ...ADDRESSES])).toEqual([
      ...right,
      ...NAMES,
      ...ADDRESSES,
    ]);
  });

  test('"*" answers all', () => {
    expect(answered("127.0.0.1", ["*"], STRANGE)).toEqual(STRANGE);
  });
});

describe("a request", () => {
  const post = (headers: Record<string, string>) =>
    new Request("http://localhost:7070/api/v1/enqueue", { method: "POST", headers, body: "{}" });

  test("without a Host comes from no browser, and is answered", () => {
    const fixture = createFixture();
    const refuse = createHostGuard({
      ...fixture,
      access: () => fixture.access,
      clock: () => fixture.now,
      log: () => {},
    });
    expect(refuse(post({}))).toBeUndefined();
    expect(refuse(post({ host: "localhost:7070" }))).toBeUndefined();
  });

  test("for another host is answered 421 with the setting's name; it is counted, and logged once a minute", async () => {
    const fixture = createFixture();
    const logged: unknown[] = [];
    const refuse = createHostGuard({
      ...fixture,
      access: () => fixture.access,
      clock: () => fixture.now,
      log: (...line) => logged.push(line),
    });
    const response = refuse(post({ host: 'evil.example"', origin: ORIGIN }));
    expect(response?.status).toBe(421);
    const message = 'This server does not answer for the host "evil.example\\"": add it to hosts in the configuration';
    expect(await response?.json()).toEqual({ message });
    expect(response?.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    refuse(post({ host: "x".repeat(10_000) }));
    expect(logged).toHaveLength(1);
    fixture.now += 60_000;
    refuse(post({ host: "x".repeat(10_000) }));
    expect(JSON.stringify(logged)).toContain("evil.example");
    expect(JSON.stringify(logged).length).toBeLessThan(1_000);
    expect(await (await fixture.read("GET", "/metrics")).text()).toContain("simplelogs_host_refusals_total 3\n");
  });
});
