"""Whose picture it is, and what several pictures of one lesion say together.

Optional, and only what the user gives: typed, from the names of folders, a table, or DICOM elements that were ticked.
Nothing of it is written anywhere but where the user saves it. Others may use

- `facts`: `PatientFacts` of an image, and where they come from
- `sources`, `tables`: one text that names where they come from; facts and lesions for CSV and JSON
- `dicom_elements`: the elements that a user may tick, and reading them
- `lesions`: the pictures of one lesion at one date as one result, and the dates of one lesion beside each other
"""
