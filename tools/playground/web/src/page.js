// The page: editor left, table, drawing and report right. Python starts at the first key stroke; until then what is shown was made
// when the page was built.

import { editor } from "./editor.js";
import { Engine } from "./engine.js";
import { read, written } from "./link.js";
import { make } from "./make.js";
import { drawing, head, mark, report, table } from "./panes.js";

const by = (name) => document.getElementById(name);
const start = JSON.parse(by("start").textContent);
const state = { show: "table", variant: null, line: 1, analysed: start.answer, text: start.text };

const engine = new Engine((kind, words) => {
  const status = by("status");
  status.className = kind;
  status.textContent = kind === "failed" ? `Python could not be started: ${words}` : words;
});

const write = editor(by("editor"), start.text, {
  changed: () => analyse(),
  moved: (line) => {
    state.line = line;
    mark(by("view"), line);
  },
  ask: (does, request) => engine.ask(does, request),
});

const analyse = () => {
  const began = performance.now();
  engine.latest({ text: write.text(), variant: state.variant, show: state.show }, (answer, wanted) => {
    by("view").dataset.ms = Math.round(performance.now() - began);
    if (answer.error) {
      by("status").textContent = answer.error;
      return;
    }
    state.text = wanted.text;
    render(answer);
    if (answer.findings.length && write.text() === wanted.text) repair(wanted.text, answer);
  });
};

const repair = async (text, answer) => {
  const { fixes } = await engine.ask("fixes", {});
  if (!fixes || write.text() !== text) return;
  fixes.forEach((found, at) => (answer.findings[at].fixes = found));
  write.show(answer);
};

const render = (answer) => {
  state.analysed = answer;
  if (write.text() === state.text) write.show(answer);
  head(by("head"), answer);
  problems(answer.findings);
  variants(answer.variants);
  pane(answer);
  by("view").dataset.answers = Number(by("view").dataset.answers ?? 0) + 1;
};

const pane = (answer) => {
  const place = by("view");
  place.className = answer.show;
  document.body.classList.toggle("reporting", answer.show === "report" && answer.whole);
  const reach = (line) => write.reach(line);
  if (!answer.head) place.replaceChildren(make("p", { class: "soft" }, "Nothing to show yet: the spec has no layer that can be read."));
  else if (answer.table) table(place, answer.table, reach);
  else if (answer.svg) drawing(place, answer, reach);
  else report(place, answer, answer.head.name);
  mark(place, state.line);
};

const problems = (findings) => {
  by("problems").replaceChildren(...findings.slice(0, 20).map((one) => {
    const button = make("button", { type: "button", class: one.severity },
      make("b", {}, one.severity), ` ${one.line ? `line ${one.line}: ` : ""}${one.message}`, one.hint ? make("small", {}, one.hint) : "");
    button.addEventListener("click", () => write.find(one));
    return make("li", {}, button);
  }));
};

const variants = (names) => {
  const choice = by("variant");
  if (state.variant !== null && !names.includes(state.variant)) state.variant = null;
  by("variants").hidden = !names.length;
  choice.replaceChildren(make("option", { value: "" }, "as written"), ...names.map((name) => make("option", { value: name }, name)));
  choice.value = state.variant ?? "";
};

const take = (text, variant = null) => {
  state.variant = variant;
  if (text === write.text()) analyse();
  else write.replace(text);
};

const fetched = async (entry) => entry.text ?? (await (await fetch(entry.file)).text());

const choose = async (name, variant = null) => {
  const entry = start.networks.find((one) => one.name === name);
  if (entry) take(await fetched(entry), variant);
};

// What can be chosen.

const groups = new Map();
for (const { name, group } of start.networks) {
  if (!groups.has(group)) groups.set(group, make("optgroup", { label: group }));
  groups.get(group).append(make("option", { value: name }, name.replace(/^std: /, "")));
}
by("zoo").append(...groups.values());
by("zoo").value = start.name;
by("zoo").addEventListener("change", () => choose(by("zoo").value));
by("variant").addEventListener("change", () => {
  state.variant = by("variant").value || null;
  analyse();
});

const tabs = [...document.querySelectorAll("[role=tab]")];
const turn = async (tab) => {
  tabs.forEach((one) => {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
  });
  by("view").setAttribute("aria-labelledby", tab.id);
  state.show = tab.dataset.show;
  if (state.show === state.analysed.show) return;
  by("view").classList.add("waiting");
  analyse();
};
tabs.forEach((tab, at) => {
  tab.addEventListener("click", () => turn(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    turn(next);
  });
});

by("tidy").addEventListener("click", async () => {
  const text = write.text();
  const found = await engine.ask("tidy", { text });
  if (found.error) note(found.error);
  else if (write.text() === text && found.text !== text) write.replace(found.text);
});

const note = (words) => {
  by("note").textContent = words;
  clearTimeout(note.timer);
  note.timer = setTimeout(() => (by("note").textContent = ""), 6000);
};

by("link").addEventListener("click", async () => {
  history.replaceState(null, "", await written(write.text(), state.variant));
  try {
    await navigator.clipboard.writeText(location.href);
    note("the link is copied");
  } catch {
    note("the link is in the address bar");
  }
});

// Files of other formats.

const opened = async (file) => {
  if (!file) return;
  if (file.size > 64 << 20) {
    note(`${file.name} is larger than 64 MiB`);
    return;
  }
  note(`reading ${file.name}`);
  const found = await engine.ask("convert", { name: file.name }, new Uint8Array(await file.arrayBuffer()));
  if (found.error) note(found.error);
  else {
    note(`${file.name} is a spec now; it has not left this page`);
    take(found.text);
  }
};
by("open").addEventListener("click", () => by("file").click());
by("file").addEventListener("change", () => opened(by("file").files[0]));
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", (event) => event.relatedTarget ?? document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  opened(event.dataTransfer.files[0]);
}, { capture: true });

by("calc").addEventListener("submit", async (event) => {
  event.preventDefault();
  by("answer").textContent = engine.ready ? "" : "Python is loading...";
  const found = await engine.ask("calc", { layers: by("layers").value, size: by("size").value });
  by("answer").className = found.error ? "wrong" : "";
  by("answer").textContent = found.error ?? found.text;
});

const follow = async () => {
  try {
    const found = await read(location.hash);
    if (found?.zoo) await choose(found.zoo, found.variant);
    else if (found) take(found.text, found.variant);
  } catch {
    note("the link is damaged: it holds no spec");
  }
};
addEventListener("hashchange", follow);

by("version").textContent = start.version;
render(start.answer);
follow();
if ("serviceWorker" in navigator && location.protocol.startsWith("http")) navigator.serviceWorker.register("again.js").catch(() => {});
