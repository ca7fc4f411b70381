"""Writes an encoder in every precision and measures each beside fp32: what the smaller ones cost in answers."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from balie.encoders.bench.quality import Agreement, compare
from balie.encoders.folder.manifest import Manifest
from balie.encoders.folder.precisions import PRECISIONS
from balie.encoders.folder.reading import read_model
from balie.encoders.folder.writing import write_encoder
from balie.encoders.onnx import OnnxEncoder
from balie.encoders.progress import Progress, within

REFERENCE = "fp32"


@dataclass(frozen=True)
class PrecisionQuality:
    """A precision of one encoder.

    Attributes:
        precision: its name.
        disk_mb: of its folder, in million bytes.
        agreement: beside the same encoder in fp32.
    """

    precision: str
    disk_mb: float
    agreement: Agreement

    def as_dict(self) -> dict[str, Any]:
        """Returns the figures under their names, as JSON takes them."""
        return {"precision": self.precision, "disk_mb": self.disk_mb, **self.agreement.as_dict()}


def measure_precisions(
    folder: Path, data: Path, progress: Progress = lambda _step, _share: None
) -> list[PrecisionQuality]:
    """Returns what each precision is worth, fp32 first; takes about two minutes of CPU.

    Args:
        folder: an fp32 encoder.
        data: folder of evaluation data, see `quality.compare`.
        progress: is told what is being done.

    Raises:
        EncoderUnavailable: the folder holds no encoder that can be read back, or the data lacks a file.
    """
    model = read_model(folder)
    reference = OnnxEncoder(folder)
    names = [REFERENCE, *(name for name in PRECISIONS if name != REFERENCE)]
    found = []
    with tempfile.TemporaryDirectory(prefix="balie-precisions-") as work:
        for place, name in enumerate(names):
            written = Path(work) / name
            written.mkdir()
            manifest = write_encoder(model, written, precision=name)
            agreement = compare(
                reference,
                OnnxEncoder(written),
                data,
                within(progress, place / len(names), (place + 1) / len(names), prefix=f"{name}: "),
            )
            found.append(PrecisionQuality(name, _size_mb(manifest), agreement))
    progress("done", 1.0)
    return found


def _size_mb(manifest: Manifest) -> float:
    return sum(file.size_bytes for file in manifest.files.values()) / 1e6
