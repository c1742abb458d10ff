// The worker as the page sees it: made at the first question, asked one thing after the other; of texts only the last counts.

export class Engine {
  #worker = null;
  #waiting = new Map();
  #next = 1;
  #busy = false;
  #wanted = null;
  ready = false;

  constructor(said) {
    this.said = said;
  }

  get started() {
    return this.#worker !== null;
  }

  start() {
    if (this.#worker) return;
    this.said("loading", "loading Python (once, 7 MB)");
    this.#worker = new Worker("worker.js", { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.#heard(data));
    this.#worker.addEventListener("error", (event) => this.said("failed", event.message || "the worker could not be started"));
  }

  #heard(data) {
    if (data.said) this.said("loading", data.said);
    else if (data.failed) this.said("failed", data.failed);
    else if (data.ready) {
      this.ready = true;
      this.said("ready", "");
    } else {
      const tell = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      tell(data.answer);
    }
  }

  ask(does, request, data) {
    this.start();
    const id = this.#next++;
    return new Promise((tell) => {
      this.#waiting.set(id, tell);
      this.#worker.postMessage({ id, does, request, data });
    });
  }

  // While one text is analysed, others wait, and the last of them is the next.
  async latest(request, tell) {
    this.#wanted = [request, tell];
    if (this.#busy) return;
    this.#busy = true;
    while (this.#wanted) {
      const [wanted, then] = this.#wanted;
      this.#wanted = null;
      const answer = await this.ask("analyse", wanted);
      if (!this.#wanted || wanted.text === this.#wanted[0].text) then(answer, wanted);
    }
    this.#busy = false;
  }
}
