// One visit to the page: a fresh browser context that complains about everything a person would
// not see: console errors, CSP violations, requests to strangers, secrets in addresses or storage.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const WAIT_MS = 15_000;

/** Debian's Chromium, told to talk to nobody. */
export function launch(executablePath) {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

export class Visit {
  /** Opens a context and a page; `origins` are the only places it may talk to. */
  static async begin(browser, origins, variant, picturePrefix) {
    const context = await browser.newContext({
      viewport: { width: variant.width, height: variant.height },
      javaScriptEnabled: variant.scripts,
      locale: "zh-CN",
      deviceScaleFactor: variant.width < 600 ? 2 : 1,
    });
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    return new Visit(context, page, origins, variant, picturePrefix);
  }

  constructor(context, page, origins, variant, picturePrefix) {
    Object.assign(this, { context, page, origins, variant, picturePrefix });
    this.complaints = [];
    this.secrets = [];
    this.requests = [];
    page.on("console", (message) => this.#console(message));
    page.on("pageerror", (error) => this.complaints.push(`script error: ${error.message}`));
    page.on("request", (request) => this.#request(request));
    page.on("response", (response) => {
      if (response.status() >= 500) this.complaints.push(`${response.status()} ${response.url()}`);
    });
  }

  #console(message) {
    if (message.type() !== "error") return;
    // A page that answers a form with its findings says 4xx, and Chromium logs that of a document.
    const text = message.text();
    if (/^Failed to load resource: .* status of 4(09|22)/.test(text)) return;
    this.complaints.push(`console: ${text}`);
  }

  #request(request) {
    const url = request.url();
    this.requests.push(`${request.method()} ${url}`);
    if (url.startsWith("data:") || url.startsWith("blob:")) return;
    const known = this.origins.includes(new URL(url).origin);
    if (!known) this.complaints.push(`asks a stranger: ${url}`);
  }

  get scripts() { return this.variant.scripts; }

  /** What must never stand in an address or in the browser's storage. */
  hide(...secrets) { this.secrets.push(...secrets); }

  async open(url) {
    const answer = await this.page.goto(url);
    assert.equal(answer.status(), 200, `GET ${url}`);
    const headers = answer.headers();
    const policy = headers["content-security-policy"] ?? "";
    assert.match(policy, /default-src|script-src/, "the page has a content security policy");
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/, "the policy allows no inline code");
    assert.match(headers["cache-control"] ?? "", /no-store/, "the page is not kept in caches");
  }

  /** Submits the form with this action and waits for the page that answers. */
  async submit(action) {
    const button = this.page.locator(`form[action="${action}"] button[type="submit"]`);
    await button.click();
    await this.page.waitForLoadState("load");
  }

  /** Waits until `selector` is seen, also over refreshes and redirects. */
  async see(selector, timeout = WAIT_MS) {
    await this.page.locator(selector).first().waitFor({ state: "visible", timeout });
  }

  async text(selector) { return (await this.page.locator(selector).first().innerText()).trim(); }

  /** Everything that must hold of every state: pictured, accessible, not wider than the screen. */
  async stateIsSound(name) {
    await this.picture(name);
    const width = await this.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= this.variant.width, `${name}: ${width} px wide on ${this.variant.width} px`);
    assert.deepEqual(await this.page.evaluate(cutOff), [], `${name}: words that are cut off`);
    await this.#axe(name);
    await this.#keepsSecrets(name);
  }

  async picture(name) {
    if (!this.picturePrefix) return;
    await this.page.screenshot({ path: `${this.picturePrefix}-${name}.png`, fullPage: true });
  }

  async #axe(name) {
    if (!this.scripts) return this.#axeOnACopy(name);
    const found = await axe(this.page);
    assert.deepEqual(found, [], `axe on ${name}`);
  }

  /** Without scripts axe cannot run in the page; it runs on the same document and style sheets. */
  async #axeOnACopy(name) {
    const context = await this.context.browser().newContext({
      viewport: this.page.viewportSize(), locale: "zh-CN", bypassCSP: true,
    });
    try {
      const copy = await context.newPage();
      const html = (await this.page.content()).replace(/<script\b[^>]*><\/script>/g, "")
        .replace(/<noscript>[^]*?<\/noscript>/g, "");
      const url = this.page.url();
      await copy.route(url, (route) => route.fulfill({ contentType: "text/html", body: html }));
      await copy.goto(url);
      assert.deepEqual(await axe(copy), [], `axe on ${name}, without scripts`);
    } finally {
      await context.close();
    }
  }

  async #keepsSecrets(name) {
    const stored = this.scripts
      ? await this.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
      : "";
    const cookies = JSON.stringify(await this.context.cookies());
    const places = { address: this.page.url(), storage: stored, cookies };
    for (const [place, text] of Object.entries(places)) {
      for (const secret of this.secrets) {
        assert.ok(!decodeURIComponent(text).includes(secret), `${name}: a secret in the ${place}`);
      }
    }
  }

  /** Fails on whatever was complained about during the visit. */
  expectNoComplaint() {
    assert.deepEqual(this.complaints, [], "console, CSP, requests");
    for (const line of this.requests) {
      const found = this.secrets.some((secret) => decodeURIComponent(line).includes(secret));
      assert.ok(!found, "a secret in an address");
    }
  }

  whereItStood() {
    const complaints = this.complaints.map((complaint) => `\n! ${complaint}`).join("");
    return `\nat ${this.page.url()}${complaints}`;
  }

  async end() { await this.context.close(); }
}

/** Runs in the page: words that reach beyond a box which hides what is too much. */
function cutOff() {
  const found = [];
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    if (!node.data.trim()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const words = range.getBoundingClientRect();
    for (let box = node.parentElement; box && words.width > 1; box = box.parentElement) {
      if (!["hidden", "clip"].includes(getComputedStyle(box).overflowX)) continue;
      const { left, right, width } = box.getBoundingClientRect();
      // What is one pixel wide is meant for a screen reader alone.
      if (width > 1 && (words.right > right + 1 || words.left < left - 1)) {
        found.push(`${node.data.trim().slice(0, 40)} in .${box.className}`);
      }
    }
  }
  return found;
}

async function axe(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: { type: "tag", values: tags },
    });
    return violations.map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  }, WCAG_22_AA);
}
