"""`cnncalc lsp`, asked by a client over its standard input and output, as an editor does."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnncalc.api import analyze
from cnncalc.editor.text import edited
from cnncalc.values.diagnostics import SpecError

pytest.importorskip("pygls.lsp.server", reason="pygls 2 is not installed")

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

pytestmark = pytest.mark.process
SPECS = Path(__file__).parents[2] / "specs"
NET = """\
cnncalc: 1
input: [3, 32, 32]
vars: {width: 16}
blocks:
  twice:
    params: {out: }
    layers:
      - {conv: {out: out, kernel: 3, padding: 1, bias: false}, repeat: 2}
      - relu
layers:
  - {conv: {out: width, kernel: 3}, as: été}
  - {twice: width, as: a}
  - global_avg_pool
  - flatten
  - linear: 10
budgets: {params: 1k}
""".replace("été", "stem")


class Client(LanguageClient):
    """An editor that remembers what it is told."""

    def __init__(self) -> None:
        super().__init__("test", "1")
        self.told: dict[str, list[types.Diagnostic]] = {}
        self.fresh: set[str] = set()
        self.news = asyncio.Event()
        self.strokes = 0

        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = list(params.diagnostics)
            self.fresh.add(params.uri)
            self.news.set()

        def refresh(_: Any) -> None:
            return None

        self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(publish)
        self.feature(types.WORKSPACE_INLAY_HINT_REFRESH)(refresh)

    def open(self, uri: str, text: str, language: str = "yaml") -> None:
        self.fresh.discard(uri)
        item = types.TextDocumentItem(uri, language, 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, text: str) -> None:
        self.fresh.discard(uri)
        self.strokes += 1
        identifier = types.VersionedTextDocumentIdentifier(self.strokes, uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))

    async def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        while uri not in self.fresh:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 120)
        return self.told[uri]


@asynccontextmanager
async def editor(folder: Path | None = None, **options: Any) -> AsyncIterator[Client]:
    client = Client()
    await client.start_io(sys.executable, "-m", "cnncalc", "lsp")
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(
            inlay_hint=types.InlayHintWorkspaceClientCapabilities(refresh_support=True)
        )
    )
    folders = [types.WorkspaceFolder(folder.as_uri(), "it")] if folder is not None else None
    await client.initialize_async(types.InitializeParams(
        capabilities=capabilities, workspace_folders=folders,
        initialization_options={"debounce": 0, **options}))  # fmt: skip
    client.initialized(types.InitializedParams())
    try:
        yield client
    finally:
        await asyncio.wait_for(client.shutdown_async(None), 30)
        client.exit(None)
        await client.stop()  # type: ignore[no-untyped-call]


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 1_800))


def place(text: str, word: str, number: int = 1) -> types.Position:
    offset = -1
    for _ in range(number):
        offset = text.index(word, offset + 1)
    before = text[:offset]
    return types.Position(before.count("\n"), offset - (before.rfind("\n") + 1))


def at(uri: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)


def everything(text: str) -> types.Range:
    return types.Range(types.Position(0, 0), types.Position(text.count("\n") + 1, 0))


URI = "file:///nowhere/net.yaml"


def test_a_client_is_answered() -> None:
    """Every feature once, on one file."""

    async def session() -> None:
        async with editor() as client:
            client.open(URI, NET)
            (finding,) = await client.diagnostics(URI)
            assert (finding.source, finding.code) == ("cnncalc check", "over-budget")
            assert finding.range.start.line == 15
            hints = await client.text_document_inlay_hint_async(types.InlayHintParams(at(URI), everything(NET)))
            assert hints is not None
            shown = {hint.position.line: hint.label for hint in hints}
            assert shown[10] == "-> 16x30x30  rf 3  389 k"
            assert shown[11] == "-> 16x30x30  rf 7  4.15 M"
            hover = await client.text_document_hover_async(types.HoverParams(at(URI), place(NET, "conv", 2)))
            assert hover is not None
            assert isinstance(hover.contents, types.MarkupContent)
            assert "macs = k*k*C_in/g*C_out*H'*W' = 3*3*3/1*16*30*30 = 388,800" in hover.contents.value
            lenses = await client.text_document_code_lens_async(types.CodeLensParams(at(URI)))
            assert lenses is not None
            assert [lens.command and lens.command.title for lens in lenses] == [
                "7 layers, 5.23 k params, 4.54 M MACs, rf 7", "1 call, 4.61 k params, 4.15 M MACs"]  # fmt: skip
            there = await client.text_document_definition_async(
                types.DefinitionParams(at(URI), place(NET, "twice", 2)))  # fmt: skip
            assert isinstance(there, types.Location)
            assert there.range.start == place(NET, "twice")
            found = await client.text_document_references_async(types.ReferenceParams(
                types.ReferenceContext(include_declaration=False), at(URI), place(NET, "width")))  # fmt: skip
            assert found is not None
            assert [one.range.start for one in found] == [place(NET, "width", 2), place(NET, "width", 3)]
            symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(at(URI)))
            assert symbols is not None
            assert [one.name for one in symbols] == ["input", "vars", "blocks", "layers", "budgets"]
            folds = await client.text_document_folding_range_async(types.FoldingRangeParams(at(URI)))
            assert folds is not None
            assert (9, 14) in {(fold.start_line, fold.end_line) for fold in folds}
            tokens = await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(at(URI)))
            assert tokens is not None
            assert len(tokens.data) % 5 == 0
            assert tokens.data

    run(session)


def test_a_name_gets_another_one_and_a_text_its_form() -> None:
    async def session() -> None:
        async with editor() as client:
            client.open(URI, NET)
            await client.diagnostics(URI)
            prepared = await client.text_document_prepare_rename_async(
                types.PrepareRenameParams(at(URI), place(NET, "twice", 2)))  # fmt: skip
            assert isinstance(prepared, types.Range)
            change = await client.text_document_rename_async(
                types.RenameParams(at(URI), place(NET, "twice", 2), "double"))  # fmt: skip
            assert change is not None
            assert change.changes is not None
            assert applied(NET, change.changes[URI]) == NET.replace("twice", "double")
            with pytest.raises(JsonRpcException, match="is the name of an operator"):
                await client.text_document_rename_async(types.RenameParams(at(URI), place(NET, "twice"), "conv"))
            with pytest.raises(JsonRpcException, match="no label, block"):
                await client.text_document_prepare_rename_async(
                    types.PrepareRenameParams(at(URI), place(NET, "kernel")))  # fmt: skip
            ugly = NET.replace("{width: 16}", "{ width:   16 }   # how wide")
            client.change(URI, ugly)
            options = types.FormattingOptions(2, insert_spaces=True)
            edits = await client.text_document_formatting_async(types.DocumentFormattingParams(at(URI), options))
            assert edits is not None
            assert applied(ugly, edits) == NET.replace("{width: 16}", "{width: 16}  # how wide")
            client.change(URI, NET.replace("[3, 32, 32]", "[3,  # channels\n  32, 32]  # size"))
            with pytest.raises(JsonRpcException, match="behind another one"):
                await client.text_document_formatting_async(types.DocumentFormattingParams(at(URI), options))

    run(session)


def applied(text: str, edits: Any) -> str:
    """Return a text after a client's edits; all of it is ASCII."""
    from cnncalc.editor.text import Edit, TextRange

    own = [Edit(TextRange(e.range.start.line + 1, e.range.start.character + 1, e.range.end.line + 1,
                      e.range.end.character + 1), e.new_text) for e in edits]  # fmt: skip
    return edited(text, own)


