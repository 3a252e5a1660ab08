// The real writer thread, which ends when it is told to.

import "../../src/threads/writer/writer.ts";
import { dieOnDemand } from "./dying_on_demand.ts";

dieOnDemand("writer");
