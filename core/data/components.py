"""What hangs together: the connected components of a graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def components(links: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The component of each of `count` things, int64 (count,), numbered from 0; `links` (m, 2) say which are tied."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
