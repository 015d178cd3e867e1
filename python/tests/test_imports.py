"""No module imports another in a circle, in the package nor in `training/`: not even by an import inside a function."""
from __future__ import annotations

import ast
from pathlib import Path
from typing import Optional

import pytest

ROOT = Path(__file__).resolve().parents[2]


def module_of(file: Path, parent: Path) -> tuple[str, ...]:
    parts = file.relative_to(parent).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports_of(source: str, module: tuple[str, ...], is_package: bool, known: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """What a module's text imports of the known modules: of `from .a import b` the module a.b where there is one, else a."""
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            here = module if is_package else module[:-1]
            base = here[: len(here) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            found |= {base + (alias.name,) if base + (alias.name,) in known else base for alias in node.names}
    return (found & known) - {module}


def circle(graph: dict[tuple[str, ...], set[tuple[str, ...]]]) -> Optional[list[tuple[str, ...]]]:
    done: set[tuple[str, ...]] = set()

    def visit(module: tuple[str, ...], path: list[tuple[str, ...]]) -> Optional[list[tuple[str, ...]]]:
        if module in path:
            return [*path[path.index(module):], module]
        if module in done:
            return None
        for other in sorted(graph[module]):
            if found := visit(other, [*path, module]):
                return found
        done.add(module)
        return None

    return next((found for module in sorted(graph) if (found := visit(module, []))), None)


@pytest.mark.parametrize("folder", [ROOT / "python" / "mner_qg", ROOT / "training"], ids=["package", "training"])
def test_nothing_is_imported_in_a_circle(folder: Path) -> None:
    files = {module_of(file, folder.parent): file for file in folder.rglob("*.py") if "tests" not in file.parts}
    assert len(files) > 15
    graph = {module: imports_of(file.read_text(), module, file.name == "__init__.py", set(files)) for module, file in files.items()}
    assert sum(map(len, graph.values())) > 20
    found = circle(graph)
    assert found is None, " → ".join(".".join(module) for module in found or [])


def test_a_circle_is_seen_also_inside_a_function() -> None:
    known = {("p",), ("p", "a"), ("p", "b")}
    texts = {("p", "a"): "from .b import x", ("p", "b"): "def f():\n    from . import a"}
    graph = {module: imports_of(text, module, False, known) for module, text in texts.items()} | {("p",): set()}
    assert circle(graph) == [("p", "a"), ("p", "b"), ("p", "a")]
