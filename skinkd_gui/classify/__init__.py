"""The Classify tab: drop images, see what a model makes of them and whether to trust it.

Others may use

- `classify_tab`: the tab
- `picture_view`, `pictures`: a picture to zoom into, and pictures of files, decoded off the GUI thread
- `thumbnails`, `picture_cards`: small ones of many files, and cards that show them
- `dropping`, `cells`: what was dropped, and how answers are sorted and worded
"""
