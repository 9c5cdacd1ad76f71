"""How nbgrader is set up for a course, through its own extension points."""

from __future__ import annotations

from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.preprocessors import AssignLatePenalties, ClearSolutions
from traitlets.config import Config

from autograder import catalogue as catalogues
from autograder.course import COURSE, DB_URL, ROOT, SECRET
from autograder.feedback import FeedbackExporter, FeedbackSummary
from autograder.feedback.cleaning import clean_html
from autograder.feedback.exporter import markdown_for_graders
from autograder.gradebook.late import GrantExtraTime
from autograder.hooks.folders import read_as_the_intake_does
from autograder.hooks.gradebooks import open_at_once
from autograder.hooks.plain import say_plainly
from autograder.hooks.release import Release, find_own_programs
from autograder.hooks.skeletons import Skeletons
from autograder.hooks.stock import Door
from lrtutorial.course import Course, current, use

#: What one submitted notebook may use, where it differs from autograder.jail.Limits. The verdict names a limit reached.
CELL_SECONDS = 30  #: then the cell is interrupted; one that swallows that is ended with its kernel
LIMITS = {"cell_seconds": CELL_SECONDS + 5, "notebook_seconds": 240, "cpu_seconds": 200}


def configure(config: Config, course: Course | None = None, catalogue: str = "") -> None:
    """Set directories, release and grading in a traitlets configuration (what ``get_config()`` returns).

    ``course`` is what is taught, ``catalogue`` the package with its references and mistakes, one module an exercise;
    without them they are those of this process, which begins with the course of ``lrtutorial``.
    """
    find_own_programs()
    read_as_the_intake_does()
    open_at_once()
    say_plainly()
    if course is not None:
        use(course)
    if catalogue:
        catalogues.use(catalogue)
    _directories(config)
    config.ClearSolutions.code_stub = {"python": "..."}
    config.ClearSolutions.text_stub = "*Write your answer here.*"
    config.GenerateAssignment.preprocessors = [
        Skeletons if step is ClearSolutions else step for step in GenerateAssignment.preprocessors.default()
    ]
    config.GenerateAssignment.exporter_class = Release
    config.Skeletons = config.ClearSolutions
    config.Autograde.exporter_class = Door  # grades in place of nbgrader's two passes over each notebook
    config.GenerateFeedback.exporter_class = FeedbackExporter
    config.HTMLExporter.sanitize_html = True  # Formgrader's: a student's script would act for the instructor
    config.HTMLExporter.filters = {"markdown2html": markdown_for_graders, "clean_html": clean_html}
    config.NotebookClient.timeout = CELL_SECONDS  # of the base class, so that a line for any below it holds
    jail = config.JailedProvisioner
    jail.packages = list(dict.fromkeys(["lrtutorial", current().package]))
    jail.preload = students_modules()
    if current().profiles:
        jail.profiles = dict(current().profiles)
    jail.minimum = "confined"
    jail.limits = LIMITS
    jail.canaries = [str(SECRET)]  # beside the gradebook, and there wherever that is
    config.Exchange.root = str(exchange := COURSE / "exchange")
    if not exchange.exists():  # Formgrader offers release and collect only where there is one
        exchange.mkdir()
        exchange.chmod(0o777)  # whoever may reach it; nbgrader asks for this mode
    config.AssignLatePenalties.plugin_class = "autograder.gradebook.late.LatePenalty"
    config.GrantExtraTime.path = str(COURSE / "extra_time.csv")
    # Being late costs what the points now are: hand grades come after grading.
    config.GenerateFeedback.preprocessors = [
        GrantExtraTime,
        AssignLatePenalties,
        *GenerateFeedback.preprocessors.default(),
        FeedbackSummary,
    ]
    config.ExportApp.plugin_class = "autograder.export.Csv"


def _directories(config: Config) -> None:
    COURSE.mkdir(parents=True, exist_ok=True)  # SQLite makes the file, not its folder
    course = config.CourseDirectory
    course.root = str(ROOT)
    course.course_id = current().id
    course.source_directory = "solutions"
    course.release_directory = "notebooks"
    for step in ("submitted", "autograded", "feedback"):
        setattr(course, f"{step}_directory", str(COURSE / step))
    course.db_url = DB_URL


def students_modules() -> list[str]:
    """Return what notebooks import of the students' packages; grading runs no explorer and prints no page.

    Symbols need SymPy, which not every profile has imported.
    """
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in {"lrtutorial", current().package}
        for path in (ROOT / package).rglob("*.py")
        if "explorer" not in path.parts and path.stem not in ("printing", "symbols")
    )