def test_a_mistake_is_told_while_one_types_and_repaired() -> None:
    async def session() -> None:
        async with editor(check=False) as client:
            client.open(URI, NET)
            assert await client.diagnostics(URI) == []
            wrong = NET.replace("kernel: 3}, as: stem", "kernal: 3}, as: stem")
            client.change(URI, wrong)
            (finding,) = await client.diagnostics(URI)
            assert (finding.code, finding.range.start) == ("unknown-argument", place(wrong, "kernal"))
            assert finding.range.end.character - finding.range.start.character == len("kernal")
            actions = await client.text_document_code_action_async(types.CodeActionParams(
                at(URI), finding.range, types.CodeActionContext([finding])))  # fmt: skip
            assert actions is not None
            (action,) = actions
            assert isinstance(action, types.CodeAction)
            assert action.is_preferred
            assert action.edit is not None
            assert action.edit.changes is not None
            assert applied(wrong, action.edit.changes[URI]) == NET
            client.change(URI, NET)
            assert await client.diagnostics(URI) == []

    run(session)


def test_both_layers_of_a_mismatch_are_shown() -> None:
    text = """\
input: [3, 8, 8]
layers:
  - {conv: {out: 4, kernel: 3}, as: one}
  - {conv: {out: 4, kernel: 3}, as: two}
  - add: [one, two]
"""

    async def session() -> None:
        async with editor() as client:
            client.open(URI, text)
            (finding,) = await client.diagnostics(URI)
            assert finding.code == "shape-mismatch"
            assert finding.range.start.line == 4
            related = finding.related_information or []
            assert [one.location.range.start.line for one in related] == [2, 3]

    run(session)


