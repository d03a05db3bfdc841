"""SkinKD's core: everything a distillation run needs, without a window and without Qt."""

__version__ = "0.1.0"
