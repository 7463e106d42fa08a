// One photo to /api/v1/drafts/{id}/files/{id}, in pieces: after any cut the server is asked where to go on.
import { call, retryAfter } from "./wire.js";

const FIRST = 64 * 1024;
const LEAST = 16 * 1024;
const MOST = 128 * 1024;
const QUICK = 2000;
const SLOW = 8000;
const TIMEOUT = 60000; // 16 KB take ten seconds over the slowest lines

function reasonOf(answer) {
  try {
    const problem = JSON.parse(answer.text);
    return (problem.errors[0] && problem.errors[0].message) || problem.title;
  } catch (error) {
    return "";
  }
}

const offsetOf = (answer) => Number(answer.headers.get("Upload-Offset"));
const isWhole = (answer) => answer.headers.get("Upload-Complete") === "?1";

/**
 * Sends what the server has not got. The outcome: { kind, … } with kind
 *   saved (at) · refused (reason: never in this form) · signin, later (wait: ms that the server named) · stopped
 * `onProgress(bytes)` hears what was acknowledged, `isStopped()` ends it between two pieces.
 */
export async function upload(record, onProgress, isStopped) {
  const url = `${record.url}/${record.id}`;
  const { blob } = record;
  let size = FIRST;
  try {
    let answer = await call("HEAD", url);
    let offset = answer.status === 200 ? offsetOf(answer) : 0;
    let jumps = 0;
    if (answer.status === 200 && isWhole(answer)) return saved(answer);
    if (answer.status !== 200 && answer.status !== 404) return outcome(answer);
    while (!isStopped()) {
      onProgress(offset);
      const begun = Date.now();
      answer = await call("PUT", url, {
        body: blob.slice(offset, offset + size),
        headers: {
          "Content-Type": "application/octet-stream",
          "Upload-Offset": offset,
          "Upload-Length": blob.size,
          "Upload-Type": blob.type || record.type,
          "Upload-Name": encodeURIComponent(record.name),
        },
        timeout: TIMEOUT,
      });
      if (answer.status === 409 && answer.headers.get("Upload-Offset") !== null && jumps < 5) {
        jumps += 1; // another tab sends the same photo
        offset = offsetOf(answer);
        continue;
      }
      if (answer.status !== 204) return outcome(answer);
      offset = offsetOf(answer);
      if (isWhole(answer)) return saved(answer);
      const took = Date.now() - begun;
      if (took < QUICK) size = Math.min(MOST, size * 2);
      else if (took > SLOW) size = Math.max(LEAST, size / 2);
    }
    return { kind: "stopped" };
  } catch (error) {
    return { kind: "later", wait: 0 };
  }
}

const saved = (answer) => ({ kind: "saved", at: Date.parse(answer.headers.get("Date")) || Date.now() });

function outcome(answer) {
  if (answer.status === 401 || answer.status === 403) return { kind: "signin", wait: retryAfter(answer.headers) };
  if ([400, 409, 413, 422].indexOf(answer.status) >= 0) return { kind: "refused", reason: reasonOf(answer) };
  // 404: the draft itself may still wait on this device; anything else: not now.
  return { kind: "later", wait: retryAfter(answer.headers) };
}

/** Takes a photo out of the draft; true when it is not there any more. */
export async function removeFromServer(record) {
  try {
    const answer = await call("DELETE", `${record.url}/${record.id}`);
    return answer.status === 204 || answer.status === 404;
  } catch (error) {
    return false;
  }
}
