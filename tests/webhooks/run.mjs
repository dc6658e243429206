// Real deliveries of the real binary, verified by the official Standard Webhooks libraries for
// JavaScript (here) and Python (verify.py), which must take them as they came and refuse each one
// that was changed. Started by `cargo xtask test`; alone:
// node run.mjs --binary ../../target/debug/mingka --python ../../target/webhooks/venv/bin/python

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { startProduct } from "../browser/product.mjs";

const ARRIVES_MS = 30_000;

const { values: options } = parseArgs({
  options: {
    binary: { type: "string", default: "../../target/debug/mingka" },
    python: { type: "string", default: "../../target/webhooks/venv/bin/python" },
  },
});

const counts = { passed: 0, failed: 0 };
const folder = mkdtempSync(join(tmpdir(), "mingka-webhooks-"));
const endpoint = await listen();
const product = await startProduct(options.binary);
try {
  const { cases, told } = await deliveries();
  for (const one of cases) {
    await attempt(`javascript: ${one.name}`, () => inJavaScript(one));
  }
  const file = join(folder, "cases.json");
  writeFileSync(file, JSON.stringify(cases));
  inPython(file);
  await attempt("what is told names nobody", () => {
    for (const secret of product.secrets) {
      assert.ok(!told.some(({ body }) => body.includes(secret)), "a clear value was told");
    }
  });
  await attempt("the log holds no secret", () => product.expectCleanLog());
} finally {
  await product.stop();
  endpoint.server.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

/** An endpoint that keeps the very bytes it was sent. */
async function listen() {
  const arrivals = [];
  const server = createServer((request, answer) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      arrivals.push({ headers: { ...request.headers }, body });
      answer.writeHead(204).end();
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${server.address().port}/mingka`;
  return { server, url, arrivals };
}

/** The first arrival that fits, from the place given on. */
async function arrival(fits, from = 0) {
  const end = performance.now() + ARRIVES_MS;
  while (performance.now() < end) {
    const found = endpoint.arrivals.slice(from).find(fits);
    if (found) return found;
    await new Promise((later) => setTimeout(later, 50));
  }
  const seen = endpoint.arrivals.map(({ body }) => JSON.parse(body).type);
  throw new Error(`it does not arrive; what arrived: ${seen.join(", ")}`);
}

function isOfType(type) {
  return ({ body }) => JSON.parse(body).type === type;
}

/** What the libraries are given: as it came with each secret that is valid, and changed. */
async function deliveries() {
  const made = await product.call("POST", "/v1/webhook-endpoints", { url: endpoint.url });
  const path = `/v1/webhook-endpoints/${made.endpoint.id}`;
  for (const secret of [made.secret]) product.secrets.add(secret);

  const card = product.card("ok");
  await product.bound(card);
  const told = [];
  for (const type of ["binding.awaiting_code", "binding.active", "instrument.active"]) {
    told.push(await arrival(isOfType(type)));
  }
  const rotated = await product.call("POST", `${path}/rotate-secret`, {});
  product.secrets.add(rotated.secret);
  const before = endpoint.arrivals.length;
  await product.call("POST", `${path}/trial`, {});
  const trial = await arrival(isOfType("endpoint.trial"), before);

  const as = (name, { headers, body }, secret, valid) => ({
    name, body, secret, valid,
    headers: Object.fromEntries(
      Object.entries(headers).filter(([header]) => header.startsWith("webhook-")),
    ),
  });
  const event = told[1];
  const wrong = (headers) => ({ headers: { ...event.headers, ...headers }, body: event.body });
  const late = String(Number(event.headers["webhook-timestamp"]) + 1);
  const body = (text) => ({ headers: event.headers, body: text });
  const cases = [
    ...told.map((one) => as(`as it came: ${JSON.parse(one.body).type}`, one, made.secret, true)),
    as("while secrets change, with the old one", trial, made.secret, true),
    as("while secrets change, with the new one", trial, rotated.secret, true),
    as("signed before the change, with the new secret", event, rotated.secret, false),
    as("a body with one space more", body(`${event.body} `), made.secret, false),
    as("another state", body(event.body.replace('"active"', '"refused"')), made.secret, false),
    as("another id", wrong({ "webhook-id": "evt_0" }), made.secret, false),
    as("another moment", wrong({ "webhook-timestamp": late }), made.secret, false),
    as("another's signature", wrong({
      "webhook-signature": trial.headers["webhook-signature"],
    }), made.secret, false),
    as("no signature", wrong({ "webhook-signature": "" }), made.secret, false),
  ];
  return { cases, told: endpoint.arrivals };
}

function inJavaScript({ headers, body, secret, valid }) {
  const verify = () => new Webhook(secret).verify(body, headers);
  if (valid) assert.equal(verify().type, JSON.parse(body).type);
  else assert.throws(verify, WebhookVerificationError);
}

function inPython(file) {
  const ran = spawnSync(options.python, ["verify.py", file], { encoding: "utf8" });
  if (ran.error) throw ran.error;
  process.stderr.write(ran.stderr);
  for (const line of ran.stdout.split("\n").filter(Boolean)) {
    console.log(line);
    if (line.startsWith("ok ")) counts.passed += 1;
    else counts.failed += 1;
  }
  assert.equal(ran.status, 0, "verify.py ran to its end");
}

async function attempt(name, work) {
  try {
    await work();
    counts.passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED  ${name}: ${error?.message ?? error}`);
  }
}
