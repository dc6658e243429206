// What changes by itself: the resend timer, and the state of what waits for its bank.

/** Counts down to a moment the server named, from the server's own clock, not the phone's. */
export function resendTimer(button) {
  const words = button.textContent;
  const end = performance.now() + Number(button.dataset.seconds) * 1000;
  function tick() {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      button.setAttribute("aria-disabled", "true");
      const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      button.textContent = button.dataset.words.replace("{s}", String(left)).replace("{t}", clock);
      setTimeout(tick, 1000);
    } else {
      button.removeAttribute("aria-disabled");
      button.textContent = words;
    }
  }
  tick();
}

/** Looks until the state is another one, then shows the new page. Events first, asking as well. */
export function watch(state, home) {
  const beside = home.endsWith("/") ? home : `${home}/`;
  let pause = 1500;
  let done = false;
  function renew() {
    if (done) return;
    done = true;
    source?.close();
    location.replace(home);
  }
  async function ask() {
    if (done) return;
    try {
      const asked = { credentials: "same-origin", cache: "no-store" };
      const answer = await fetch(`${beside}state`, asked);
      if (answer.ok && (await answer.json()).state !== state) { renew(); return; }
    } catch { /* Offline for a moment: ask again. */ }
    pause = Math.min(pause * 1.4, 15000);
    setTimeout(ask, pause);
  }
  const source = "EventSource" in window ? new EventSource(`${beside}events`) : null;
  source?.addEventListener("state", (event) => { if (event.data !== state) renew(); });
  setTimeout(ask, pause);
}
