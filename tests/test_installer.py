"""``.ci/install``: which build of torch, and with which installer, without installing anything."""

import shutil
import stat
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOBODY = "http://127.0.0.1:9"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def index():
    """The address of an index that answers."""
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH with uv and nvidia-smi as a test puts them there; uv writes what it is told."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("dirname", "bash", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    program(folder, "python3", f'exec {sys.executable} "$@"')
    program(folder, "uv", f'echo "uv $*" >> {tmp_path}/said')
    return folder


def install(programs: Path, build: str, index: str, code: int = 0) -> tuple[str, list[str]]:
    """What it prints, and the commands that it runs."""
    done = subprocess.run(
        [ROOT / ".ci" / "install", programs.parent / "environment", build],
        env={"PATH": str(programs), "TORCH_INDEX": index, "HOME": str(programs.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    said = programs.parent / "said"
    return done.stdout + done.stderr, said.read_text("utf-8").splitlines() if said.exists() else []


@pytest.mark.parametrize("build", ["auto", "cpu"])
def test_without_a_gpu_torch_comes_from_its_own_index(programs, index: str, build: str) -> None:
    text, commands = install(programs, build, index)
    assert f"torch: the build for CPUs, from {index}" in text
    assert [f"--index-url {index} torch torchvision" in line for line in commands] == [
        *(False, True, False)
    ]
    assert commands[-1].endswith("--constraint constraints.txt --editable .[dev]")


@pytest.mark.parametrize(
    ("build", "sentence"), [("auto", "torch: the build of PyPI"), ("cpu", "does not answer")]
)
def test_where_the_index_does_not_answer_pypi_is_asked(programs, build, sentence: str) -> None:
    text, commands = install(programs, build, NOBODY)
    assert sentence in text
    assert not any("--index-url" in line for line in commands)
    assert len(commands) == 2


def test_with_a_gpu_or_asked_for_cuda_it_is_the_build_with_cuda(programs, index: str) -> None:
    assert not any("--index-url" in line for line in install(programs, "cuda", index)[1])
    program(programs, "nvidia-smi", "exit 0")
    (programs.parent / "said").unlink()
    assert not any("--index-url" in line for line in install(programs, "auto", index)[1])


def test_without_uv_it_is_pip(programs, index: str) -> None:
    (programs / "uv").unlink()
    (programs / "python3").unlink()
    folder = programs.parent / "environment" / "bin"
    program(
        programs,
        "python3",
        f'case "$1" in -m) PATH=/bin:/usr/bin; mkdir -p {folder};'
        f' printf "#!/bin/sh\\necho pip \\$* >> {programs.parent}/said\\n" > {folder}/pip;'
        f" chmod +x {folder}/pip;; *) exit 1;; esac",
    )
    _, commands = install(programs, "auto", index)
    assert len(commands) == 1
    assert commands[0].startswith("pip install")


def test_another_build_is_refused(programs) -> None:
    assert "TORCH=tpu: is none of auto, cpu, cuda" in install(programs, "tpu", NOBODY, code=2)[0]
