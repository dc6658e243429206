// The help beside the reserved phone: general words at first, the bank's own once it is known by
// the first digits, and the number on the card where nothing is known of the bank. Without scripts
// the general words stay; on the page of the code the bank is known to everybody.

import assert from "node:assert/strict";

import { agree, CODE, fillIn, send } from "./steps.mjs";

const HELP = "#phone-help";
const NOTHING_KNOWN = "6210190000000000000";
const ON_THE_CARD = /请拨打卡背面的客服电话/;

export const guidance = {
  name: "guidance",
  withoutScripts: true,
  async walk(visit, product) {
    const card = product.card("ok-icbc");
    await fillIn(visit, product, card);
    await visit.page.locator(`details:has(${HELP}) summary`).click();
    await visit.see(HELP);
    if (visit.scripts) await bySight(visit, card);
    else await inGeneral(visit);
    await agree(visit);
    await send(visit, CODE);

    await visit.page.locator("main details summary").click();
    await visit.see('a[href="tel:95588"]');
    await visit.stateIsSound("3-code");
    assert.match(await visit.text("main details"), /没有收到[^]*办这张卡时留给银行的手机号/);
    await visit.page.locator("a.lang").click();
    await visit.page.locator('html[lang="en"] main details summary').click();
    assert.match(await visit.text("main details"), /Customer service: 95588/);
    await visit.stateIsSound("4-code-en");
  },
};

async function bySight(visit, card) {
  const { page } = visit;
  await visit.see(`${HELP} a[href="tel:95588"]`);
  assert.match(await visit.text(HELP), /中国工商银行[^]*手机号管理[^]*以银行的说法为准/);
  await visit.stateIsSound("1-known");
  const number = page.locator("#card_number");
  await number.fill(NOTHING_KNOWN);
  await page.locator(HELP, { hasText: "浙商银行" }).waitFor();
  assert.match(await visit.text(HELP), ON_THE_CARD);
  assert.equal(await page.locator(`${HELP} a`).count(), 0, "no number that nobody knows");
  await visit.stateIsSound("2-nothing-known");
  await number.fill(card.number);
  await visit.see(`${HELP} a[href="tel:95588"]`);
}

async function inGeneral(visit) {
  assert.match(await visit.text(HELP), /不一定是您现在用的号码/);
  assert.match(await visit.text(HELP), ON_THE_CARD);
  assert.equal(await visit.page.locator(`${HELP} a`).count(), 0);
  await visit.stateIsSound("1-general");
}
