"""Peak memory of one explanation, each in a process of its own.

As a script: `python benchmarks/peak_memory.py MODEL METHOD STEPS DEVICE` prints it in bytes.
"""

import resource
import subprocess
import sys
from pathlib import Path

import torch
from setting import network, random_images, use_threads

from saliency_audit.attributions import create


def peak_bytes(model: str, method: str, steps: int, device: torch.device) -> int:
    """The most memory a fresh process holds while it explains one image of 224×224.

    Resident memory, libraries included; on a GPU what torch allocated there.
    """
    command = [sys.executable, __file__, model, method, str(steps), str(device)]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _measured_here(name: str, method: str, steps: int, device: torch.device) -> int:
    image, target = random_images(1, device), torch.zeros(1, dtype=torch.int64, device=device)
    with network(name, device) as model:
        create(method, steps=steps)(model, image, target)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.is_file():
        # On Linux getrusage also counts what the parent held when it started this process.
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return resident if sys.platform == "darwin" else resident * 1024


if __name__ == "__main__":
    use_threads()
    print(_measured_here(sys.argv[1], sys.argv[2], int(sys.argv[3]), torch.device(sys.argv[4])))
