"""The figure of a specification curve: estimates of all settings, sorted, with the choices below.

Plain SVG, drawn with the page's own colours, so that it follows light and dark mode.
"""

from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap

from saliency_audit.ledger import Option, SettingOutcome, SpecificationCurve
from saliency_audit.report.in_print import in_print
from saliency_audit.report.site.verdicts import css_class
from saliency_audit.report.words import number

# In units of the drawing, which scales with the page.
COLUMN, TOP, CURVE, LINE = 22, 14, 170, 19
# A character of a label, the room for labels, and the characters that fit: longer ones are wrapped,
# so that dots are seen beside them on a phone.
CHARACTER, LABELS = 6.4, 210
FIT = int((LABELS - 14) / CHARACTER)
MARGIN = 12


def estimated(curve: SpecificationCurve) -> str:
    """What the estimates of a curve are of, in words."""
    found = (item.result.headline for item in curve.outcomes if item.result.headline)
    headline = next(found, None)
    return in_print(headline.quantity) if headline else "estimate"


def specification_figure(curve: SpecificationCurve) -> str:
    """One figure as HTML without blank lines, in a box of its own that scrolls where it is narrow.

    What is estimated is spoken in place of the picture.
    """
    title = f"{estimated(curve)}, by setting"
    outcomes = curve.sorted
    choices = outcomes[0].setting.choices
    lines = sum(1 + sum(len(_label(option)) for option in choice.options) for choice in choices)
    left = LABELS
    width = left + COLUMN * len(outcomes) + MARGIN
    height = TOP + CURVE + MARGIN + LINE * lines + MARGIN
    parts = [*_estimates(outcomes, left, width), *_choices(outcomes, left)]
    spoken = f"{title}: {len(outcomes)} settings, from {_range(outcomes)}."
    drawn = "\n".join(parts)
    return (
        f'<div class="scroll" role="region" aria-label="{escape(title)}" tabindex="0">\n'
        f'<svg class="specification" viewBox="0 0 {width} {height}" '
        f'style="min-width:{min(width, 620)}px;max-width:{1.4 * width:.0f}px" '
        f'role="img" aria-label="{escape(spoken)}">\n{drawn}\n</svg>\n</div>'
    )


def _range(outcomes: Sequence[SettingOutcome]) -> str:
    values = [item.result.headline.value for item in outcomes if item.result.headline]
    return f"{number(min(values))} to {number(max(values))}" if values else "no estimate"


def _estimates(outcomes: Sequence[SettingOutcome], left: int, width: int) -> Iterator[str]:
    """Dots with their intervals and the line at zero."""
    found = [item.result.headline for item in outcomes if item.result.headline]
    low = min([0.0, *(headline.low for headline in found)])
    high = max([0.0, *(headline.high for headline in found)])
    unit = CURVE / ((high - low) or 1)

    def at(value: float) -> float:
        return TOP + (high - value) * unit

    for value in (low, 0.0, high):
        if value and abs(at(value) - at(0.0)) < LINE:
            continue
        yield _text(left - 8, at(value), number(value, 2), end=True)
    yield (
        f'<line class="zero" x1="{left}" x2="{width - MARGIN}" '
        f'y1="{at(0.0):.1f}" y2="{at(0.0):.1f}"/>'
    )
    yield _text(4, TOP + 4, "estimate and 95 % interval")
    for place, item in enumerate(outcomes):
        headline, x = item.result.headline, _x(left, place)
        if headline is None:
            continue
        name = css_class(item.result.verdict)
        told = ", ".join(option.means for option in item.setting.options)
        tip = f"{item.result.verdict}: {number(headline.value)} ({told})"
        ring = (
            f'<circle class="main" cx="{x}" cy="{at(headline.value):.1f}" r="8"/>'
            if item.setting.is_main
            else ""
        )
        yield (
            f'<g class="spec-{name}"><title>{escape(tip)}</title>'
            f'<line x1="{x}" x2="{x}" y1="{at(headline.low):.1f}" y2="{at(headline.high):.1f}"/>'
            f'<circle class="dot" cx="{x}" cy="{at(headline.value):.1f}" r="4.5"/>{ring}</g>'
        )


def _choices(outcomes: Sequence[SettingOutcome], left: int) -> Iterator[str]:
    """A line per option, marked under the settings that have it."""
    y: float = TOP + CURVE + MARGIN + LINE
    for index, choice in enumerate(outcomes[0].setting.choices):
        yield _text(4, y, choice.name, bold=True)
        y += LINE
        for option in choice.options:
            label = _label(option)
            for below, line in enumerate(label):
                yield _text(14, y + LINE * below, line)
            for place, item in enumerate(outcomes):
                here = item.setting.options[index] == option
                kind, radius = ("on", 4) if here else ("off", 2)
                x = _x(left, place)
                yield f'<circle class="{kind}" cx="{x}" cy="{y - 4:.1f}" r="{radius}"/>'
            y += LINE * len(label)


def _x(left: int, place: int) -> int:
    return left + COLUMN * place + COLUMN // 2


def _label(option: Option) -> list[str]:
    """What an option is, in lines that fit."""
    return wrap(f"{option.means} ({option.of})", FIT)


def _text(x: float, y: float, text: str, *, end: bool = False, bold: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{x}" y="{y:.1f}"{anchor}{weight}>{escape(text)}</text>'
