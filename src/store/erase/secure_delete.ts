// Deleting so that SQLite itself overwrites what it deletes with zeros, in the pages and so in the log.

import type { Database } from "../../runtime/driver.ts";

/** Runs transactions whose deletions leave no bytes in the pages that they change; `work` does not yield to other work. */
export function securely<T>(database: Database, work: () => T): T {
  database.run("PRAGMA secure_delete = ON");
  try {
    return work();
  } finally {
    database.run("PRAGMA secure_delete = OFF");
  }
}
