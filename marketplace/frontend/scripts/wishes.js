// Sent without a line: pressing "Send" is a wish that stays on this device, seen and revocable, until the portal answers.
// It holds what the person checked (revision, sum, consent), so that nothing else can be sent in its place: whatever was
// changed since, the server says so and the person checks again.
import { drafts, keep } from "./copies.js";
import { here } from "./here.js";
import { call } from "./wire.js";

/** Wishes of this person that nobody has answered: [{ draft, url, body, at }]. */
export async function wishes() {
  return (await drafts())
    .filter(({ meta }) => meta.wish && !meta.wish.failed && meta.owner === here.account)
    .map(({ meta }) => ({ draft: meta.draft, ...meta.wish }));
}

/** Keeps a wish; false when this device cannot. Nothing (`null`) takes it back. */
export const wish = (draft, wanted) => keep({ draft, url: `/api/v1/drafts/${draft}`, kind: "order" }, { wish: wanted });

/** What the form would send; the token is renewed with each try. */
export function wishOf(form) {
  const answers = new URLSearchParams(new FormData(form));
  answers.delete("csrfmiddlewaretoken");
  return { draft: form.dataset.send, url: location.pathname, body: answers.toString(), at: Date.now() };
}

/** Asks the portal: "sent"; "refused" (look at the page); "later" (no answer, or not this person's session). */
export async function deliver({ draft, url, body }) {
  let answer;
  try {
    answer = await call("POST", url, {
      body,
      headers: { Accept: "text/html", "Content-Type": "application/x-www-form-urlencoded" },
    });
  } catch (error) {
    return "later";
  }
  if (answer.text.indexOf(`data-draft-done="${draft}"`) >= 0) return "sent";
  if (answer.status >= 500 || answer.status === 429) return "later";
  return answer.text.indexOf(`data-account="${here.account}"`) < 0 ? "later" : "refused";
}
