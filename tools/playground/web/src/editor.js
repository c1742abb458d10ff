// The editor: YAML with the engine's findings, repairs, completions, texts, and numbers beside the lines.

import { autocompletion, completionKeymap, pickedCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers, WidgetType,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { make, prose } from "./make.js";

class Beside extends WidgetType {
  constructor(words, kind) {
    super();
    Object.assign(this, { words, kind });
  }
  eq(other) {
    return this.words === other.words && this.kind === other.kind;
  }
  toDOM() {
    return make(this.kind === "lens" ? "div" : "span", { class: this.kind }, this.words);
  }
  ignoreEvent() {
    return false;
  }
}

const put = StateEffect.define();
const numbers = StateField.define({
  create: () => Decoration.none,
  update(now, transaction) {
    let next = now.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(put)) next = effect.value;
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--key)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--text)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--soft)" },
]);

const KINDS = { operator: "function", block: "class", argument: "property", modifier: "keyword", key: "keyword", label: "variable",
  variable: "variable", function: "function", word: "enum", metric: "constant", code: "constant" };

export const editor = (parent, text, { changed, moved, ask }) => {
  const complete = async (context) => {
    const word = context.matchBefore(/[\w$.]*/);
    if (!context.explicit && word.from === word.to && !/[:\s{,[]$/.test(context.state.sliceDoc(Math.max(0, context.pos - 1), context.pos))) return null;
    const found = await ask("complete", { text: context.state.doc.toString(), at: context.pos });
    if (context.aborted || found.error || !found.options.length) return null;
    const options = found.options.map((one, place) => ({
      label: one.label, type: KINDS[one.kind] ?? "text", detail: one.detail, boost: -place,
      info: one.info ? () => prose(one.info) : undefined,
      apply: (view, completion, from, to) => {
        view.dispatch({ changes: { from, to, insert: one.insert }, selection: { anchor: from + one.insert.length },
          annotations: pickedCompletion.of(completion) });
      },
    }));
    return { from: found.from, options, filter: false };
  };
  const said = hoverTooltip(async (view, at) => {
    const found = await ask("hover", { at });
    if (!found.text) return null;
    return { pos: found.from, end: found.to, above: false, create: () => ({ dom: make("div", { class: "said" }, prose(found.text)) }) };
  }, { hoverTime: 400 });
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        highlightActiveLine(), highlightSelectionMatches(), lintGutter(), yaml(), syntaxHighlighting(colours), numbers, said,
        autocompletion({ override: [complete], activateOnTypingDelay: 150, maxRenderedOptions: 60 }),
        EditorState.tabSize.of(2), EditorView.contentAttributes.of({ "aria-label": "the spec, YAML; Escape, then Tab leaves it", tabindex: "0" }),
        keymap.of([...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.doc.toString());
          if (update.selectionSet || update.docChanged) moved(update.state.doc.lineAt(update.state.selection.main.head).number);
        }),
      ],
    }),
  });
  const within = (at) => Math.min(Math.max(0, at), view.state.doc.length);
  return {
    view,
    text: () => view.state.doc.toString(),
    replace: (words) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: words }, selection: { anchor: 0 }, scrollIntoView: true }),
    reach: (line) => {
      const place = view.state.doc.line(Math.min(line, view.state.doc.lines));
      view.dispatch({ selection: { anchor: place.from }, effects: EditorView.scrollIntoView(place.from, { y: "center" }) });
    },
    find: (finding) => {
      view.dispatch({ selection: { anchor: within(finding.from), head: within(finding.to) }, effects: EditorView.scrollIntoView(within(finding.from), { y: "center" }) });
      view.focus();
    },
    show: ({ findings, hints, lenses }) => {
      const doc = view.state.doc;
      const marks = hints.map(([at, words, old]) =>
        Decoration.widget({ widget: new Beside(words, old ? "beside old" : "beside"), side: 1 }).range(doc.lineAt(within(at)).to));
      for (const [line, words] of lenses)
        if (line <= doc.lines) marks.push(Decoration.widget({ widget: new Beside(words, "lens"), block: true, side: -1 }).range(doc.line(line).from));
      view.dispatch({ effects: put.of(Decoration.set(marks, true)) });
      view.dispatch(setDiagnostics(view.state, findings.map((one) => ({
        from: within(one.from), to: Math.max(within(one.from), within(one.to)), severity: one.severity, source: one.code,
        message: one.hint ? `${one.message}\n${one.hint}` : one.message,
        actions: (one.fixes ?? []).map((fix) => ({
          name: fix.title,
          apply: () => view.dispatch({ changes: fix.edits.map(([from, to, insert]) => ({ from, to, insert })) }),
        })),
      }))));
    },
  };
};
