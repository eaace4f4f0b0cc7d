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


def test_an_alias_within_what_it_names(tmp_path: Path) -> None:
    value = read_yaml(yaml_file(tmp_path, "a: &x {b: [*x]}\n"))
    assert value["a"]["b"][0] is value["a"]


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
