// Walks through the borrower's page in a real browser, on the real binary.
// Started by `cargo xtask test`; alone: node run.mjs --binary ../../target/debug/mingka
// It reads nothing but the page, the API and the sandbox bank's inbox: no database, no internals.

import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";

import { launch, Visit } from "./browser.mjs";
import { startProduct } from "./product.mjs";
import { rigChecks } from "./rig.mjs";
import { doubtful } from "./walks/doubtful.mjs";
import { form } from "./walks/form.mjs";
import { guidance } from "./walks/guidance.mjs";
import { luhn } from "./walks/luhn.mjs";
import { payment } from "./walks/payment.mjs";
import { refused } from "./walks/refused.mjs";
import { success } from "./walks/success.mjs";
import { warned } from "./walks/warned.mjs";

const WALKS = [success, refused, doubtful, warned, luhn, form, guidance, payment];
const VARIANTS = [
  { name: "375px", width: 375, height: 812, scripts: true },
  { name: "1280px", width: 1280, height: 900, scripts: true },
  { name: "375px-noscript", width: 375, height: 812, scripts: false },
  { name: "1280px-noscript", width: 1280, height: 900, scripts: false },
];

const { values: options } = parseArgs({
  options: {
    binary: { type: "string", default: "../../target/debug/mingka" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    screenshots: { type: "string", default: "../../target/screenshots" },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log("node run.mjs [--binary FILE] [--chromium FILE] [--screenshots DIR] [--only WORD]");
  console.log("--only runs the walks whose name (such as success@375px) contains the word");
  process.exit(0);
}

const counts = { passed: 0, failed: 0 };
mkdirSync(options.screenshots, { recursive: true });
const browser = await launch(options.chromium);
try {
  for (const [name, check] of rigChecks) await attempt(`rig: ${name}`, () => check(browser));
  // Two cores: two variants side by side, each with a product and a bank of its own.
  const waiting = [...VARIANTS];
  const lane = async () => {
    for (let variant = waiting.shift(); variant; variant = waiting.shift()) await walkAll(variant);
  };
  await Promise.all([lane(), lane()]);
} finally {
  await browser.close();
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

async function walkAll(variant) {
  const named = (walk) => `${walk.name}@${variant.name}`;
  const walks = WALKS.filter((walk) => variant.scripts || walk.withoutScripts)
    .filter((walk) => named(walk).includes(options.only));
  if (walks.length === 0) return;
  let product;
  try {
    product = await startProduct(options.binary);
  } catch (error) {
    for (const walk of walks) await attempt(named(walk), () => { throw error; });
    return;
  }
  try {
    for (const walk of walks) {
      await attempt(named(walk), async () => {
        const prefix = `${options.screenshots}/${variant.name}-${walk.name}`;
        const visit = await Visit.begin(browser, product.origins, variant, prefix);
        try {
          await walk.walk(visit, product);
          visit.expectNoComplaint();
        } catch (error) {
          await visit.picture("FAILED").catch(() => {});
          error.message += visit.whereItStood();
          throw error;
        } finally {
          await visit.end();
        }
      });
    }
    await attempt(`log holds no secrets@${variant.name}`, () => product.expectCleanLog());
  } finally {
    await product.stop();
  }
}

async function attempt(name, work) {
  const start = performance.now();
  const took = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    await work();
    counts.passed += 1;
    console.log(`ok      ${name} (${took()})`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED  ${name} (${took()})`);
    for (const line of String(error?.message ?? error).split("\n")) console.log(`        ${line}`);
  }
}
