// The worker: starts Python when it is made, then answers one request after the other.

import { loadPyodide } from "./python/pyodide.mjs";
import { boot } from "./boot.js";

const read = async (name) => {
  const answer = await fetch(new URL(name, self.location.href));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.arrayBuffer();
};
const said = (words) => self.postMessage({ said: words });
const started = boot(loadPyodide, { indexURL: new URL("python/", self.location.href).href }, read, said);
started.then(
  () => self.postMessage({ ready: true }),
  (error) => self.postMessage({ failed: String(error) })
);

let last = started.catch(() => null);
self.addEventListener("message", ({ data: { id, does, request, data } }) => {
  last = last.then(async () => {
    const answer = await started.catch(() => null);
    if (answer === null) return;
    try {
      self.postMessage({ id, answer: answer(does, request, data) });
    } catch (error) {
      self.postMessage({ id, answer: { error: `cnncalc made a mistake: ${String(error).trim().split("\n").pop()}` } });
    }
  });
});
