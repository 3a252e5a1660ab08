// Opens what the options of a reading command name: the data file on this machine, or a running server.

import { systemClock } from "../core/clock.ts";
import { LocalSource } from "./local_source.ts";
import { Progress } from "./progress.ts";
import { RemoteServer } from "./remote_server.ts";
import { RemoteSource } from "./remote_source.ts";
import { type OpenSource, readableDataOf, remoteAddressOf } from "./tools.ts";

export const openSource: OpenSource = async (command, options, context) => {
  const address = remoteAddressOf(command, options, context);
  if (address !== undefined) {
    const onNotice = (text: string) => context.stderr.write(`simplelogs: ${text}\n`);
    return new RemoteSource({ server: new RemoteServer(address), onNotice });
  }
  const { file, data, rules } = await readableDataOf(command, options, context);
  const progress = new Progress(context);
  const onProgress = (done: number, total: number) => progress.show(done, total, "blocks");
  return new LocalSource({ file, data, rules, clock: systemClock, onProgress, onDone: () => progress.end() });
};
