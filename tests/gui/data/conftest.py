"""A small data set with a near-copy, a damaged file and a file without a label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from skinkd_gui.data.data_tab import DataTab
from skinkd_gui.workers.job_slot import shut_down_jobs

NAMES = ("A", "B", "C", "D", "BROKEN")


def picture(seed: int) -> Image.Image:
    """A picture that no other seed's is like."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((96, 72), Image.Resampling.BICUBIC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A.png and B.png are MEL, C.png (B again, smaller), D.png and BROKEN.png NV; LOOSE.png has no row."""
    root = tmp_path / "data"
    root.mkdir()
    for seed, name in enumerate(("A", "B", "D", "LOOSE")):
        picture(seed).save(root / f"{name}.png")
    picture(1).resize((80, 60), Image.Resampling.BILINEAR).save(root / "C.png")
    (root / "BROKEN.png").write_bytes((root / "A.png").read_bytes()[:200])
    rows = ["image,label,lesion_id,patient_id,site", "A,MEL,L1,P7,back", "B,MEL,L2,P8,arm", "C,NV,L3,P9,arm"]
    rows += ["D,NV,L4,P9,back", "BROKEN,NV,L5,P9,back"]
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def make_tab(qtbot: QtBot, tmp_path: Path) -> Callable[[], DataTab]:
    """make_tab() -> the tab, shown."""

    def make() -> DataTab:
        tab = DataTab(None, tmp_path / "runs")
        qtbot.addWidget(tab, before_close_func=shut_down_jobs)
        tab.resize(1000, 600)
        tab.show()
        return tab

    return make


@pytest.fixture
def tab(qtbot: QtBot, make_tab: Callable[[], DataTab], data: Path) -> DataTab:
    """The tab with the data set, all of whose pictures were opened."""
    made = make_tab()
    made.open(data)
    qtbot.waitUntil(lambda: not made.session.busy)
    return made
