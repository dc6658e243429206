// The product under test: the built binary with its sandbox bank, in a folder of its own.
// Everything is asked the way an integrating platform asks: by the documented API.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const READY_MS = 60_000;
const CODE_MS = 15_000;
const STOP_MS = 10_000;
const LOG_CHARACTERS_MAX = 10_000_000;

/** Starts `mingka sandbox` and waits for its line of JSON. */
export async function startProduct(binary) {
  const folder = mkdtempSync(join(tmpdir(), "mingka-walk-"));
  const child = spawn(binary, ["sandbox", "--data", folder, "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const product = new Product(child, folder);
  try {
    product.ready = JSON.parse(await product.firstLine());
    return product;
  } catch (error) {
    await product.stop();
    error.message += `\n${product.log.slice(-2_000)}`;
    throw error;
  }
}

class Product {
  constructor(child, folder) {
    Object.assign(this, { child, folder, log: "", secrets: new Set() });
    const keep = (text) => { if (this.log.length < LOG_CHARACTERS_MAX) this.log += text; };
    child.stderr.setEncoding("utf8").on("data", keep);
    this.lines = createInterface({ input: child.stdout });
    this.lines.on("line", (line) => { if (this.ready) keep(`${line}\n`); });
    this.ended = new Promise((ended) => {
      child.once("exit", (code, signal) => ended(`it ended: ${signal ?? code}`));
      child.once("error", (error) => ended(`it did not start: ${error.message}`));
    });
  }

  firstLine() {
    return new Promise((line, broken) => {
      const late = setTimeout(() => broken(new Error("no ready line in time")), READY_MS);
      this.lines.once("line", (text) => { clearTimeout(late); line(text); });
      this.ended.then((why) => { clearTimeout(late); broken(new Error(why)); });
    });
  }

  /** Where the page may talk to. */
  get origins() { return [new URL(this.ready.pages).origin]; }

  /** A magic card by its name. */
  card(slug) {
    const card = this.ready.cards.find((candidate) => candidate.slug === slug);
    assert.ok(card, `the sandbox has a card \`${slug}\``);
    const { number, name, id_number: id, phone } = card;
    for (const secret of [number, name, id, phone]) this.secrets.add(secret);
    return card;
  }

  /** Opens a binding session as the platform does; gives the borrower's address. */
  async session() {
    const borrower = { borrower_ref: `walk-${randomUUID()}` };
    const session = await this.call("POST", "/v1/binding-sessions", borrower);
    return session.url;
  }

  /** Asks the API as the platform does. */
  async call(method, path, body) {
    const answer = await fetch(new URL(path, this.ready.api), {
      method,
      headers: {
        authorization: `Bearer ${this.ready.api_key}`,
        "content-type": "application/json",
        ...(method === "GET" ? {} : { "idempotency-key": randomUUID() }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Binds a card by the API; gives the instrument. */
  async bound(card) {
    const { items } = await this.call("GET", "/v1/consents");
    const binding = await this.call("POST", "/v1/bindings", {
      card_number: card.number, name: card.name, id_number: card.id_number, phone: card.phone,
      consents: items.map(({ kind, version, sha256 }) => ({ kind, version, sha256 })),
    });
    const code = await this.code(card.phone);
    const confirmed = await this.call("POST", `/v1/bindings/${binding.id}/confirm`, { code });
    return confirmed.instrument;
  }

  /** Pays a loan out, while something goes wrong at the bank; gives the payment's page. */
  async disbursed(instrument, fault, link = {}) {
    if (fault) {
      const rule = { operation: "disburse", times: 1, ...fault };
      const answer = await fetch(this.ready.banks[0].faults, {
        method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify(rule),
      });
      assert.ok(answer.ok, `a fault is planned: ${answer.status} ${await answer.text()}`);
    }
    const payment = await this.call("POST", "/v1/disbursements", {
      instrument, amount_fen: 123_405, loan_ref: `walk-${randomUUID()}`,
    });
    return (await this.call("POST", `/v1/payments/${payment.id}/status-link`, link)).url;
  }

  /** The newest code the bank sent to this phone. */
  async code(phone) {
    const bank = this.ready.banks[0];
    const end = performance.now() + CODE_MS;
    while (performance.now() < end) {
      const answer = await fetch(`${bank.address}/inbox.json?phone=${phone}`);
      const { messages } = await answer.json();
      if (messages.length > 0) return messages[0].code;
      await new Promise((later) => setTimeout(later, 100));
    }
    throw new Error("no code reached the bank's inbox");
  }

  /** How many agreements the bank holds for this card, from its execution ledger. */
  async bindingCount(card) {
    const books = new URL(this.ready.banks[0].ledger);
    books.search = new URLSearchParams({ card: card.slug, kind: "agreement_opened" });
    return (await (await fetch(books)).json()).entries.length;
  }

  /** The log names no card, person or phone. */
  expectCleanLog() {
    for (const secret of this.secrets) {
      const at = this.log.indexOf(secret);
      const before = this.log.slice(Math.max(0, at - 80), at);
      assert.equal(at, -1, `the log holds a secret behind: ${before}`);
    }
  }

  async stop() {
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
    await this.ended;
    clearTimeout(late);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
