"""The status bar: the job at work, memory, the device."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QStylePainter, QWidget

from core.events import Event
from skinkd_gui.training import facts
from skinkd_gui.training.live_view import LiveView
from skinkd_gui.training.queue import QueueState, TrainingQueue
from skinkd_gui.widgets.fitting import follow_text
from skinkd_gui.widgets.labels import plain_tip
from skinkd_gui.widgets.parts import slim_bar
from skinkd_gui.workers.memory import memory_text
from skinkd_gui.workers.preload import Engine

_MEMORY_MILLISECONDS = 3000
_STEPS = 1000
_MARGIN = 8
_GIB = 1024**3


class StatusBar(QStatusBar):
    """Listens to the queue; the window tells it about the engine."""

    def __init__(self, queue: TrainingQueue, live: LiveView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self._live = live
        self._state = queue.state
        self._ready = "Ready"
        self.job = _ShrinkingLabel("statusJob", "Current job")
        self.bar = slim_bar("statusProgress", "Progress of the current job", self, _STEPS)
        follow_text(self.bar, "setFixedWidth", 140)
        self.bar.hide()
        self.memory = _ShrinkingLabel("statusMemory", "Memory in use")
        self.device = _ShrinkingLabel("statusDevice", "Computing device")
        self.device.setText("Device: not known yet")
        self.addWidget(self.job, 1)
        self.addWidget(self.bar)
        for label in (self.memory, self.device):
            self.addPermanentWidget(label)
        queue.changed.connect(self._on_changed)
        queue.reported.connect(self._on_reported)
        self._timer = QTimer(self, interval=_MEMORY_MILLISECONDS)
        self._timer.timeout.connect(self._show_memory)
        self._timer.start()
        self._show_job()

    def show_loading(self, text: str) -> None:
        """The engine is being loaded."""
        self._ready = text
        self.bar.setRange(0, 0)
        self.bar.show()
        self._show_job()

    def show_engine(self, engine: Engine) -> None:
        """The engine is ready."""
        facts_ = engine.device
        memory = f", {facts_.memory_bytes / _GIB:.0f} GB" if facts_.memory_bytes else ""
        kind = "CPU" if facts_.device == "cpu" else "GPU"
        self.device.setText(f"{kind}: {facts_.name}{memory}")
        lines = [
            f"{item.name} ({item.device})" + ("" if item.works else f": does not work, {item.reason}")
            for item in engine.devices
        ]
        self.device.setToolTip(plain_tip("\n".join(lines)))
        self._end_loading("Ready")

    def show_engine_failure(self, text: str) -> None:
        """The engine could not be loaded."""
        self.device.setText("Device: not available")
        self._end_loading(text)

    def _end_loading(self, text: str) -> None:
        self._ready = text
        self.bar.setRange(0, _STEPS)
        self._show_job()

    @Slot(object)
    def _on_changed(self, state: QueueState) -> None:
        self._state = state
        self._show_job()

    @Slot(object)
    def _on_reported(self, _event: Event) -> None:
        self._show_job()

    def _show_job(self) -> None:
        if self._state.current is None:
            waiting = len(self._state.waiting)
            self.job.setText(self._ready if not waiting else f"{self._ready}; {waiting} waiting")
            self.bar.setVisible(self.bar.maximum() == 0)
            return
        progress = self._live.progress
        verb = "Stopping" if self._state.stopping else "Paused" if self._state.paused else facts.phase_title(progress)
        self.job.setText(f"{progress.name}: {verb}")
        self.bar.setRange(0, _STEPS)
        self.bar.setValue(round(progress.fraction * _STEPS))
        self.bar.show()

    @Slot()
    def _show_memory(self) -> None:
        self.memory.setText(memory_text())


class _ShrinkingLabel(QLabel):
    """A label that leaves out its end rather than make the window wider; the whole text is its tip."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + 2 * _MARGIN + 2
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        return QSize(self.fontMetrics().averageCharWidth() * 12, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QStylePainter(self)
        room = self.contentsRect().adjusted(_MARGIN, 0, -_MARGIN, 0)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
