// The frontend takes its whole page away when it fails: then the page loads itself again, at most twice a minute.

import { everyTick } from "./hub.js";

const GONE_FOR_MS = 2000;
const AGAIN_AFTER_MS = 30000;
const REVIVED = "desk-revived";
let seenAt = Date.now();

everyTick(() => {
  const now = Date.now();
  if (document.querySelector("#root > *")) seenAt = now;
  if (now - seenAt < GONE_FOR_MS || now - Number(sessionStorage.getItem(REVIVED)) < AGAIN_AFTER_MS) return;
  sessionStorage.setItem(REVIVED, String(now));
  location.reload();
});
