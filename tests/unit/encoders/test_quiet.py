import os
import subprocess
import sys


def test_the_runtime_is_told_to_report_nothing_before_it_is_loaded() -> None:
    program = (
        "import builtins, os\n"
        "real, told = builtins.__import__, []\n"
        "def watch(name, *rest, **more):\n"
        "    if name == 'onnxruntime':\n"
        "        told.append(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = watch\n"
        "import balie.encoders.onnx\n"
        "print(told[0])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