def test_completion_takes_the_text_of_the_last_key_stroke() -> None:
    async def session() -> None:
        async with editor(debounce=5_000) as client:
            client.open(URI, NET)
            await client.diagnostics(URI)
            text = NET.replace("budgets: {params: 1k}\n", "  - {relu: , from: s")
            client.change(URI, text)
            end = types.Position(text.count("\n"), len(text.rsplit("\n", maxsplit=1)[-1]))
            found = await client.text_document_completion_async(types.CompletionParams(at(URI), end))
            assert isinstance(found, types.CompletionList)
            assert [item.label for item in found.items] == ["stem"]
            # The numbers of before the line was begun are still there, although nothing has been analysed since.
            hints = await client.text_document_inlay_hint_async(types.InlayHintParams(at(URI), everything(text)))
            assert hints is not None
            assert {10, 11} <= {hint.position.line for hint in hints}

    run(session)


def test_what_is_shown_can_be_chosen_and_changed() -> None:
    async def session() -> None:
        async with editor(hints=["params"], lenses=False, check=False) as client:
            client.open(URI, NET)
            assert await client.diagnostics(URI) == []
            hints = await client.text_document_inlay_hint_async(types.InlayHintParams(at(URI), everything(NET)))
            assert hints is not None
            assert {hint.label for hint in hints if hint.position.line == 10} == {"params 448"}
            assert not await client.text_document_code_lens_async(types.CodeLensParams(at(URI)))
            client.fresh.discard(URI)
            client.workspace_did_change_configuration(
                types.DidChangeConfigurationParams({"cnncalc": {"hints": [], "check": True}}))  # fmt: skip
            assert [finding.code for finding in await client.diagnostics(URI)] == ["over-budget"]
            assert not await client.text_document_inlay_hint_async(types.InlayHintParams(at(URI), everything(NET)))

    run(session)


def test_another_yaml_file_is_left_alone() -> None:
    async def session() -> None:
        async with editor() as client:
            client.open("file:///nowhere/compose.yaml", "services:\n  web: {image: nginx}\n")
            client.open(URI, NET)
            await client.diagnostics(URI)
            assert list(client.told) == [URI]
            there = types.HoverParams(at("file:///nowhere/compose.yaml"), types.Position(0, 2))
            assert await client.text_document_hover_async(there) is None

    run(session)


def test_a_file_of_blocks_and_those_who_use_it(tmp_path: Path) -> None:
    blocks = "cnncalc: 1\nblocks:\n  unit:\n    params: {c: }\n    layers:\n      - {conv: {out: c, kernel: 3}}\n"
    spec = "cnncalc: 1\ninput: [3, 8, 8]\nuse: [blocks.yaml]\nlayers:\n  - {unit: {c: 4}}\n"
    (tmp_path / "blocks.yaml").write_text(blocks)
    (tmp_path / "net.yaml").write_text(spec)
    (tmp_path / "other.yaml").write_text(spec)
    net, library, other = ((tmp_path / name).as_uri() for name in ("net.yaml", "blocks.yaml", "other.yaml"))

    async def session() -> None:
        async with editor(tmp_path) as client:
            client.open(net, spec)
            assert await client.diagnostics(net) == []
            client.open(library, blocks)
            assert await client.diagnostics(library) == []
            change = await client.text_document_rename_async(
                types.RenameParams(at(net), place(spec, "unit"), "cell"))  # fmt: skip
            assert change is not None
            assert change.changes is not None
            assert set(change.changes) == {net, library, other}
            assert applied(blocks, change.changes[library]) == blocks.replace("unit", "cell")
            # What is open and not saved counts: the layer in the block now fits no more, which its user is told.
            client.change(library, blocks.replace("kernel: 3", "kernel: 30"))
            await client.diagnostics(library)
            client.fresh.discard(net)
            (finding,) = client.told[net] or await client.diagnostics(net)
            assert finding.code == "window-does-not-fit"
            assert finding.range.start == place(spec, "unit")
            (related, *_) = finding.related_information or []
            assert (related.location.uri, related.location.range.start.line) == (library, 5)

    run(session)


