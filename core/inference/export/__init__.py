"""Take a model away: ONNX files for other programs and small computers, checked before they are offered."""
