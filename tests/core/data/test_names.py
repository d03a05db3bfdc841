from __future__ import annotations

from core.data.names import matched


def test_names_of_older_runs_mean_the_files_below_the_root() -> None:
    own = ["train/ISIC_1.jpg", "train/ISIC_2.jpg", "test/ISIC_3_downsampled.JPG"]
    assert matched(["ISIC_1", "train/ISIC_2", "isic_3", "ISIC_9"], own) == {
        "ISIC_1": own[0],
        "train/ISIC_2": own[1],
        "isic_3": own[2],
    }


def test_a_name_that_fits_several_images_means_none() -> None:
    own = ["siteA/IMG_0.jpg", "siteB/IMG_0.jpg", "siteB/IMG_1.jpg"]
    assert matched(["IMG_0", "IMG_1"], own) == {"IMG_1": own[2]}
    assert matched(["x/IMG_1.jpg", "y/IMG_1.jpg"], own) == {}
    assert matched(["data/siteA/IMG_0.jpg"], own) == {}


def test_a_very_name_comes_before_what_it_looks_like() -> None:
    assert matched(["a.jpg", "a.png"], ["a.jpg", "a.png"]) == {"a.jpg": "a.jpg", "a.png": "a.png"}
    assert matched(["a", "a.jpg"], ["a.jpg", "b/a.jpg"]) == {"a.jpg": "a.jpg", "a": "b/a.jpg"}
