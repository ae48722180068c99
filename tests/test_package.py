"""What a package index and the Qiskit ecosystem ask for is there, and links of pages outside of the site lead somewhere."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_description_fits_and_the_urls_differ():
    project = PROJECT["project"]
    assert len(project["description"]) <= 135
    urls = project["urls"]
    assert urls["Documentation"] not in (urls["Repository"], urls["Issues"])


def test_data_files_of_the_package_exist():
    for pattern in PROJECT["tool"]["setuptools"]["package-data"]["qnet_circuits"]:
        assert list((ROOT / "qnet_circuits").glob(pattern)), pattern


@pytest.mark.parametrize("page", ["README.md", "notebooks/README.md", "CODE_OF_CONDUCT.md", "SECURITY.md"])
def test_links_to_files_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target
