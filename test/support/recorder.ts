// A proxy in front of a server that keeps what passed: preflights too, which no page and no browser's protocol shows.

import { request as ask, createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** One request and its answer. */
export interface Recorded {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
  readonly answered: IncomingHttpHeaders;
}

export interface Recorder {
  readonly url: string;
  readonly recorded: readonly Recorded[];
  close(): Promise<void>;
}

/** Passes everything on to `url`, on a free port of the loopback. */
export async function startRecorder(url: string): Promise<Recorder> {
  const { hostname, port } = new URL(url);
  const recorded: Recorded[] = [];
  const server = createServer((request, response) => {
    const { method = "", url: path = "", headers } = request;
    const onward = ask({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const { statusCode: status = 0, headers: answered } = answer;
      recorded.push({ method, target: path, headers, status, answered });
      response.writeHead(status, answered);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recorded,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Runs `work` with a recorder that is closed afterwards. */
export async function withRecorder<T>(url: string, work: (recorder: Recorder) => Promise<T>): Promise<T> {
  const recorder = await startRecorder(url);
  try {
    return await work(recorder);
  } finally {
    await recorder.close();
  }
}
