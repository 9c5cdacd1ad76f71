"""What kernels have imported before they start, what they may import, and what is kept from them."""

from __future__ import annotations

from dataclasses import dataclass

# Beside the kernel itself: what IPython imports when it starts, and for its first traceback.
KERNEL = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "tornado.platform.asyncio"),
    *("IPython.core.debugger", "IPython.core.completerlib", "IPython.extensions.storemagic"),
    *("IPython.core.logger", "IPython.core.oinspect", "IPython.utils.wildcard", "faulthandler", "statistics"),
    *("stack_data", "pygments.formatters.terminal256", "matplotlib_inline.config"),
)
# And what Matplotlib imports for its first figure.
NUMPY = (
    *("numpy", "numpy.random", "matplotlib.pyplot", "matplotlib.backends.backend_agg", "IPython.core.pylabtools"),
    *("contourpy", "unittest.mock"),
    f"{__package__}.first_figure",  # fonts, the parser of labels and the PNG writer, ready before any kernel is
)
# A third of what a kernel shares with its zygote, and half a second: for those who need it.
SYMPY = ("sympy", "sympy.sets.setexpr", "sympy.physics.units.systems")  # what its first solution imports
TORCH = ("torch", "torch.optim", "torch.optim.lr_scheduler", "torch.utils.data", f"{__package__}.uncompiled")


@dataclass(frozen=True)
class Profile:
    """One kind of kernel.

    `preload`: modules to import in the zygote, where the hidden packages are out of reach too. `packages`: top-level
    packages to show besides the interpreter's own site-packages (a package in an editable install). `readable`: further
    files and directories to show, read-only. `hidden`: top-level packages that must be neither imported nor read.
    """

    preload: tuple[str, ...] = KERNEL
    packages: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("preload", "packages", "readable", "hidden"):
            value = getattr(self, name)
            if isinstance(value, str) or not all(isinstance(item, str) for item in value):
                raise ValueError(f"Profile.{name} must be a list of strings, got {value!r}.")
            object.__setattr__(self, name, tuple(value))
        both = {module.partition(".")[0] for module in (*self.preload, *self.packages)} & set(self.hidden)
        if both:
            raise ValueError(f"A profile cannot both show and hide {', '.join(sorted(both))}.")


# Exercises that never need torch: delegating to torch.optim at grading time is then impossible.
WITHOUT_TORCH = ("torch", "torchgen", "functorch", "sklearn")

# About libraries, not about a course: what else one needs, or which of these it wants otherwise, is Course.profiles.
PROFILES = {
    "numpy": Profile(preload=KERNEL + NUMPY, hidden=WITHOUT_TORCH),
    "sympy": Profile(preload=KERNEL + NUMPY + SYMPY, hidden=WITHOUT_TORCH),
    "torch": Profile(preload=KERNEL + NUMPY + TORCH),
}
