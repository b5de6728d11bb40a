"""The settings of DRE and MGnet that the paper's ablations compare, and the steps between both."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from saliency_audit.attributions.relevance import Objective
from saliency_audit.study.estimators import CONSTRAINTS, Setting, mgnet_setting

Change = Callable[[Setting], Setting]


def _design(**changes: Any) -> Change:
    return lambda setting: replace(setting, design=replace(setting.design, **changes))


def _loss(objective: Objective) -> Change:
    return lambda setting: replace(setting, objective=objective)


def _batch_statistics(setting: Setting) -> Setting:
    return replace(setting, plan=replace(setting.plan, batch_norm="batch"))


def _mgnet(**changes: Any) -> Change:
    """MGnet with some of its weights changed."""
    return lambda setting: replace(
        mgnet_setting(setting), objective=replace(CONSTRAINTS, **changes)
    )


# §4.4.2: η and h of the controller; DRE itself has (1.5, 2.5).
CONTROLLERS: dict[str, Change] = {
    "eta0.5_h2.5": _design(eta=0.5),
    "dre": lambda setting: setting,
    "eta1.5_h1.5": _design(h=1.5),
    "eta2.5_h2.5": _design(eta=2.5),
    "eta1.5_h0.5": _design(h=0.5),
}
# §4.4.3, in the paper's order: the tuned weights, then without some of them. DRE has none at last.
DRE_CONSTRAINTS: dict[str, Change] = {
    "dre_tuned": _loss(CONSTRAINTS),
    "dre_no_av": _loss(replace(CONSTRAINTS, area=0.0)),
    "dre_no_av_bg": _loss(replace(CONSTRAINTS, area=0.0, background=0.0)),
    "dre_no_av_tv": _loss(replace(CONSTRAINTS, area=0.0, smoothness=0.0)),
    "dre": _loss(Objective()),
}
MGNET_CONSTRAINTS: dict[str, Change] = {
    "mgnet": _mgnet(),
    "mgnet_no_av": _mgnet(area=0.0),
    "mgnet_no_bg": _mgnet(background=0.0),
    "mgnet_no_tv": _mgnet(smoothness=0.0),
    "mgnet_no_bg_tv": _mgnet(background=0.0, smoothness=0.0),
}
# Between DRE and MGnet: another head with DRE's loss, the released head of MGnet with either loss,
# the map that is not monotonic, and batch normalisation of the classifier as the released code has
# it, which changes nothing for a classifier without any.
STEPS: dict[str, Change] = {
    "sigmoid": _design(head="sigmoid"),
    "two_channels": lambda setting: _design(head="two_channels")(mgnet_setting(setting)),
    "two_channels_plain": _design(head="two_channels"),
    "square": _design(head="square"),
    "batch_statistics": _batch_statistics,
}
SETTINGS: Mapping[str, Change] = {
    **CONTROLLERS,
    **DRE_CONSTRAINTS,
    **MGNET_CONSTRAINTS,
    **STEPS,
}
