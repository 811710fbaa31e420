/** A site that hands `/v1/` and the console on to Jeton, as a reverse proxy does, and serves a page with the compiled client. */

import { readFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { URL as SERVER } from '../real/world.js';

/** Each tab refreshes when it is told to, as often as it is told to. */
const PAGE = `<!doctype html><title>A page</title><script type="module">
  import { JetonClient } from '/client/index.js';
  const transport = new URLSearchParams(location.search).get('transport');
  const patience = { firstPause: 10, longestPause: 500, total: 30000 };
  window.jeton = new JetonClient({ transport, timeout: 1000, patience });
  window.heard = [];
  jeton.subscribe((state) => heard.push(state.signedIn ? 'in' : state.reason));
  window.refreshed = 0;
  window.failed = [];
  window.stored = async () => { const { browserStorage } = await import('/client/index.js'); return browserStorage().get(transport === 'cookie' ? 'jeton.cookie' : 'jeton'); };
  const told = new BroadcastChannel('refresh');
  told.onmessage = async ({ data: times }) => {
    for (let time = 0; time < times; time += 1) {
      try { await jeton.refresh(); refreshed += 1; } catch (error) { failed.push(error.code ?? String(error)); }
    }
  };
  window.everybody = (times) => { told.postMessage(times); told.onmessage({ data: times }); };
</script>`;

const COMPILED = new URL('../../src/', import.meta.url);

export class Site {
  /** The refreshes that were sent, with which keys, and how many were on their way at once, at most. */
  sent = 0;
  readonly keys: unknown[] = [];
  mostAtOnce = 0;
  /** Refreshes are done, and their answers kept back. */
  silent = false;
  #atOnce = 0;
  readonly #server: Server;

  private constructor(
    private readonly jeton: URL,
    private readonly issuer: string,
  ) {
    this.#server = createServer((asked, answer) => {
      this.#serve(asked, answer).catch(() => answer.destroy());
    });
  }

  /** `jeton` is where requests go, `issuer` the origin that Jeton takes for its own. */
  static async start(jeton: string, issuer: string, port = 0): Promise<Site> {
    const site = new Site(new URL(jeton), issuer);
    await new Promise<void>((resolve) => site.#server.listen(port, '127.0.0.1', resolve));
    return site;
  }

  /** Browsers trust `localhost` as they trust TLS: Web Locks and `__Host-` cookies are there. */
  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  end(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname } = new URL(asked.url ?? '/', this.origin);
    if (pathname.startsWith('/v1/')) {
      this.#pass(asked, answer, this.jeton, asked.url);
    } else if (pathname === '/the-console' || pathname.startsWith('/console/')) {
      // Its files are not what gets lost.
      this.#pass(asked, answer, new URL(SERVER), pathname === '/the-console' ? '/' : asked.url);
    } else if (/^\/client\/\w+\.js$/.test(pathname)) {
      const source = await readFile(new URL(pathname.slice('/client/'.length), COMPILED));
      answer.writeHead(200, { 'content-type': 'text/javascript' }).end(source);
    } else {
      answer.writeHead(pathname === '/' ? 200 : 404, { 'content-type': 'text/html' }).end(PAGE);
    }
  }

  #pass(asked: IncomingMessage, answer: ServerResponse, { hostname, port, host }: URL, path: string | undefined): void {
    if (asked.url === '/v1/refresh') {
      this.sent += 1;
      this.keys.push(asked.headers['idempotency-key']);
      this.#atOnce += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
      answer.once('close', () => {
        this.#atOnce -= 1;
      });
    }
    // The browser's own word that the request comes from this site's page is left as it is; the names differ.
    const headers = { ...asked.headers, host, ...(asked.headers.origin === this.origin && { origin: this.issuer }) };
    const onward = request({ hostname, port, path, method: asked.method, headers }, (answered) => {
      if (this.silent && asked.url === '/v1/refresh') {
        answered.resume();
        return;
      }
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.on('error', () => answer.destroy());
      answered.on('aborted', () => answer.destroy());
      answered.pipe(answer);
    });
    // What is lost behind the site is lost before it.
    onward.on('error', () => answer.destroy());
    answer.once('close', () => onward.destroy());
    asked.pipe(onward);
  }
}
