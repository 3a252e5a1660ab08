// Which addresses may be connected to, in every form in which they can be written.

import { describe, expect, test } from "bun:test";
import { AllowedAddresses, plainAddress } from "../../../../src/alerts/delivery/addresses.ts";

const NAME = "hooks.example.com";

describe("an address that only DNS names", () => {
  const nothing = new AllowedAddresses([]);

  test.each([
    "0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1",
    "172.31.255.255 192.0.0.1 192.0.2.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1",
    "239.255.255.255 240.0.0.1 255.255.255.255",
    ":: ::1 0:0:0:0:0:0:0:1 ::127.0.0.1 ::ffff:127.0.0.1 ::FFFF:10.0.0.1 ::ffff:7f00:1 0:0:0:0:0:ffff:c0a8:1",
    "64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 3fff::1",
    "fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ::ffff:0:127.0.0.1 5f00::1 4000::1",
  ])("is not connected to: %s", (addresses) => {
    const list = addresses.split(" ");
    expect(list.filter((address) => nothing.allows(address, NAME))).toEqual([]);
  });

  test.each([
    "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 169.253.0.1 172.15.0.1 172.32.0.1 192.167.0.1 198.17.0.1 223.255.255.255",
    "2606:4700:4700::1111 2a00::1 2400::1 ::ffff:8.8.8.8 64:ff9b::808:808",
  ])("is connected to: %s", (addresses) => {
    const list = addresses.split(" ");
    expect(list.filter((address) => !nothing.allows(address, NAME))).toEqual([]);
  });

  test("is none where it is no address", () => {
    for (const text of ["", "a", "1.2.3", "1.2.3.4.5", "::g", "[::1", "1.1.1.1 ", "0x7f.1"]) {
      expect([text, nothing.allows(text, text)]).toEqual([text, false]);
    }
  });
});

describe("the configuration names an address", () => {
  test("as the host of a URL, in any of its forms, and no other", () => {
    const nothing = new AllowedAddresses([]);
    for (const [url, address, isAllowed] of [
      ["http://10.0.0.7:9093", "10.0.0.7", true],
      ["http://10.0.0.7:9093", "10.0.0.8", false],
      ["http://0x7f.1/", "127.0.0.1", true],
      ["http://[::1]/", "::1", true],
      ["http://[::1]/", "127.0.0.1", false],
      ["http://[0:0:0:0:0:ffff:127.0.0.1]/", "127.0.0.1", true],
      ["http://[FD00::1]/", "fd00:0:0:0:0:0:0:1", true],
      ["http://localhost/", "127.0.0.1", true],
      ["http://localhost/", "127.8.8.8", true],
      ["http://a.localhost./", "::1", true],
      ["http://localhost/", "10.0.0.1", false],
      ["http://localhost.example.com/", "127.0.0.1", false],
      ["http://notlocalhost/", "127.0.0.1", false],
    ] as const) {
      expect([url, address, nothing.allows(address, new URL(url).hostname)]).toEqual([url, address, isAllowed]);
    }
  });

  test("or a network", () => {
    const allowed = new AllowedAddresses(["10.0.0.0/8", "192.168.1.5", "fd00::/8", "::ffff:172.16.0.0/108", "::1"]);
    const all = "10.9.9.9 ::ffff:10.9.9.9 192.168.1.5 fd99::1 172.16.3.4 ::1".split(" ");
    expect(all.filter((address) => !allowed.allows(address, NAME))).toEqual([]);
    const others = "192.168.1.6 127.0.0.1 fe80::1 172.32.0.1.5".split(" ");
    expect(others.filter((address) => allowed.allows(address, NAME))).toEqual([]);
    expect(new AllowedAddresses(["0.0.0.0/0"]).allows("127.0.0.1", NAME)).toBeTrue();
  });
});

test("an address has one shortest form", () => {
  expect(
    ["[::FFFF:127.0.0.1]", "0:0:0:0:0:0:0:1", "64:ff9b::1.2.3.4", "1.2.3.4", "fe80::1%eth0", "a.example"].map(
      plainAddress,
    ),
  ).toEqual(["127.0.0.1", "::1", "1.2.3.4", "1.2.3.4", "fe80::1", undefined]);
});
