"""The description for package indexes: the README, with links that lead from anywhere to the repository."""

import re
from pathlib import Path

from setuptools import setup

REPOSITORY = "https://github.com/qnet-circuits/qnet-circuits"
RAW = "https://raw.githubusercontent.com/qnet-circuits/qnet-circuits"

readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
readme = re.sub(r"(!\[[^]]*\])\((?!https?:)", rf"\1({RAW}/main/", readme)
readme = re.sub(r"(?<!!)(\[[^]]*\])\((?!https?:)", rf"\1({REPOSITORY}/blob/main/", readme)

setup(long_description=readme, long_description_content_type="text/markdown")
