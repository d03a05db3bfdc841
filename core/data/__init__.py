"""Data sets: read, check, split, decode once, sample. Knows no networks.

Others may use

- `types`: `DataSet`, its images, problems and splits: the words of this floor
- `choices`, `mapping`: what the data leave open, and what the labels found in them are to mean
- `layouts`: the ways to store labels beside images, in a registry
- `reading`, `finding`, `tables`, `terms`: data sets of every layout, image files, tables, whose licence they are under
- `headings`, `locating`: what columns are called, and which file a cell means
- `names`: the same images under the names of another run or table
- `checking`, `splitting`, `allocation`: what can not be read and what is there twice; train, validation and test
- `groups`, `components`, `own_parts`, `near_copies`, `leakage`: what belongs together, the data's own parts, what leaks
- `corrections`, `drift`, `file_checks`: what a person changed; how pictures differ from others; what is known of files
- `corruptions`, `skin_tone`: blur, noise and the like for a test of robustness; how light the skin on a picture is
- `curves`: the lines of drawn hairs
- `decoding`, `dicom`: from an image file to pixels
- `store`: every image decoded once; a batch is a gather from it
- `sampling`: which images an epoch shows; in which views of them, says the package `augmentation`
"""
