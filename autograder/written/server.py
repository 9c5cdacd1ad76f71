"""The page on this machine alone: a small server on 127.0.0.1, for whoever has the address with its token.

Students' words are shown in a page that may run its own script and nothing else (Content-Security-Policy); a page of
another site can neither read (token in a cookie that stays here, Host checked) nor write (a header it can't send).
"""

from __future__ import annotations

import asyncio
import getpass
import hmac
import json
import secrets
import socket
import webbrowser
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from traitlets.config import Config

from autograder.catalogue import Sample, samples
from autograder.gradebook.database import hold_to_version, log_ahead, patient, reading
from autograder.gradebook.errors import advice_on
from autograder.gradebook.markings import Overtaken
from autograder.written.handed_in import Answers, find_written
from autograder.written.sitting import Sitting
from lrtutorial.advice import Advice, Unusable, fault
from lrtutorial.course.exercise import Exercise

HERE = Path(__file__).parent
LARGEST = 100_000  #: bytes of a request


def open_page(
    name: str, config: Config, *, grader: str = "", db_url: str = "", port: int = 0, browser: bool = True
) -> int:
    """Serve the page for one exercise's written answers until Ctrl-C, and print how far two looks agreed.

    ``grader`` is the name kept with each marking (default: the account's); ``db_url`` another gradebook than the
    configured one; ``port`` 0 is a free one. Raises UnknownStep, Refused, NotThere, OtherVersion, Unusable.
    """
    if not 0 <= port < 65536:
        raise Unusable(f"--port takes a number from 0 to 65535, got {port}")
    exercise, model = find_written(name)
    if db_url:
        config.CourseDirectory.db_url = db_url
    course = CourseDirectory(config=config)
    _hold(course.db_url)
    with ExitStack() as stack:
        gradebook = stack.enter_context(Gradebook(patient(course.db_url), course.course_id))
        log_ahead(gradebook.engine)
        answers = Answers(gradebook, course, exercise)
        sitting = Sitting(gradebook, answers, model, grader.strip() or getpass.getuser())
        for sentence in answers.unread:
            print(sentence)
        there = sitting.overview()
        print(f"{exercise.id}: {there['answers']} written answers, {there['waiting']} wait for points.")
        if not there["answers"]:
            print("Nobody has written anything that a human could grade.")
            return 0
        try:
            asyncio.run(_serve(sitting, exercise, port, browser))
        except KeyboardInterrupt:
            print()
        finally:
            sitting.close()
        print(sitting.agreement())
        print(f"{sitting.overview()['waiting']} of {there['answers']} still wait.")
    return 0


def _hold(db_url: str) -> None:
    """Raise NotThere where there is no gradebook, OtherVersion where it is another nbgrader's."""
    with closing(reading(db_url).connect()) as connection:
        hold_to_version(connection)
    create_engine(patient(db_url), poolclass=NullPool).dispose()


async def _serve(sitting: Sitting, exercise: Exercise, port: int, browser: bool) -> None:
    try:
        listening = bind_sockets(port, "127.0.0.1", socket.AF_INET)
    except OSError as why:
        raise Unusable(f"port {port} can't be used ({why.strerror}): leave --port out for a free one") from None
    port = listening[0].getsockname()[1]
    token = secrets.token_urlsafe(24)
    server = HTTPServer(application(sitting, exercise, token, port), max_buffer_size=LARGEST)
    server.add_sockets(listening)
    address = f"http://127.0.0.1:{port}/?token={token}"
    print(f"Open {address}\nAll is saved as you go; Ctrl-C here ends it.", flush=True)
    if browser:
        webbrowser.open(address)
    await asyncio.Event().wait()


def application(sitting: Sitting, exercise: Exercise, token: str, port: int) -> web.Application:
    """Return the server's pages: the one page, and what it asks for."""
    given = {"sitting": sitting, "exercise": exercise, "token": token, "port": port}
    paths = [(r"/", Door), (r"/api/(next|card|mark|overview|samples)", Asked)]
    return web.Application([(path, handler, given) for path, handler in paths], log_function=lambda _: None)


