"""One sample content and its page, shared by the tests of the report."""

import pytest

from tests.report.sample import sample_content
from vqax.report.content import ReportContent
from vqax.report.html import render


@pytest.fixture(scope="session")
def content() -> ReportContent:
    return sample_content(questions=4)


@pytest.fixture(scope="session")
def page(content: ReportContent) -> str:
    return render(content)
