"""Reports on finished runs: one page that holds everything, with tables and figures as files beside it.

Others use the names below, `content` and `page` (a report before it is a page, and the page).
"""

from core.reporting.report.assembling import collect
from core.reporting.report.content import STANDARD, Include, ReportContent
from core.reporting.report.page import report_html
from core.reporting.report.writing import PAGE, check_folder, write_content, write_report

__all__ = [
    "STANDARD",
    "PAGE",
    "Include",
    "ReportContent",
    "check_folder",
    "collect",
    "report_html",
    "write_content",
    "write_report",
]
