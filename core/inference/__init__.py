"""Trained models at work: from files to classes, prediction sets and verdicts; export is a room of its own.

Others may use

- `classifier`, `network`, `onnx_network`: a loaded model, and the network in it, of torch or of onnxruntime
- `child_process`, `onnx_session`: processes that can be ended; onnxruntime with bounds
- `test_time`: test-time augmentation, the mean over flips and turns
- `results`, `trust`, `decisions`, `diagnoses`, `decision_rule`: what is said of an image, and whether to rely on it
- `review`, `triage`: what the reader says of an image, and which images a person looks at first
- `collect`, `labelled`, `record`, `export_table`: files, their labels, a log of hashes, tables of answers
- `heatmap`, `similar`: where the evidence lies, and the known cases that are most alike
- `from_statistics`: prediction sets, decisions and diagnoses of a model file
- `calibrating`, `out_of_distribution`, `picture_structure`: what a model keeps so that its answers can be weighed
- `local_calibration`, `local_fitting`, `local_measuring`, `local_pictures`: a calibration on images of one's own clinic
beside a model file, how it is made and measured, and how later folders differ from them
"""
