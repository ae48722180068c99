"""How ``make docs`` builds the site. Its source is the whole project, so that links work in the repository and on the site."""

import gc
import logging
import sys
from pathlib import Path

import a11y_pygments  # noqa: F401  (a part of the theme, which makes the whole process log all that it does)

from qnet_circuits import __version__

logging.getLogger().setLevel(logging.WARNING)
# A build keeps nearly all that it makes: looking through it again and again would take a fifth of the time.
gc.freeze()
gc.set_threshold(100_000, 20, 20)
sys.path.insert(0, str(Path(__file__).parent / "_site"))
Path(__file__).with_name("made").joinpath("extra").mkdir(parents=True, exist_ok=True)

project = "qnet-circuits"
author = "The qnet-circuits developers"
copyright = author
release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.githubpages",
    "qiskit_sphinx_theme",
    "docstrings",
    "pages",
]
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "notebooks/*",
    "hardware_runs/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
exclude_patterns = [".*", "build", "demo", "**/.ipynb_checkpoints", "docs/_site"]

html_theme = "qiskit-ecosystem"
html_title = f"{project} {release}"
templates_path = ["_site/templates"]
html_math_renderer = "mathml"
html_extra_path = ["_site/root", "made/extra"]
html_copy_source = False
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
# Notebooks keep their outputs, and the tests run them; pages whose code is to be run say so.
nb_execution_mode = "off"
nb_execution_raise_on_error = True
nb_execution_timeout = 120

default_role = "code"  # docstrings put names between single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures stay short: docstrings say what is taken
napoleon_numpy_docstring = False
napoleon_use_ivar = True
# Classes of other packages, whose sites are not asked.
nitpick_ignore_regex = [("py:.*", r"(numpy|collections|qiskit|matplotlib)\..*")]
