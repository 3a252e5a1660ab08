// The real reader thread, which ends when it is told to.

import "../../src/threads/reader/reader.ts";
import { dieOnDemand } from "./dying_on_demand.ts";

dieOnDemand("reader");
