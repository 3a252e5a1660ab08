// Threads that end when they are idle, on Deno.

import { join } from "node:path";
import { testIdleThreads } from "../support/idle_threads.ts";

const ENTRY = join(import.meta.dir, "../support/dying_server.ts");

testIdleThreads(["/usr/bin/env", `SIMPLELOGS_TEST_ENTRY=${ENTRY}`, join(import.meta.dir, "simplelogs")]);
