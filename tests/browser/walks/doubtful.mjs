// The bank binds the card and its answer is lost: the page says that the result is being confirmed,
// never that it failed, and finds out by itself. The bank has bound the card once.

import assert from "node:assert/strict";

import { agree, CODE, confirm, fillIn, send, SUCCESS, WAITING } from "./steps.mjs";

const RESOLVED_MS = 60_000;

export const doubtful = {
  name: "doubtful",
  withoutScripts: true,
  async walk(visit, product) {
    const card = product.card("lost-confirm");
    await fillIn(visit, product, card);
    await agree(visit);
    await send(visit, CODE);
    await confirm(visit, product, card);
    await visit.see(WAITING);
    await visit.stateIsSound("1-waiting");
    const text = await visit.text("main");
    assert.match(text, /确认中/, "it says that the result is being confirmed");
    assert.doesNotMatch(text, /失败|未成功/, "it never says that it failed");

    await visit.see(SUCCESS, RESOLVED_MS);
    await visit.stateIsSound("2-resolved");
    assert.equal(await product.bindingCount(card), 1, "one agreement at the bank");
  },
};
