// Halt on its own way: a POST that waits for no script. One press, one key per press, tried three times.

import { setText } from "./dom.js";
import { state } from "./hub.js";

let key = "";

export async function halt(said, why = "pressed Halt") {
  key ||= crypto.randomUUID();
  setText(said, "halting …");
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const answer = await fetch("/halt", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ticket: state.haltTicket(), key, why }),
        signal: AbortSignal.timeout(3000),
      });
      const body = await answer.json();
      if (answer.ok) {
        key = "";
        setText(said, `halt is set: ${body.latches.join(" and ")}${body.detail ? ` (${body.detail})` : ""}`);
        setTimeout(() => setText(said, ""), 12_000);
        return;
      }
      setText(said, body.refused);
    } catch {
      setText(said, "halt did not reach the app: run python -m hedging kill");
    }
    await new Promise((wake) => setTimeout(wake, 400));
  }
}
