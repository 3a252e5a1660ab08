// The real compactor thread, which ends when it is told to.

import "../../src/threads/compactor/compactor.ts";
import { dieOnDemand } from "./dying_on_demand.ts";

dieOnDemand("compactor");
