"""Rules of the house that no single test sees: layers, docstrings, documented settings, one clock."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from hedging import errors, settings

ROOT = Path(__file__).resolve().parent.parent
CORE = ("decide", "workflow", "policy", "risk", "pricing", "model", "units", "errors")
EFFECTS = {"streamlit", "plotly", "pandas", "ccxt", "sqlalchemy", "asyncio", "threading", "time", "random"}
EFFECTS |= {"logging", "os", "pathlib"}
NOWS = {"now", "utcnow", "today", "time", "time_ns"}


def sources(*folders):
    for folder in folders:
        path = ROOT / folder
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def ids(path):
    return str(path.relative_to(ROOT))


CORE_FILES = [
    path
    for name in CORE
    for path in sources(f"hedging/{name}" if (ROOT / "hedging" / name).is_dir() else f"hedging/{name}.py")
]
ALL_FILES = (
    [*sources("hedging", "components", "pages"), *sources("app.py")]
    if (ROOT / "app.py").exists()
    else list(sources("hedging", "components", "pages"))
)


def test_imports_only_go_down():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", done.stdout)


@pytest.mark.parametrize("path", CORE_FILES, ids=ids)
def test_what_decides_money_has_no_effects(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert not imported & EFFECTS


def test_the_core_is_all_there():
    assert len(CORE_FILES) > 40


def wall_clock_reads(path):
    """Lines that call datetime.now, time.time and their like."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in NOWS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"datetime", "date", "time"}
        ):
            yield node.lineno


def test_only_the_clock_reads_the_wall_clock():
    readers = {ids(path) for path in ALL_FILES if list(wall_clock_reads(path))}
    assert readers == {"hedging/clock.py"}


@pytest.mark.parametrize("path", ALL_FILES, ids=ids)
def test_every_module_says_what_it_is_for(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert len(docstring.split()) >= 3


# settings


def keys_of(section, prefix=""):
    """Dotted keys of a section with their defaults; sections of their own heading start afresh."""
    for name, field in section.model_fields.items():
        inner = section_in(field.annotation)
        if inner is None:
            yield prefix + name, field.default
        elif name in {"accounts", "underlyings", "execution", "ages", "auto"}:
            yield from keys_of(inner)
        elif inner is settings.DeskLimitsSettings:  # accounts and venues have the keys of the book
            yield from keys_of(settings.WiderLimitsSettings, f"{prefix}{name}.book.")
        elif inner is settings.LimitSettings:
            yield prefix + name, field.default
        else:
            yield from keys_of(inner, f"{prefix}{name}.")


def section_in(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = section_in(part)
        if found is not None:
            return found
    return None


def documented():
    """Key, and default as written, of each row of the tables in docs/configuration.md."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]*) \| ([^|]*) \| ([^|]+) \|$", text, re.MULTILINE)
    assert rows
    return [
        (key, unit.strip(), default.strip().strip("`"), words.strip()) for key, unit, default, words in rows
    ]


def written(key, default):
    if default is PydanticUndefined:
        return "required"
    if default is None or default == ():
        return "none"
    return "coin" if key == "numeraire" else str(default)


def test_every_setting_is_documented_with_its_default_and_nothing_else_is():
    expected = [(key, written(key, default)) for key, default in keys_of(settings.Settings)]
    assert len(expected) > 40
    assert sorted((key, default) for key, _, default, _ in documented()) == sorted(expected)


def test_every_documented_setting_has_a_unit_and_says_what_it_does():
    for key, unit, _, words in documented():
        assert unit, key
        assert len(words) > 10, key


# errors


def error_classes():
    return [
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, Exception) and found.__module__ == errors.__name__
    ]


def test_every_error_stands_in_the_tree_under_its_parent():
    parents = {}
    path = []
    for line in errors.__doc__.splitlines():
        match = re.match(r"^    ([│├└─ ]*)([A-Z]\w+)", line)
        if match:
            depth = len(match.group(1)) // 4
            path[depth:] = [match.group(2)]
            parents[match.group(2)] = path[depth - 1] if depth else "Exception"
    assert parents == {found.__name__: found.__base__.__name__ for found in error_classes()}


def test_every_error_says_what_it_means():
    assert all(found.__doc__ for found in error_classes())
