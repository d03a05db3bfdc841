"""What the headings of tables are called, the preferred ones first; they are compared by `core.data.tables.heading`."""

from __future__ import annotations

IMAGE = (
    *("image", "image_id", "image_name", "isic_id", "filename", "file_name", "file", "image_path", "filepath", "path"),
    *("img", "img_id", "img_path", "bcn_filename", "md5hash", "picture", "photo", "name", "bild", "dateiname"),
    *("imagen", "archivo", "immagine", "imagem", "fichier"),
)
LABEL = (
    *("dx", "diagnosis", "diagnostic", "diagnosis_3", "diagnosis_4", "diagnosis_2", "iddx_3", "iddx_4", "iddx_2"),
    *("class_name", "classname", "label", "class", "category", "diagnosis_1", "iddx_1", "histological diagnosis"),
    *("clinical diagnosis", "disease", "lesion_type", "diagnose", "klasse", "diagnostico", "diagnosi", "diagnostique"),
    *("target", "benign_malignant", "diagnosis_5", "iddx_5", "iddx_full"),
)
LESION = ("lesion_id", "lesion", "lesion_no", "lesion_number", "läsion", "lesión")
PATIENT = (
    *("patient_id", "patient", "patient_no", "patient_number", "pat_id", "patient_name", "pid", "subject_id"),
    *("subject", "person_id", "case_patient", "patientennummer", "patienten_id", "id_paciente", "paciente", "paziente"),
)
AGE = ("age_approx", "age", "alter", "edad", "idade", "eta")
SEX = ("sex", "gender", "geschlecht", "sexo", "sesso", "sexe")
SITE = (
    *("anatom_site_general", "anatom_site", "localization", "localisation", "site", "anatom_site_general_challenge"),
    *("body_site", "region", "location", "lokalisation", "localizacion", "localizacao", "sede"),
)
DATE = (
    *("date", "image_date", "acquisition_date", "study_date", "exam_date", "visit_date", "visit", "taken"),
    *("datum", "aufnahmedatum", "fecha", "data", "date_visite"),
)
SKIN_TYPE = ("fitzpatrick", "fitzpatrick_scale", "fitspatrick", "fitzpatrick_skin_type", "skin_type", "phototype")
PART = ("split", "partition", "subset", "set", "part", "fold", "usage")
LICENCE = ("copyright_license", "license", "licence", "copyright", "terms")
IMAGE_TYPE = ("image_type", "modality")

FACTS = (LESION, PATIENT, AGE, SEX, SITE, SKIN_TYPE, PART, LICENCE, IMAGE_TYPE)

NEVER_CLASSES = ("weight", "score", "index", "idx", "id", "number", "confidence", "probability")
"""How the heading of a column ends that holds zeros and ones, perhaps, but no class."""

ANSWER, BESIDE_ANSWER = "diagnosis_name", ("malignant_probability", "prediction_set")
"""Columns of the tables that classifying saves; no collection of labelled images has one of each."""
