"""What every bench needs of the machine: what it is, what a process has used of it, and a process for the load."""

import asyncio
import os
import platform
import socket
import sys
from pathlib import Path

import psutil

from balie.cli.console import fail


async def python(module: str, *arguments: str) -> str:
    """Runs a module as a process of its own and returns what it printed; ends the command when it failed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        fail(f"{module} ended with {process.returncode}.")
    return output.decode()


def cpu_seconds(pid: int) -> float:
    """Returns the CPU time that a process has used, all its threads together."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def memory_mb(pid: int) -> float:
    """Returns the memory that is resident of a process, megabytes."""
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def free_port() -> int:
    """Returns a port of loopback that is free now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def machine() -> dict[str, str]:
    """Returns what the figures were measured on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text().splitlines()
        model = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
        )
    memory = psutil.virtual_memory().total / 2**30
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
