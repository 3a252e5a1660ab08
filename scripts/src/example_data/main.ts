// scripts/example-data: fills a running server with two weeks of a shop, to look at the app with something in it.

import { parseArgs } from "node:util";
import { runCommand, wholeNumber } from "../command.ts";
import { sendTwoWeeks } from "./send.ts";
import { FACTS } from "./two_weeks.ts";

const HELP = `Usage: scripts/example-data --key KEY [OPTION…]

Sends two weeks of a shop's logs and timings, up to now, to a running server, about 7 entries for each of its requests. The same seed gives the
same entries, except for the times. There is something to find out: ask the app why checkout fails since this morning.

  --key KEY             server key of the project that becomes the shop
  --client-key KEY      its client key, for what pages send (default: left out)
  --origin ORIGIN       one of the client key's origins (default: http://localhost:3000)
  --blog-key KEY        server key of a second project, with touchpoints of the same names (default: left out)
  --url URL             of the server (default: http://127.0.0.1:7070)
  --requests N          on an average day (default: 6,000)
  --seed N              (default: 1)
  --help                show this

For lines at each deployment in the charts, write into the configuration:

  [markers]
  q = "touchpoint:deploy/*"
  label = "metadata.build"
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      key: { type: "string" },
      "client-key": { type: "string" },
      "blog-key": { type: "string" },
      origin: { type: "string", default: "http://localhost:3000" },
      url: { type: "string", default: "http://127.0.0.1:7070" },
      requests: { type: "string", default: "6000" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP.trimEnd());
    return;
  }
  if (values.key === undefined) throw new Error("--key is missing: a server key; scripts/example-data --help");
  const sent = await sendTwoWeeks(
    {
      url: values.url.replace(/\/$/, ""),
      origin: values.origin,
      keys: {
        "shop.server": values.key,
        "shop.client": values["client-key"],
        "blog.server": values["blog-key"],
        "blog.client": undefined,
      },
    },
    {
      seed: wholeNumber("seed", values.seed, 0, 2 ** 32 - 1),
      now: Date.now(),
      requestsADay: wholeNumber("requests", values.requests, 1, 1_000_000),
    },
  );
  console.log(`sent ${sent.toLocaleString("en")} entries; the customer to ask for is ${FACTS.customer}`);
}

await runCommand(main);
