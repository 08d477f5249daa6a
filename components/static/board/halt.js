// Stopping on its own way: a POST that waits for no script. One press, one key per press, tried three times.

import { setText } from "./dom.js";
import { state } from "./hub.js";

const SAID = {
  halt: ["halting …", "halt is set", "halt did not reach the app: run python -m hedging kill"],
  reduce: ["asking to reduce only …", "reduce only is asked", "it did not reach the app: press Halt, or run python -m hedging kill"],
  "auto off": ["switching automatic off …", "automatic off is asked", "it did not reach the app: press Halt, or run python -m hedging kill"],
};
const keys = {};

export const halt = (said, why = "pressed Halt") => stop("halt", said, why);

export async function stop(what, said, why) {
  const [trying, done, lost] = SAID[what];
  keys[what] ||= crypto.randomUUID();
  setText(said, trying);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const answer = await fetch("/halt", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ticket: state.haltTicket(), key: keys[what], why, what }),
        signal: AbortSignal.timeout(3000),
      });
      const body = await answer.json();
      if (answer.ok) {
        keys[what] = "";
        setText(said, `${done}: ${body.latches.join(" and ")}${body.detail ? ` (${body.detail})` : ""}`);
        setTimeout(() => setText(said, ""), 12_000);
        return;
      }
      setText(said, body.refused);
    } catch {
      setText(said, lost);
    }
    await new Promise((wake) => setTimeout(wake, 400));
  }
}
