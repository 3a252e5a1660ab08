// Proxies of the environment. Both runtimes send requests for loopback addresses through them too, and with them what
// is in their headers.

const VARIABLES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] as const;

/**
 * From now on no request of this process goes through a proxy. Both runtimes look at the environment when they send.
 */
export function ignoreProxies(): void {
  for (const name of VARIABLES) delete process.env[name];
}

/** Whether a URL's host is this machine itself, which no proxy could reach. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  // As URL writes them: four numbers, and the shortest form in brackets; the last is one of the first in another form.
  return /^(?:127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]|\[::ffff:0:0\])$/.test(name);
}
