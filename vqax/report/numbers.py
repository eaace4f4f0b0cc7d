"""How numbers are written for a reader."""

import math

SMALLEST = 1e-9  # below it a number is written with its power of ten, as p-values are


def number(value: float | None, digits: int, *, sign: bool = False) -> str:
    """A number as a reader wants it: real minus sign, thousands, a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    value = value or 0.0
    form = "e" if 0 < abs(value) < SMALLEST else "f"
    text = f"{value:{'+' if sign else ''},.{digits if form == 'f' else 2}{form}}"
    return text.replace("-", "−")


def deciding_digits(low: float, high: float, digits: int) -> int:
    """Up to three digits more where an interval on one side of 0 would seem to touch it."""
    nearest = min(abs(low), abs(high)) if low * high > 0 else math.inf
    return next((d for d in range(digits, digits + 3) if round(nearest, d)), digits + 3)


def readable(value: float) -> str:
    """Two decimals; where those would hide a small number, its first two digits, or a bound."""
    if not math.isfinite(value) or abs(value) >= 0.01 or value == 0.0:
        return number(value, 2)
    return (
        number(value, 1 - math.floor(math.log10(abs(value)))) if abs(value) >= 1e-5 else "< .00001"
    )
