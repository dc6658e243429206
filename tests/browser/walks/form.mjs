// The card number field under a real keyboard: groups, caret, paste, full-width digits, an input
// method; what leaves the page while typing; and a second tap on the button.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";

import { agree, CODE, fillIn, FORM } from "./steps.mjs";

const NUMBER = "#card_number";
const TARGET_PX_MIN = 24;
const FIRST_LOAD_BYTES_MAX = 40_000;

export const form = {
  name: "form",
  withoutScripts: false,
  async walk(visit, product) {
    await light(visit, await product.session());
    await visit.see(FORM);
    await helped(visit);
    await grouping(visit);
    await pasting(visit);
    await inputMethod(visit);
    await told(visit);
    await lookUp(visit, product);
    await narrowAndTouchable(visit);
    await oneTap(visit, product);
  },
};

/** Page, style sheet and scripts together, compressed, arrive quickly on a weak network. */
async function light(visit, url) {
  const loads = [];
  const keep = (response) => loads.push(response.body().catch(() => Buffer.alloc(0)));
  visit.page.on("response", keep);
  await visit.open(url);
  await visit.page.waitForLoadState("networkidle");
  visit.page.off("response", keep);
  const bytes = (await Promise.all(loads)).reduce((sum, body) => sum + gzipSync(body).length, 0);
  assert.ok(bytes > 0 && bytes <= FIRST_LOAD_BYTES_MAX, `${bytes} compressed bytes to first load`);
}

/** Every field has a label, a purpose for autofill and a place where it will be told what to do. */
async function helped({ page }) {
  const purposes = { card_number: "cc-number", name: "name", id_number: "off", phone: "tel" };
  for (const [id, purpose] of Object.entries(purposes)) {
    const field = page.locator(`#${id}`);
    assert.match(await field.getAttribute("autocomplete"), new RegExp(purpose), `${id}: autofill`);
    assert.equal(await field.getAttribute("maxlength"), null, `${id}: nothing is cut silently`);
    assert.equal(await page.locator(`label[for="${id}"]`).count(), 1, `${id}: a label`);
    assert.equal(await page.locator(`#${id}-messages[role="alert"]`).count(), 1, `${id}: a place`);
  }
  assert.equal(await page.locator(NUMBER).getAttribute("inputmode"), "numeric");
}

/** Nothing is said while a number is typed; it is when the field is left; it goes on correction. */
async function told({ page }) {
  const field = page.locator(NUMBER);
  const said = () => page.locator("#card_number-messages").innerText();
  await field.pressSequentially("621626100000");
  assert.equal(await said(), "", "no word while typing");
  await field.press("Tab");
  await page.locator("#card_number-messages .message").waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  await field.press("End");
  await field.pressSequentially("0");
  assert.equal(await said(), "", "the word goes with the first correction");
  assert.equal(await field.getAttribute("aria-invalid"), null);
  await field.fill("");
}

async function grouping({ page }) {
  const field = page.locator(NUMBER);
  await field.pressSequentially("6216261000000000018");
  assert.equal(await field.inputValue(), "6216 2610 0000 0000 018", "groups of four");
  await caret(page, 12);
  await page.keyboard.press("Backspace");
  assert.equal(await field.inputValue(), "6216 2610 0000 0000 18", "a digit in the middle goes");
  assert.equal(await caretOf(page), 11, "the caret stays beside its digit");
  await caret(page, 10);
  await page.keyboard.press("Backspace");
  assert.equal(await field.inputValue(), "6216 2610 0000 0001 8",
    "Backspace behind a group's space deletes the digit before it");
  await field.fill("");
}

