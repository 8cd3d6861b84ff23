"""One version: it stands in the package, everywhere else it is held equal; what is published comes from its tag."""

import re
from pathlib import Path

import yaml

import vae_utils
from tools import notebook

ROOT = Path(__file__).resolve().parent.parent
VERSION = vae_utils.__version__


def text(name):
    return (ROOT / name).read_text(encoding="utf8")


def test_every_mention_of_the_version_is_that_of_the_package():
    assert 'dynamic = ["version"]\n' in text("pyproject.toml")
    assert 'version = { attr = "vae_utils.__version__" }\n' in text("pyproject.toml")
    assert yaml.safe_load(text("CITATION.cff"))["version"] == VERSION
    assert yaml.safe_load(text("_config.yml"))["repository"]["branch"] == f"v{VERSION}", "the links to Colab"
    assert re.search(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)[1] == VERSION
    assert re.findall(r"git\+https://[^\s`]+@(\S+?)`", text("README.md")) == [f"v{VERSION}"]
    assert re.findall(r"git\+https://\S+@(\S+)", text("chapters/teachers.md")) == [f"v{VERSION}"]
    assert f"@v{VERSION}" in notebook.setup_source()


def test_only_a_tag_is_published_and_it_is_that_of_the_version():
    jobs = yaml.safe_load(text(".github/workflows/book.yml"))["jobs"]
    publishing = [job for job in jobs.values() if "deploy-pages" in str(job)]
    assert [job["if"] for job in publishing] == ["startsWith(github.ref, 'refs/tags/v')"]
    (step,) = [step for step in jobs["book"]["steps"] if step.get("name") == "The tag is the version"]
    assert step["if"] == "startsWith(github.ref, 'refs/tags/')" and "vae_utils.__version__" in step["run"]
