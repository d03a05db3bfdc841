"""A report's page as PDF: A4, with page numbers and the notice on every page. Works in any QThread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextBlock,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)

from core import atomic
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, Progress, ignore
from core.inference.results import RESEARCH_USE

_DOTS = 300  # per inch
_MARGINS = QMarginsF(16, 15, 16, 13)  # millimetres: left, top, right, bottom
_FOOTER = 9.0  # millimetres above the lower margin, of which the text takes a third
_TEXT, _MUTED = QColor("#1b2430"), QColor("#56616e")
_HIGHEST = 0.3  # of a page: a heading above it stays, whatever follows
_MOST_BREAKS = 200


def write_pdf(html: str, path: Path, *, emit: Emit = ignore, token: CancelToken | None = None) -> int:
    """Write `html` (see `report_html(..., for_print=True)`) as PDF, whole or not at all; returns the number of pages.

    Raises `SkinKDError` when the place can not be written, `Cancelled` between two pages.
    """
    token = token or CancelToken()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_DOTS)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Portrait,
            _MARGINS,
            QPageLayout.Unit.Millimeter,
        )
    )
    writer.setCreator("SkinKD")
    page = QRectF(0, 0, writer.width(), writer.height() - _FOOTER / 25.4 * _DOTS)
    document = _laid_out(html, writer, page.size(), emit, token)
    writer.setTitle(document.metaInformation(QTextDocument.MetaInformation.DocumentTitle))
    pages = document.pageCount()
    painter = QPainter(writer)
    try:
        for number in range(pages):
            token.check()
            emit(Progress(Phase.SAVING, number, pages))
            if number:
                writer.newPage()
            _paint(painter, document, page, number)
            _paint_footer(painter, writer, f"Page {number + 1} of {pages}")
    finally:
        painter.end()
    buffer.close()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, bytes(buffer.data().data()))
    except OSError as error:
        raise SkinKDError("The PDF was not written", f"{path} can not be written.", str(error)) from error
    return pages


def _laid_out(html: str, writer: QPdfWriter, size: QSizeF, emit: Emit, token: CancelToken) -> QTextDocument:
    document = QTextDocument(undoRedoEnabled=False)
    document.documentLayout().setPaintDevice(writer)
    document.setDefaultFont(QFont("sans-serif", 9))
    document.setDocumentMargin(0)
    document.setHtml(html)
    document.setPageSize(size)
    _keep_together(document, size.height(), emit, token)
    return document


def _keep_together(document: QTextDocument, height: float, emit: Emit, token: CancelToken) -> None:
    """Move headings and captions that would stand alone at the foot of a page to the next one, from top to bottom."""
    layout = document.documentLayout()
    block, breaks = document.begin(), 0
    while block.isValid() and breaks < _MOST_BREAKS:
        following = block.next()
        top = layout.blockBoundingRect(block).top()
        if following.isValid() and _leads(block) and (top % height) > height * _HIGHEST:
            below = _first_below(block)
            if below.isValid() and _first_line(document, below) // height > top // height:
                token.check()
                done, total = block.position(), document.characterCount()
                emit(Progress(Phase.REPORTING, done, total))
                cursor = QTextCursor(block)
                form = cursor.blockFormat()
                form.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
                cursor.setBlockFormat(form)
                document.markContentsDirty(done, total - done)  # what lies above stays as it is
                breaks += 1
        block = following


def _first_line(document: QTextDocument, block: QTextBlock) -> float:
    """The middle of a block's first line: a tall picture goes to the next page while its block begins on this one."""
    top = document.documentLayout().blockBoundingRect(block).top()
    if not block.layout().lineCount():
        return top
    line = block.layout().lineAt(0)
    return top + line.y() + line.height() / 2


def _leads(block: QTextBlock) -> bool:
    """Whether a block is a heading or a caption: it belongs to what follows. Cells of tables are neither."""
    if block.blockFormat().headingLevel() > 0:
        return True
    bold = bool(block.text()) and block.charFormat().fontWeight() >= QFont.Weight.Bold
    return bold and QTextCursor(block).currentTable() is None


def _first_below(block: QTextBlock) -> QTextBlock:
    """The first block after a heading and the headings right below it."""
    following = block.next()
    while following.isValid() and _leads(following) and following.next().isValid():
        following = following.next()
    return following


def _paint(painter: QPainter, document: QTextDocument, page: QRectF, number: int) -> None:
    view = page.translated(0, number * page.height())
    painter.save()
    painter.translate(QPointF(0, -view.top()))
    painter.setClipRect(view)
    context = QAbstractTextDocumentLayout.PaintContext()
    context.clip = view
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Text, _TEXT)
    context.palette = palette
    document.documentLayout().draw(painter, context)
    painter.restore()


def _paint_footer(painter: QPainter, writer: QPdfWriter, text: str) -> None:
    height = _FOOTER / 25.4 * _DOTS
    strip = QRectF(0, writer.height() - height / 2, writer.width(), height / 2)
    painter.save()
    painter.setFont(QFont("sans-serif", 7))
    painter.setPen(_MUTED)
    painter.drawText(strip, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), RESEARCH_USE)
    painter.drawText(strip, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
    painter.restore()
