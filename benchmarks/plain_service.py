"""The service that a user would write around the library in ten minutes: a Flask script.

python benchmarks/plain_service.py PORT
"""

from __future__ import annotations

import sys

from flask import Flask, Response, jsonify, request

import emoclass

app = Flask(__name__)
classifier = emoclass.load("faces").with_faces()


@app.post("/v1/predictions")
def predictions() -> Response:
    images = [file.read() for file in request.files.getlist("images")]
    return jsonify([found.to_json() for found in classifier.find_batches(images)])


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