async function pasting({ page }) {
  for (const [pasted, expected] of [
    ["卡号：6216-2610-0000-0000-018，谢谢", "6216 2610 0000 0000 018"],
    ["6216\u00a02610\u200b0000 0000\n018", "6216 2610 0000 0000 018"],
    ["６２１６２６１０００００００００ ０１８", "6216 2610 0000 0000 018"],
    ["62162610000000000181234", "6216 2610 0000 0000 0181 234"],
  ]) {
    await page.locator(NUMBER).evaluate((field, text) => {
      field.focus();
      field.select();
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
      if (field.dispatchEvent(event)) document.execCommand("insertText", false, text);
    }, pasted);
    const shown = await page.locator(NUMBER).inputValue();
    assert.equal(shown, expected, `pasted ${JSON.stringify(pasted)}`);
  }
  await page.locator(NUMBER).fill("");
}

/** Nothing is touched while an input method composes; its full-width digits become plain ones. */
async function inputMethod({ page }) {
  await page.locator(NUMBER).focus();
  const keyboard = await page.context().newCDPSession(page);
  const text = "６２１６２";
  await keyboard.send("Input.imeSetComposition", { text, selectionStart: 5, selectionEnd: 5 });
  assert.equal(await page.locator(NUMBER).inputValue(), text, "left alone while composing");
  await keyboard.send("Input.insertText", { text });
  assert.equal(await page.locator(NUMBER).inputValue(), "6216 2", "plain and grouped afterwards");
  await page.locator(NUMBER).fill("");
}

/** The bank's name comes from at most ten digits; another card's number takes it away again. */
async function lookUp(visit, product) {
  const { page } = visit;
  const asked = [];
  page.on("request", (request) => {
    if (request.url().includes("/b/bin/")) asked.push(request.url());
  });
  const card = product.card("ok");
  visit.hide(card.number);
  await page.locator(NUMBER).pressSequentially(card.number);
  await page.waitForFunction(() => document.getElementById("bank-line").textContent.trim() !== "");
  assert.equal(await page.locator("#bank-line").getAttribute("aria-live"), "polite");
  for (const url of asked) {
    assert.ok(/\/b\/bin\/\d{6,10}$/.test(url), `only a prefix is asked: ${url}`);
  }
  assert.equal(new Set(asked).size, asked.length, "each prefix is asked once");
  const first = await visit.text("#bank-line");
  await page.locator(NUMBER).fill("");
  const line = (said) => document.getElementById("bank-line").textContent !== said;
  await page.waitForFunction(line, first);
}

/** 320 px wide (a 1280 px page at 400 %), and every control large enough for a finger. */
async function narrowAndTouchable(visit) {
  const { page } = visit;
  const before = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 320, `${width} px wide on 320 px`);
  const small = await page.locator("button, input:not([type=hidden]), summary, a.lang").evaluateAll(
    (controls, least) => controls.filter((control) => {
      const target = control.type === "checkbox" ? control.closest("label") : control;
      const { width, height } = target.getBoundingClientRect();
      return height > 0 && (height < least || width < least);
    }).map((control) => control.outerHTML.slice(0, 80)), TARGET_PX_MIN);
  assert.deepEqual(small, [], "controls too small for a finger");
  await page.setViewportSize(before);
}

/** Two quick taps are one submit; the number is gone when the page comes back by the button. */
async function oneTap(visit, product) {
  const { page } = visit;
  const card = product.card("ok-icbc");
  await fillIn(visit, product, card);
  await agree(visit);
  const posted = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/b/bind")) posted.push(request);
  });
  await page.locator(`${FORM} button[type="submit"]`).dblclick({ noWaitAfter: true });
  await visit.see(CODE);
  assert.equal(posted.length, 1, "two taps, one request");
  await page.goBack();
  assert.ok(!(await page.content()).includes(card.number), "no number in the page that comes back");
  const kept = page.locator(NUMBER);
  if (await kept.count()) {
    assert.equal((await kept.inputValue()).replaceAll(" ", "").includes(card.number), false,
      "the number is not in the field that comes back");
  }
}

const caret = (page, at) =>
  page.locator(NUMBER).evaluate((field, place) => field.setSelectionRange(place, place), at);
const caretOf = (page) => page.locator(NUMBER).evaluate((field) => field.selectionStart);