class _Guarded(web.RequestHandler):
    """Nobody but who has the token, from this machine, asks anything."""

    def initialize(self, sitting: Sitting, exercise: Exercise, token: str, port: int) -> None:
        self.sitting, self.exercise, self.token, self.port = sitting, exercise, token, port
        self.cookie = f"written-{port}"

    def set_default_headers(self) -> None:
        self.nonce = secrets.token_urlsafe(16)
        self.set_header(
            "Content-Security-Policy",
            (
                f"default-src 'none'; script-src 'nonce-{self.nonce}'; style-src 'nonce-{self.nonce}'; img-src data:; "
                "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
            ),
        )
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")

    def prepare(self) -> None:
        if self.request.host not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
            raise web.HTTPError(403, reason="another host")

    def has_token(self, said: str | None) -> bool:
        return said is not None and hmac.compare_digest(said.encode(), self.token.encode())

    def write_error(self, status_code: int, **_: object) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}: {self._reason}")


class Door(_Guarded):
    """The page: the token of its address becomes a cookie, so that it is in no history of addresses."""

    def get(self) -> None:
        """Show the page."""
        if self.has_token(self.get_query_argument("token", None)):
            self.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict", path="/")
            self.redirect("/")
            return
        if not self.has_token(self.get_cookie(self.cookie)):
            raise web.HTTPError(403, reason="open the address that the command printed, with its token")
        lines = [{"text": one.text, "earns": one.earns, "levels": one.levels} for one in self.sitting.lines]
        about = {
            "exercise": self.exercise.id,
            "title": self.exercise.title,
            "lines": lines,
            "scale": self.sitting.scale,
            "grader": self.sitting.grader,
        }
        page = (HERE / "page.html").read_text(encoding="utf-8").replace("NONCE", self.nonce)
        page = page.replace("/* STYLE */", (HERE / "page.css").read_text(encoding="utf-8"))
        page = page.replace("/* SCRIPT */", (HERE / "page.js").read_text(encoding="utf-8"))
        self.write(page.replace('"ABOUT"', json.dumps(about).replace("<", "\\u003c")))


class Asked(_Guarded):
    """What the page asks for, as JSON: POST alone, with a header that no other site's page can send unasked."""

    def post(self, what: str) -> None:
        """Answer with JSON; an error comes as ``{"problem": …}``."""
        if not self.has_token(self.get_cookie(self.cookie)) or self.request.headers.get("X-Written") != "1":
            raise web.HTTPError(403, reason="open the address that the command printed, with its token")
        try:
            self.write({"reply": self._reply(what, self._body())})
        except Overtaken as why:
            self.set_status(409)
            self.write({"problem": f"{str(why)[0].upper()}{str(why)[1:]}."})
        except Advice as why:
            self.set_status(400)
            self.write({"problem": str(why)})
        except Exception as error:
            self.set_status(500)
            self.write({"problem": str(advice_on(error) or fault(error))})

    def _body(self) -> Mapping[str, Any]:
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Unusable("expected a JSON object")
        return body

    def _reply(self, what: str, body: Mapping[str, Any]) -> object:
        if what == "overview":
            return self.sitting.overview()
        if what == "samples":
            return [_sample(one) for one in samples(self.exercise.id)]
        if what == "mark":
            return self.sitting.mark(body)
        if what == "card":
            return self.sitting.show(str(body.get("id")))
        desk, passed = body.get("desk"), body.get("passed", [])
        if not isinstance(desk, str) or not 0 < len(desk) <= 64 or not isinstance(passed, list):
            raise Unusable("expected the page's own name, and the cards it left for later")
        return self.sitting.next(desk, [str(one) for one in passed])


def _sample(sample: Sample) -> dict[str, object]:
    return {"text": sample.text, "points": sample.points, "why": sample.why}
