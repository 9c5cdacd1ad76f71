"""Makes Sphinx quicker at what it does over and over for this book; the pages are the same to the byte."""

from __future__ import annotations

import functools
import inspect
import logging
from typing import Any

from docutils import nodes
from sphinx.addnodes import toctree
from sphinx.application import Sphinx
from sphinx.domains.python import ObjectEntry, PythonDomain
from sphinx.environment import BuildEnvironment
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer

OWN = ("lrtutorial", "autograder")


class QuickPython(PythonDomain):
    """Goes through all objects only for a name that one of them has: most are of types such as str, which none has."""

    counted = -1
    last_names: frozenset[str] = frozenset()

    def find_obj(
        self, env: BuildEnvironment, modname: str, classname: str, name: str, type: str | None, searchmode: int = 0
    ) -> list[tuple[str, ObjectEntry]]:
        """Find the objects that a reference may mean."""
        if self.counted != len(self.objects):
            self.counted = len(self.objects)
            self.last_names = frozenset(known.rpartition(".")[2] for known in self.objects)
        if name.removesuffix("()").rpartition(".")[2] not in self.last_names:
            return []
        return super().find_obj(env, modname, classname, name, type, searchmode)


def titles_only(toc: nodes.bullet_list) -> nodes.bullet_list:
    """A page's table of contents without its sections and objects: titles, and the tables that follow below them."""
    short = nodes.bullet_list()
    for entry in toc:
        item = nodes.list_item("", entry[0].deepcopy())
        if below := [each.copy() for each in entry.findall(toctree)]:
            item += nodes.bullet_list("", *below)
        short += item
    return short


def with_short_tables(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let the list of all pages, on each of them, be made of titles: Sphinx copies all else and then throws it away."""
    env, whole = app.env, context.get("toctree")
    if whole is None:
        return
    if not hasattr(app, "short_tables"):
        app.short_tables = {name: titles_only(toc) for name, toc in env.tocs.items()}  # type: ignore[attr-defined]

    def quick(**options: Any) -> str:
        kept = env.tocs
        if options.get("titles_only"):
            env.tocs = app.short_tables  # type: ignore[attr-defined]
        try:
            return whole(**options)
        finally:
            env.tocs = kept

    context["toctree"] = quick


def setup(app: Sphinx) -> None:
    """Register what is above, and keep Sphinx from reading the same again, or what is not of this course."""
    app.add_domain(QuickPython, override=True)
    app.connect("html-page-context", with_short_tables, priority=100)  # before the theme asks
    logging.disable(logging.DEBUG)  # of every event a line, which nobody is shown
    analyzed = ModuleAnalyzer.for_module.__func__

    def for_module(cls: type[ModuleAnalyzer], name: str) -> ModuleAnalyzer:
        if not name.startswith(OWN):
            raise PycodeError(f"{name} is not of this course")
        return analyzed(cls, name)

    ModuleAnalyzer.for_module = classmethod(for_module)  # type: ignore[assignment,method-assign]
    sourced = functools.cache(inspect.getsource)

    def getsource(of: Any) -> str:
        if isinstance(of, type):  # it has no default values, for which alone Sphinx asks
            raise TypeError
        return sourced(of)

    inspect.getsource = getsource
