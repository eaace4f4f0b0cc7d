"""All test questions of a data set in one page that asks for nothing outside itself."""

from vqax.report.explorer.content import ANSWER_COLUMNS as ANSWER_COLUMNS
from vqax.report.explorer.content import QUESTION_COLUMNS as QUESTION_COLUMNS
from vqax.report.explorer.content import ExplorerContent as ExplorerContent
from vqax.report.explorer.content import ExplorerRun as ExplorerRun
from vqax.report.explorer.write import write_explorer as write_explorer
