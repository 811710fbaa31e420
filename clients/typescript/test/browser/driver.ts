/** A headless Chromium with tabs, by the WebDriver protocol (W3C). */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const MISSING = 'Chromium and its driver are needed: `apt-get install chromium chromium-driver`, or what your system calls them';
/** A tab in the background is no slower than the one in front, so that all are equally in a hurry. */
const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** A running browser. */
export class Browser {
  private constructor(
    private readonly driver: ChildProcess,
    private readonly url: string,
    private session: string,
    /** The first tab, which stays. */
    private home = '',
  ) {}

  static async start(): Promise<Browser> {
    const driver = spawn('chromedriver', ['--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const failed = once(driver, 'error').then(([error]) => {
      throw new Error(`${MISSING} (chromedriver: ${String(error)})`);
    });
    const port = await Promise.race([failed, saidPort(driver)]);
    const browser = new Browser(driver, `http://127.0.0.1:${port}`, '');
    try {
      const options = { browserName: 'chrome', 'goog:chromeOptions': { args: ARGUMENTS } };
      const opened = (await browser.#ask('POST', '/session', { capabilities: { alwaysMatch: options } })) as { sessionId: string };
      browser.session = `/session/${opened.sessionId}`;
      browser.home = String(await browser.#ask('GET', `${browser.session}/window`));
    } catch (error) {
      driver.kill();
      throw new Error(MISSING, { cause: error });
    }
    return browser;
  }

  /** A new tab with this page; its script may run on after this. */
  async open(url: string): Promise<string> {
    const { handle } = (await this.#ask('POST', `${this.session}/window/new`, { type: 'tab' })) as { handle: string };
    await this.#switch(handle);
    await this.#ask('POST', `${this.session}/url`, { url });
    return handle;
  }

  /** Runs the body of an async function in a tab, and gives what it returns; what it throws is thrown. */
  async run(tab: string, body: string): Promise<unknown> {
    await this.#switch(tab);
    const script = `const done = arguments[0];
      (async () => { ${body} })().then((value) => done({ value }), (error) => done({ error: error.code ?? String(error) }));`;
    const outcome = (await this.#ask('POST', `${this.session}/execute/async`, { script, args: [] })) as {
      value?: unknown;
      error?: string;
    };
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome.value;
  }

  /** Closes a tab, whatever it is about. */
  async close(tab: string): Promise<void> {
    await this.#switch(tab);
    await this.#ask('DELETE', `${this.session}/window`);
    await this.#switch(this.home);
  }

  async end(): Promise<void> {
    await this.#ask('DELETE', this.session).catch(() => undefined);
    this.driver.kill();
  }

  async #switch(handle: string): Promise<void> {
    await this.#ask('POST', `${this.session}/window`, { handle });
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(this.url + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const { value } = (await answer.json()) as { value: { message?: string } };
    if (!answer.ok) throw new Error(`the browser refused ${path}: ${value.message?.split('\n')[0] ?? answer.status}`);
    return value;
  }
}

/** The port that the driver says it took. */
async function saidPort(driver: ChildProcess): Promise<number> {
  if (driver.stdout === null) throw new Error('chromedriver has no output');
  for await (const line of createInterface(driver.stdout)) {
    const port = /on port (\d+)/.exec(line)?.[1];
    if (port !== undefined && port !== '0') return Number(port);
  }
  throw new Error('chromedriver ended before it was ready');
}
