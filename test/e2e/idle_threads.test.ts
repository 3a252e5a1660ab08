// Threads that end when they are idle.

import { join } from "node:path";
import { testIdleThreads } from "../support/idle_threads.ts";

testIdleThreads([process.execPath, join(import.meta.dir, "../support/dying_server.ts")]);
