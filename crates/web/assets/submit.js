// One submit at a time; focus to the first field that needs a hand; nothing left behind when the
// page comes back from the browser's cache.

export function once(form) {
  const button = form.querySelector("button[type=submit], button:not([type])");
  let sent = false;
  form.addEventListener("submit", (event) => {
    // Sent already, or a countdown still runs.
    if (sent || button?.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      return;
    }
    sent = true;
    report(form);
    if (!button) return;
    button.dataset.words = button.textContent;
    button.textContent = document.body.dataset.working;
    button.setAttribute("aria-disabled", "true");
  });
  return function again() {
    sent = false;
    if (button?.dataset.words) button.textContent = button.dataset.words;
    button?.removeAttribute("aria-disabled");
  };
}

// What the phone says of itself: its clock and its network, before the card is blamed.
function report(form) {
  const { clock_ms, network } = form.elements;
  if (clock_ms) clock_ms.value = Date.now();
  if (!network) return;
  const slow = /2g$/.test(navigator.connection?.effectiveType ?? "");
  network.value = navigator.onLine === false ? "offline" : slow ? "weak" : "good";
}

export function focusFirst() {
  const wrong = document.querySelector("[aria-invalid=true]") ?? document.querySelector("[data-focus]");
  wrong?.focus();
}
