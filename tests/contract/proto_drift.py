"""Compares the committed code with what ``proto/`` generates today: ``make lint`` runs it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "risk_service" / "pb"


def generated_files(out: Path) -> dict[str, bytes]:
    """Return the contents of generated files by path under ``out``."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in (".py", ".pyi") and path.parent != out
    }


def drift() -> list[str]:
    """Return the generated files that differ from the committed ones."""
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(
            ["bash", str(ROOT / "proto" / "generate.sh"), temporary],
            check=True,
            env=dict(os.environ, PYTHON=sys.executable),
        )
        fresh, committed = generated_files(Path(temporary)), generated_files(COMMITTED)
    names = fresh.keys() | committed.keys()
    return sorted(name for name in names if fresh.get(name) != committed.get(name))


def main() -> None:
    """End with an error when the committed code is not what proto/ generates."""
    if stale := drift():
        raise SystemExit(f"generated code is stale, run `make proto`: {', '.join(stale)}")


if __name__ == "__main__":
    main()
