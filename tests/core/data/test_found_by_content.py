"""Tables, columns and labels are found by what stands in them; a table speaks for the files beside or below it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.classes import CLASS_SETS, own_class_set
from core.data.choices import ChoiceNeededError, Choices
from core.data.mapping import check_decided, fitting_sets, inspect_labels
from core.data.reading import read_dataset
from core.data.types import DataSet, LabelCount, Part, ProblemKind
from core.errors import SkinKDError

ISIC2019, BINARY = CLASS_SETS["isic2019"], CLASS_SETS["benign-malignant"]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """A data folder of empty pictures and tables of lines; nothing in it is opened as an image."""

    def make(files: Sequence[str], **tables: Sequence[str] | str) -> Path:
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(PICTURE)
        for name, lines in tables.items():
            path = tmp_path / name.replace("__", "/").replace("_csv", ".csv")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(lines if isinstance(lines, str) else "\n".join(lines) + "\n")
        return tmp_path

    return make


def _codes(dataset: DataSet) -> dict[str, str]:
    return {record.name: dataset.classes.codes[record.label] for record in dataset.records}


def test_two_sites_with_the_same_names_keep_their_own_facts(make_folder: MakeFolder) -> None:
    files = [f"{site}/IMG_{number}.jpg" for site in "AB" for number in range(2)]
    folder = make_folder(
        files,
        A__labels_csv=("image,label,lesion_id,age", "IMG_0,MEL,L0,30", "IMG_1,NV,L1,30"),
        B__labels_csv=("image,label,lesion_id,age", "IMG_0,NV,L0,70", "IMG_1,MEL,L1,70"),
    )
    dataset = read_dataset(folder, ISIC2019)
    assert _codes(dataset) == dict(zip(files, ("MEL", "NV", "NV", "MEL"), strict=True))
    assert [record.age for record in dataset.records] == [30, 30, 70, 70]
    assert len({record.lesion for record in dataset.records}) == 4
    assert [problem.kind for problem in dataset.problems] == [ProblemKind.LOCAL_NUMBERS]


def test_a_table_in_a_class_folder_tells_nothing_of_other_folders(make_folder: MakeFolder) -> None:
    files = [f"{code}/IMG_{number}.jpg" for code in ("MEL", "NV") for number in range(3)]
    folder = make_folder(files, MEL__info_csv=("image,lesion_id,age", "IMG_0,L0,50", "IMG_1,L0,50", "IMG_2,L1,50"))
    (folder / "MEL" / "IMG_2.jpg").unlink()
    found = {record.name: (record.lesion, record.age) for record in read_dataset(folder, ISIC2019).records}
    assert found.pop("MEL/IMG_0.jpg") == ("L0", 50)
    assert found.pop("MEL/IMG_1.jpg") == ("L0", 50)
    assert set(found.values()) == {(None, None)}


def test_a_table_speaks_for_the_folder_of_its_name(make_folder: MakeFolder) -> None:
    files = [f"{site}/IMG_{number}.jpg" for site in ("one", "two") for number in range(2)]
    tables = {"one_csv": ("image,dx", "IMG_0,mel", "IMG_1,nv"), "two_csv": ("image,dx", "IMG_0,nv", "IMG_1,bcc")}
    assert list(_codes(read_dataset(make_folder(files, **tables), ISIC2019)).values()) == ["MEL", "NV", "NV", "BCC"]


@pytest.mark.parametrize(
    ("heading", "row", "label"),
    [
        ("lesion_id,image_id,dx,cell_type,label", "L1,{0},mel,Nevus,0", "MEL"),
        (",Image Name,Diagnosis", "0,{0}.jpg,Melanoma ", "MEL"),
        ("isic_id,diagnosis_1,diagnosis_2,diagnosis_3", "{0},Malignant,,Melanoma Invasive", "MEL"),
        ("img_id,diagnostic,smoke,drink,itch", "{0}.png,ACK,True,False,True", "AK"),
        ("image,MEL,NV,BCC,score_weight", "{0},False,True,False,1.0", "NV"),
        ("Bild;Diagnose;Geschlecht", "{0};Nävus;w", "NV"),
        ("file path,class", "C:\\data\\{0}.jpg,0_nv", "NV"),
    ],
)
def test_the_column_that_names_classes_is_taken(make_folder: MakeFolder, heading: str, row: str, label: str) -> None:
    folder = make_folder(["in/a1.jpg"], any_csv=(heading, row.format("a1")))
    assert _codes(read_dataset(folder, ISIC2019)) == {"in/a1.jpg": label}


@pytest.mark.parametrize("name", ["labels", "labels.tab", "labels.txt"])
@pytest.mark.parametrize("mark", ["\t", " ", ","])
def test_tables_are_found_by_their_content(make_folder: MakeFolder, name: str, mark: str) -> None:
    folder = make_folder(["a1.jpg", "a2.jpg"])
    (folder / name).write_text(
        "\n".join(f"{one}{mark}{two}" for one, two in [("image", "dx"), ("a1", "mel"), ("a2", "nv")])
    )
    assert _codes(read_dataset(folder, ISIC2019)) == {"a1.jpg": "MEL", "a2.jpg": "NV"}


def test_a_workbook_is_read(make_folder: MakeFolder) -> None:
    from openpyxl import Workbook

    folder = make_folder(["1.jpg", "2.jpg"])
    book = Workbook()
    for row in (("image", "dx", "patient_id"), (1, "mel", 7.0), (2, "nv", 7.0)):
        book.active.append(row)
    book.save(folder / "labels.xlsx")
    dataset = read_dataset(folder, ISIC2019)
    assert _codes(dataset) == {"1.jpg": "MEL", "2.jpg": "NV"}
    assert {record.patient for record in dataset.records} == {"7"}
    with zipfile.ZipFile(folder / "labels.xlsx", "a") as archive:
        archive.writestr("XL/worksheets/sheet1.xml", archive.read("xl/worksheets/sheet1.xml"))
    with pytest.raises(SkinKDError, match=r"two members of one name, 'xl' and 'XL'"):
        read_dataset(folder / "labels.xlsx", ISIC2019)


def test_a_table_without_headings_is_noticed(make_folder: MakeFolder) -> None:
    folder = make_folder([f"i/p{number}.jpg" for number in range(3)], t_csv=("p0,malignant", "p1,benign", "p2,benign"))
    assert read_dataset(folder, BINARY).counts == {"BEN": 2, "MAL": 1}


def test_labels_of_lesions_are_joined_with_tables_of_pictures(make_folder: MakeFolder) -> None:
    folder = make_folder(
        [f"L{number // 2}/p{number}.jpg" for number in range(4)],
        truth_csv=("lesion_id,MEL,NV,BCC", "L0,1,0,0", "L1,0,1,0"),
        pictures_csv=(
            "isic_id,lesion_id,image_type",
            "p0,L0,clinical",
            "p1,L0,dermoscopic",
            "p2,L1,clinical",
            "p3,L1,dermoscopic",
        ),
    )
    dataset = read_dataset(folder, ISIC2019)
    assert list(_codes(dataset).values()) == ["MEL", "MEL", "NV", "NV"]
    assert [choice.setting for choice in dataset.choices] == ["data.image_type"]
    assert len(read_dataset(folder, ISIC2019, Choices(image_type="clinical")).records) == 2
    with pytest.raises(ChoiceNeededError, match="clinical"):
        read_dataset(folder, ISIC2019, Choices(image_type="ultrasound"))


def test_a_row_tells_files_of_one_name_apart_by_their_folders(make_folder: MakeFolder) -> None:
    folder = make_folder(["train/0.jpg", "test/0.jpg"], all_csv=("image,dx,split", "0,mel,test", "0,nv,train"))
    assert _codes(read_dataset(folder, ISIC2019)) == {"test/0.jpg": "MEL", "train/0.jpg": "NV"}


def test_which_of_two_picture_columns_is_asked(make_folder: MakeFolder) -> None:
    lines = ("clinic,derm,diagnosis", "a/c0.jpg,a/d0.jpg,nevus", "a/c1.jpg,a/d1.jpg,melanoma")
    folder = make_folder([f"img/a/{kind}{number}.jpg" for kind in "cd" for number in range(2)], meta_csv=lines)
    with pytest.raises(ChoiceNeededError) as caught:
        read_dataset(folder, ISIC2019)
    assert [option.value for option in caught.value.choice.options] == ["clinic", "derm"]
    assert _codes(read_dataset(folder, ISIC2019, Choices(image_column="derm"))) == {
        "img/a/d0.jpg": "NV",
        "img/a/d1.jpg": "MEL",
    }


def test_parts_come_from_a_column_folders_or_the_names_of_tables(make_folder: MakeFolder) -> None:
    folder = make_folder(["train/MEL/0.jpg", "val/NV/0.jpg", "test_set/MEL/0.jpg"])
    assert [record.part for record in read_dataset(folder, ISIC2019).records] == [
        Part.TEST,
        Part.TRAIN,
        Part.VALIDATION,
    ]
    make_folder([], s_csv=("image,dx,split", "train/MEL/0.jpg,mel,test", "val/NV/0.jpg,nv,train"))
    found = {record.name: record.part for record in read_dataset(folder, ISIC2019).records}
    assert (found["train/MEL/0.jpg"], found["val/NV/0.jpg"]) == (Part.TEST, Part.TRAIN)


def test_one_part_alone_is_no_division(make_folder: MakeFolder) -> None:
    folder = make_folder(["Training_Input/a.jpg"], Training_csv=("image,dx", "a,mel"))
    assert [record.part for record in read_dataset(folder, ISIC2019).records] == [None]


def test_patients_lesions_and_skin_types(make_folder: MakeFolder) -> None:
    lines = ("image,dx,patient,lesion,fitspatrick", "a,mel,P1,1,3.0", "b,nv,P2,1,IV", "c,nv,P2,2,")
    folder = make_folder([f"{name}.jpg" for name in "abc"], t_csv=lines)
    found = read_dataset(folder, ISIC2019).records
    assert [record.patient for record in found] == ["P1", "P2", "P2"]
    assert [record.lesion for record in found] == ["P1 1", "P2 1", "2"]  # each patient's lesions are counted anew
    assert [record.skin_type for record in found] == [3, 4, None]


def test_terms_come_from_the_data_alone(make_folder: MakeFolder) -> None:
    folder = make_folder(["ISIC_1.jpg", "ISIC_2.jpg"], HAM10000_csv=("image_id,dx", "ISIC_1,mel", "ISIC_2,nv"))
    assert read_dataset(folder, ISIC2019).terms == ""
    make_folder([], HAM10000_csv=("image_id,dx,copyright_license", "ISIC_1,mel,CC-0", "ISIC_2,nv,CC-BY"))
    (folder / "LICENSE.txt").write_text("\nFor research.\n")
    assert read_dataset(folder, ISIC2019).terms == "CC-0 (1 images), CC-BY (1 images); LICENSE.txt: For research."
    assert read_dataset(folder, ISIC2019, Choices(terms="Ours.")).terms == "Ours."


def test_pictures_without_a_suffix_and_masks(make_folder: MakeFolder) -> None:
    folder = make_folder(["MEL/scan1", "MEL/scan1_mask.png", "NV/2.840.113", "NV/x.jp2"])
    dataset = read_dataset(folder, ISIC2019)
    assert set(_codes(dataset)) == {"MEL/scan1", "NV/2.840.113", "NV/x.jp2"}
    assert [(problem.kind, problem.names) for problem in dataset.problems] == [
        (ProblemKind.MASK, ("MEL/scan1_mask.png",))
    ]


def test_folders_below_the_classes_may_be_patients(make_folder: MakeFolder) -> None:
    named = make_folder([f"MEL/patient_{number}/{picture}.jpg" for number in range(2) for picture in range(2)])
    assert {record.patient for record in read_dataset(named, ISIC2019).records} == {"patient_0", "patient_1"}
    other = named / "other"
    make_folder([f"other/NV/x{number}/{picture}.jpg" for number in range(2) for picture in range(2)])
    dataset = read_dataset(other, ISIC2019)
    assert [problem.kind for problem in dataset.problems] == [ProblemKind.PATIENT_FOLDERS]
    told = read_dataset(other, ISIC2019, Choices(patient_folders=True))
    assert {record.patient for record in told.records} == {"x0", "x1"}


def test_a_subset_of_the_labels_is_never_taken_silently(make_folder: MakeFolder) -> None:
    folder = make_folder(["melanoma/1.jpg", "Acne/2.jpg", "Acne/3.jpg", "UNK/4.jpg"])
    dataset = read_dataset(folder, ISIC2019)
    assert len(dataset.records) == 1
    with pytest.raises(SkinKDError, match=r"2 images .*Acne \(2\)") as caught:
        check_decided(dataset)
    assert 'Acne = ""' in caught.value.details
    own = own_class_set(["melanoma", "Acne", "UNK"])
    assert [item.group.value for item in own.classes] == ["malignant", "unspecified", "unspecified"]
    check_decided(read_dataset(folder, own))


def test_labels_are_found_before_there_are_classes(make_folder: MakeFolder) -> None:
    folder = make_folder([f"{name}/{number}.jpg" for name in ("benign", "malignant") for number in range(4)])
    found = inspect_labels(folder, None)
    assert [(item.label, item.count, len(item.examples)) for item in found.labels] == [
        ("benign", 4, 3),
        ("malignant", 4, 3),
    ]
    assert found.fitting == ("benign-malignant",)
    assert fitting_sets(found.labels, [ISIC2019]) == ()


def test_a_set_fits_labels_of_which_one_says_none_of_these() -> None:
    labels = [LabelCount(label, 1, (), None) for label in ("MEL", "NV", "UNK")]
    assert fitting_sets(labels, [ISIC2019]) == ("isic2019",)
    assert fitting_sets(labels[2:], [ISIC2019]) == ()


def test_columns_of_yes_and_no_are_classes(make_folder: MakeFolder) -> None:
    folder = make_folder(
        [f"{number}.jpg" for number in range(4)],
        truth_csv=("id,melanoma,nevus,bcc", "0,Yes,no,no", "1,no,YES,no", "2,ja,nein,nein", "3,,,x"),
    )
    assert list(_codes(read_dataset(folder, ISIC2019)).values()) == ["MEL", "NV", "MEL", "BCC"]


@pytest.mark.parametrize(("folds", "kinds"), [("01234", [ProblemKind.FOLDS]), ("00000", [])])
def test_numbered_folds_are_no_parts_and_are_named(
    make_folder: MakeFolder, folds: str, kinds: list[ProblemKind]
) -> None:
    rows = [f"{number},{'MEL' if number % 2 else 'NV'},{fold}" for number, fold in enumerate(folds)]
    folder = make_folder([f"{number}.jpg" for number in range(5)], meta_csv=("image,label,fold", *rows))
    dataset = read_dataset(folder, ISIC2019)
    assert [problem.kind for problem in dataset.problems] == kinds
    assert {record.part for record in dataset.records} == {None}
