from pathlib import Path

import pytest
import yaml

from vqax.errors import MissingArtefact, UsageError
from vqax.yaml_files import read_yaml


def yaml_file(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_is_read_as_pyyaml_reads_it(tmp_path: Path) -> None:
    path = yaml_file(
        tmp_path,
        """
        base: &base {lr: 0.1, σ: [1, null]}
        runs:
          a: {<<: *base, lr: 0.2}
          b: *base
          1: {lr: 1, LR: 2}
        """,
    )
    base = {"lr": 0.1, "σ": [1, None]}
    runs = {"a": {**base, "lr": 0.2}, "b": base, 1: {"lr": 1, "LR": 2}}
    assert read_yaml(path) == {"base": base, "runs": runs} == yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs:\n  mcb: 1\n  san: 2\n  mcb: 3\n", "line 4: the key 'mcb' .* in line 2; rename"),
        ("a: {σ: 1, σ: 2}\n", "line 1: the key 'σ' stands already in line 1"),
        ("a: 1\nb: [{c: 1,\n  c: 1}]\n", "line 3: the key 'c' stands already in line 2"),
        ("a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n  k: 3\n", "line 5: the key 'k' .* line 4"),
        ("{a: &x {c: 1, c: 2}, a: *x}\n", "line 1: the key 'c' stands already in line 1"),
        ("a: [1\n", r"not valid YAML \(.*line 1, column 4:\n +a: \[1\n +\^\n"),
        ("a: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
    ],
)
def test_a_key_given_twice_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=r"(?s)params\.yaml: " + message):
        read_yaml(yaml_file(tmp_path, text))


def test_no_yaml_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match=r"/a\.yaml: no such file"):
        read_yaml(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not valid YAML"):
        read_yaml(tmp_path / "a.yaml")


def bomb(levels: int) -> str:
    """Nine lines that stand for ten to the ninth values."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, levels)]
    return "\n".join(lines)


HARMFUL = {
    "aliases": (bomb(10), r"line \d+: its aliases stand for more than 200,000 values; write out"),
    "merges": (
        "a0: &a0 {k: v}\n"
        + "\n".join(f"a{k}: &a{k}\n  <<: [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 9)),
        r"line \d+: its aliases stand for more than 200,000 values; write out",
    ),
    "a node in itself": ("a: &a [*a]", r"line 1: nested more than 100 levels"),
    "150 brackets": ("a: " + "[" * 150 + "]" * 150, "line 1: nested more than 100 levels"),
    "3,000 brackets": ("[" * 3000 + "]" * 3000, "line 1: nested more than 100 levels"),
    "100,000 brackets": ("[" * 100_000, "line 1: nested more than 100 levels"),
    "100,000 braces": ("a: 1\nb: " + "{a: " * 100_000, "line 2: nested more than 100 levels"),
    "100,000 dashes": ("- " * 100_000 + "a", "line 1: nested more than 100 levels"),
    "100,000 question marks": ("? " * 100_000 + "a", "line 1: nested more than 100 levels"),
    "indentation": (
        "\n".join(" " * k + "a:" for k in range(1200)),
        "line 1..: nested more than 100 levels",
    ),
    "5,000 digits": ("seed: " + "9" * 5000, "not valid YAML .*mend the place it names"),
    "no such date": ("seed: 2001-99-99", "not valid YAML .*mend the place it names"),
    "not UTF-8": (b"seed: \xff", "not valid YAML .*mend the place it names"),
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_what_would_hang_or_end_the_process_is_refused(tmp_path: Path, kind: str) -> None:
    content, message = HARMFUL[kind]
    path = tmp_path / "params.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=rf"params\.yaml: {message}"):
        read_yaml(path)


def test_many_brackets_that_are_not_nested_are_read(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("rows: [" + ", ".join(["[1, {a: 2}]"] * 3000) + "]")
    assert read_yaml(path) == {"rows": [[1, {"a": 2}]] * 3000}
