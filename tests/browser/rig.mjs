// Does the rig bite? Pages with one planted fault each, on a server of our own: a rig that finds
// nothing proves nothing.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { Visit } from "./browser.mjs";

const POLICY = "default-src 'self'";
const page = (body, head = "") =>
  `<!doctype html><html lang="zh"><head><title>T</title>${head}</head>` +
  `<body><main>${body}</main></body></html>`;

const PAGES = {
  "/sound": page("<h1>好</h1>"),
  "/inline-script": page("<h1>好</h1><script>1</script>"),
  "/inline-style": page("<h1 style='color:red'>好</h1>"),
  "/stranger": page("<h1>好</h1><img alt='' src='http://127.0.0.2:9/a.png'>"),
  "/no-label": page("<h1>好</h1><input>"),
  "/wide": page("<h1>好</h1><table><tr><td>" + "W".repeat(400) + "</td></tr></table>"),
  "/cut-off": page("<h1>好</h1><p class='c'>" + "W".repeat(90) + "</p>",
    "<link rel='stylesheet' href='/cut.css'>"),
  "/script-error": page("<h1>好</h1>", "<script src='/broken.js'></script>"),
};

const FILES = {
  "/broken.js": ["text/javascript", "throw new Error('planted')"],
  "/cut.css": ["text/css", ".c { overflow: hidden; white-space: nowrap }"],
};

const FOUND = [
  ["a sound page passes", "/sound", null],
  ["an inline style is found", "/inline-style", /Content Security Policy/i],
  ["a request to a stranger is found", "/stranger", /asks a stranger/],
  ["an input without label is found", "/no-label", /label/],
  ["words that are cut off are found", "/cut-off", /cut off/],
  ["a page wider than the screen is found", "/wide", /px wide/],
];

/** [name, check(browser)] for each planted fault, with and without scripts. */
export const rigChecks = [
  ...[true, false].flatMap((scripts) => FOUND.map(([name, path, expected]) => [
    `${name}${scripts ? "" : ", without scripts"}`,
    (browser) => look(browser, path, expected, scripts),
  ])),
  ["an inline script is found",
    (browser) => look(browser, "/inline-script", /Content Security Policy/i, true)],
  ["a script's error is found", (browser) => look(browser, "/script-error", /planted/, true)],
  ["a secret in the address is found",
    (browser) => look(browser, "/sound?card=6216261000000000018", /secret in the address/, true)],
  ["a policy with unsafe-inline is found",
    (browser) => look(browser, "/sound", /inline/, true, "default-src 'self' 'unsafe-inline'")],
];

async function look(browser, path, expected, scripts, policy = POLICY) {
  const server = createServer((request, response) => {
    const name = new URL(request.url, "http://x").pathname;
    const [type, text] = FILES[name] ?? ["text/html; charset=utf-8", PAGES[name]];
    response.writeHead(text ? 200 : 204, {
      "content-type": type,
      "content-security-policy": policy,
      "cache-control": "no-store",
    });
    response.end(text ?? "");
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const variant = { name: "rig", width: 375, height: 600, scripts };
  const visit = await Visit.begin(browser, [origin], variant, null);
  visit.hide("6216261000000000018");
  let found = "";
  try {
    await visit.open(origin + path);
    await visit.stateIsSound("planted");
    visit.expectNoComplaint();
  } catch (error) {
    found = `${error.message}${visit.whereItStood()}`;
  } finally {
    await visit.end();
    server.closeAllConnections?.();
    server.close();
  }
  if (expected) assert.match(found, expected);
  else assert.equal(found, "");
}