def test_places_are_in_the_client_s_units() -> None:
    text = 'cnncalc: 1\nname: "𝔑et é"\ninput: [3, 8, 8]\nlayers:\n  - {conv: {out: "𝔑", kernel: 3}}\n'

    async def session() -> None:
        async with editor() as client:
            client.open(URI, text)
            (finding,) = await client.diagnostics(URI)
            line = text.splitlines()[4]
            before = line[: line.index("𝔑")]
            assert finding.range.start.line == 4
            assert finding.range.start.character in {len(before) - 1, len(before)}
            hover = await client.text_document_hover_async(
                types.HoverParams(at(URI), types.Position(4, line.index("kernel") + 1 + 2)))  # fmt: skip
            assert hover is not None
            assert isinstance(hover.contents, types.MarkupContent)
            assert "**kernel** of `conv`" in hover.contents.value
            assert hover.range is not None
            assert hover.range.start.character == line.index("kernel") + 1

    run(session)


# The same as the command, whatever is typed.

SCRAPS = ["", "{", "}", "[", "]", ": ", "- ", "\n", "  ", "conv", "$out", "c_in", "'", '"', "#", "3", "as: a", "*", "é",
          "𝔑", "\t", "from: [prev, a]", "repeat: 3", "|", "&a", "- conv: {out: 3, kernel: 3}\n"]  # fmt: skip


def edits_of(text: str, choose: random.Random, count: int) -> Iterator[str]:
    """Yield a text after more and more edits, of which every third starts from the right text again."""
    start = text
    for number in range(count):
        if number % 3 == 0:
            text = start
        first = choose.randrange(len(text) + 1)
        last = min(len(text), first + choose.choice([0, 0, 1, 3, 20]))
        text = text[:first] + choose.choice(SCRAPS) + text[last:]
        yield text


def shown_by_the_command(text: str, file: Path) -> list[tuple[str, str, int]]:
    """Return what `show` prints of a file with a text: code, message and line."""
    file.write_bytes(text.encode())
    try:
        found = analyze(str(file)).warnings
    except SpecError as error:
        found = error.diagnostics
    return sorted((d.code, d.message, d.span.line if d.span is not None else 1) for d in found)


def test_a_thousand_edits_of_the_zoo_leave_no_exception_and_the_findings_of_show(tmp_path: Path) -> None:
    choose = random.Random(19)  # noqa: S311 - for repeatable edits
    files = sorted(SPECS.glob("*.yaml"))

    async def session() -> None:
        async with editor(check=False) as client:
            done = 0
            while done < 1_000:
                path = choose.choice(files)
                uri = path.as_uri() + f"#{done}"
                client.open(uri, path.read_text(encoding="utf-8"), "cnncalc")
                await client.diagnostics(uri)
                for text in edits_of(path.read_text(encoding="utf-8"), choose, 20):
                    done += 1
                    client.change(uri, text)
                    told = await client.diagnostics(uri)
                    own = sorted((str(d.code), d.message.split("\nhint: ")[0], d.range.start.line + 1) for d in told)
                    assert own == shown_by_the_command(text, tmp_path / path.name), text
                    if done % 10:
                        continue
                    where = types.Position(choose.randrange(text.count("\n") + 1), choose.randrange(60))
                    await client.text_document_completion_async(types.CompletionParams(at(uri), where))
                    await client.text_document_hover_async(types.HoverParams(at(uri), where))
                    await client.text_document_inlay_hint_async(types.InlayHintParams(at(uri), everything(text)))
                client.text_document_did_close(types.DidCloseTextDocumentParams(at(uri)))

    run(session)


def test_the_server_does_not_wait_for_a_long_analysis() -> None:
    """A network of tens of thousands of layers takes seconds; a word is completed meanwhile."""
    slow = "input: [3, 64, 64]\nlayers:\n" + "".join(
        f"  - {{conv: {{out: {3 + n % 7}, kernel: 3, padding: 1}}, repeat: 900}}\n" for n in range(30)
    )

    async def session() -> None:
        async with editor() as client:
            client.open(URI, slow)
            await asyncio.sleep(0.3)
            await client.text_document_completion_async(types.CompletionParams(at(URI), types.Position(2, 6)))
            assert URI not in client.fresh, "the word was there before the analysis had ended"
            await client.diagnostics(URI)

    run(session)
