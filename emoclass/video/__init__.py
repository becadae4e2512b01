"""Videos: reading the frames of files, streams and cameras, and writing annotated videos.

`feed.py` says what a feed of frames is; `files.py` and `live.py` are feeds. `write.py` writes videos.
PyAV (`emoclass[video]`) is imported by the functions that need it.
"""
