"""Take a model away: ONNX files for other programs and small computers, checked before they are offered.

Others may use

- `exporting`: the whole way from a model file to a checked one; `precisions`: the numbers that it may compute with
- `report`, `checking`, `material`: what the check found; the stopwatch and the images that it takes
- `history`: the checks of a run's exports, kept with it
- `onnx_bytes`, `onnx_file`, `onnx_guard`: our ONNX files, read as files of strangers
"""
