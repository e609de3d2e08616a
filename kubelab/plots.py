"""Draw what was measured as inline SVG.

The colours are readable on light and on dark backgrounds. A title and a description serve screen
readers.
"""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from kubelab.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT = "#010203"
"""Stands for the colour of the text around the picture: becomes `currentColor` in the SVG."""
COLOURS = {"running": "#3a86c8", "waiting": "#8a8f98", "ended": "#d1662b"}
"""Each has a contrast of 3:1 and more against white and against near-black."""
SERIES = ["#3a86c8", "#d1662b", "#3f9b6c"]
MARKERS = "osD"
WIDTH = 7.2
"""Inches; a page's text column at 96 dpi."""


class Picture:
    """An SVG for a notebook's output."""

    def __init__(self, svg: str, description: str) -> None:
        self.svg, self.description = svg, description

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # As HTML, not as an image: an <img> knows no currentColor and hides its text.
        return {"text/html": self.svg, "text/plain": self.description}

    def __repr__(self) -> str:
        return self.description


class Bar(NamedTuple):
    """A stretch of a container's life."""

    begin: float
    end: float
    state: str
    """running, waiting or ended"""
    text: str


def plot_timeline(*timelines: Timeline, title: str) -> Picture:
    """One lane a container: when it ran, how each run ended, when it waited and for how long."""
    lanes = _lanes(*timelines)
    figure, axes = _figure(0.9 + 0.45 * len(lanes))
    _draw_lanes(axes, lanes)
    handles = [_patch(state) for state in ("running", "waiting")]
    axes.legend(handles=handles, **_LEGEND)
    return _picture(figure, title, _told(lanes))


def plot_series(
    series: Mapping[str, Sequence[tuple[float, float]]],
    timeline: Timeline,
    since: float,
    title: str,
) -> Picture:
    """Draw a panel for each series and, below them, the containers of the Pod, on one time axis.

    A line breaks where a sample is missing. Samples have times in seconds since 1970; the timeline
    begins at `since`, by the same clock.
    """
    lanes = _lanes(timeline)
    heights = [1.2] * len(series) + [0.7 + 0.35 * len(lanes)]
    figure, panels = _panels(heights)
    _draw_lanes(panels[-1], lanes)
    ends = [bar.begin for _, bars in lanes for bar in bars if bar.state == "ended"]
    told = []
    for axes, (name, samples), colour in zip(panels, series.items(), cycle(SERIES), strict=False):
        stretches = _stretches([(at - since, value) for at, value in samples])
        for stretch in stretches:
            # A stretch of one sample would be a line without length.
            marker = "." if len(stretch) == 1 else ""
            line: dict[str, Any] = {
                "color": colour,
                "linewidth": 1.8,
                "marker": marker,
            }
            axes.plot(*zip(*stretch, strict=True), drawstyle="steps-post", **line)
        for end in ends:
            axes.axvline(end, color=TEXT, linewidth=0.8, linestyle=":")
        axes.set_title(name, loc="left", fontsize=9, color=TEXT)
        axes.set_ylim(0, 1.15 * max((value for _, value in samples), default=1) or 1)
        axes.tick_params(labelbottom=False)
        parts = [
            " to ".join(f"{value:g} at {at:.0f} s" for at, value in _milestones(stretch))
            for stretch in stretches
        ]
        told.append(f"{name}: {', then '.join(parts) or 'no sample'}.")
    return _picture(figure, title, " ".join([*told, _told(lanes)]))


def plot_back_off(
    predicted: Sequence[float], measured: Mapping[str, Sequence[float | None]], title: str
) -> Picture:
    """Draw how long a container waited before its 1st, 2nd, … restart, in seconds.

    Steps show what the rule predicts. Points show each measurement under its name; None stands for
    a restart that was not measured.
    """
    figure, axes = _figure(3.2)
    count = range(1, len(predicted) + 1)
    axes.step(count, predicted, where="mid", color=TEXT, linewidth=1.2, label="predicted")
    for (name, values), colour, marker in zip(measured.items(), SERIES, MARKERS, strict=False):
        x = range(1, len(values) + 1)
        points = [math.nan if value is None else value for value in values]
        axes.plot(x, points, linestyle="", marker=marker, color=colour, label=name, markersize=7)
    axes.set_xticks(count)
    axes.set_ylim(bottom=-0.03 * max(predicted))
    axes.set_xlabel("restart")
    axes.set_ylabel("seconds before it")
    axes.legend(**_LEGEND)
    series = {"predicted": predicted, **measured}
    description = " ".join(
        f"{name}: {', '.join('?' if value is None else f'{value:.1f}' for value in values)} s."
        for name, values in series.items()
    )
    return _picture(figure, title, description)


def plot_counts(
    counts: Mapping[str, Sequence[tuple[float, float]]],
    stretches: Mapping[str, tuple[float, float]],
    since: float,
    title: str,
) -> Picture:
    """Counts that grow, each as steps under its own name, and stretches of time as shaded ground.

    All times are in seconds since 1970; `since` is the moment from which the picture counts.
    """
    figure, axes = _figure(3.2)
    told = []
    for (name, samples), colour, style in zip(
        counts.items(), SERIES, ("-", "--", ":"), strict=False
    ):
        points = [(at - since, count) for at, count in samples]
        if points:
            x, y = zip(*points, strict=True)
            axes.step(x, y, where="post", color=colour, linestyle=style, linewidth=2, label=name)
            told.append(f"{name}: {y[0]:g} at {x[0]:.1f} s to {y[-1]:g} at {x[-1]:.1f} s.")
    for name, (begin, end) in stretches.items():
        begin, end = begin - since, end - since
        axes.axvspan(begin, end, color=COLOURS["waiting"], alpha=0.3, linewidth=0, label=name)
        told.append(f"{name}: from {begin:.1f} s to {end:.1f} s.")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds")
    axes.legend(**_LEGEND)
    return _picture(figure, title, " ".join(told))


def plot_requests(
    asked: Sequence[tuple[str, float]], endpoints: Timeline, since: float, title: str
) -> Picture:
    """Draw one lane per Pod: when it was an endpoint (bar) and the requests it answered (dots).

    The lanes below show the requests that failed. `asked` are a client's requests: the Pod that
    answered, or the failure, and when. `since` is when the timeline begins, by the same clock.
    """
    pods = list(dict.fromkeys(event.who for event in endpoints.changes))
    failures = sorted({who for who, _ in asked} - set(pods))
    lanes = [*pods, *failures]
    figure, axes = _figure(0.9 + 0.3 * len(lanes))
    for row, pod in enumerate(pods):
        events = endpoints.of(pod)
        ends = [event.at for event in events[1:]] + [endpoints.until]
        for event, end in zip(events, ends, strict=True):
            state = {"ready": "running", "gone": ""}.get(event.what, "waiting")
            if state:
                _draw(axes, row, Bar(event.at, end, state, event.what), least_width=0.05)
    for row, who in enumerate(lanes):
        times = [at - since for name, at in asked if name == who]
        marker = ("|", TEXT) if who in pods else ("x", COLOURS["ended"])
        axes.plot(times, [row] * len(times), linestyle="", marker=marker[0], color=marker[1])
    axes.set_yticks(range(len(lanes)), lanes)
    axes.set_ylim(len(lanes) - 0.4, -0.7)
    axes.set_xlabel("seconds since the Service was applied; each stroke is a request")
    names = {"running": "ready endpoint", "waiting": "not ready, or terminating"}
    axes.legend(handles=[_patch(state, name) for state, name in names.items()], **_LEGEND)
    answered = ", ".join(f"{who}: {[name for name, _ in asked].count(who)}" for who in lanes)
    changes = "; ".join(f"{e.who} {e.what} at {e.at:.1f} s" for e in endpoints.changes)
    return _picture(figure, title, f"Requests: {answered}. Endpoints: {changes}.")


def plot_moments(
    lanes: Mapping[str, Sequence[tuple[str, float]]], since: float, title: str
) -> Picture:
    """Draw one lane for each actor, with a labelled mark for each thing that happened to it.

    Args:
        lanes: What happened, and when, in seconds since 1970 and in order, by actor.
        since: The moment from which the picture counts, by the same clock.
        title: The picture's title.
    """
    figure, axes = _figure(0.9 + 0.7 * len(lanes))
    told = []
    for row, (who, moments) in enumerate(lanes.items()):
        times = [at - since for _, at in moments]
        axes.plot([0, *times], [row] * (len(times) + 1), color=COLOURS["waiting"], linewidth=1.2)
        axes.plot(times, [row] * len(times), linestyle="", marker="o", color=COLOURS["running"])
        for number, ((what, _), at) in enumerate(zip(moments, times, strict=True)):
            # Two steps that follow at once would write over each other on one side of the lane.
            side = -0.3 if number % 2 == 0 else 0.32
            axes.text(at, row + side, what, fontsize=8, va="center", color=TEXT)
        steps = "; ".join(
            f"{what} at {at:.1f} s" for (what, _), at in zip(moments, times, strict=True)
        )
        told.append(f"{who}: {steps}.")
    axes.set_yticks(range(len(lanes)), list(lanes))
    axes.set_ylim(len(lanes) - 0.4, -0.7)
    end = max((at - since for moments in lanes.values() for _, at in moments), default=1.0)
    axes.set_xlim(-0.02 * end, 1.15 * end)
    axes.set_xlabel("seconds")
    return _picture(figure, title, " ".join(told))


def plot_distribution(counts: Mapping[str, Mapping[str, int]], title: str) -> Picture:
    """How many requests each Pod answered: a group of bars for each way of asking."""
    figure, axes = _figure(0.9 + 0.3 * sum(len(series) + 1 for series in counts.values()))
    row, ticks = 0, {}
    for (name, series), colour in zip(counts.items(), SERIES, strict=False):
        for number, (who, count) in enumerate(series.items()):
            axes.barh(row, count, color=colour, edgecolor=TEXT, linewidth=0.4)
            axes.text(count, row, f" {count}", va="center", fontsize=9, color=TEXT)
            ticks[row] = who
            if number == 0:
                axes.text(0, row - 0.75, name, va="center", fontsize=9, color=TEXT)
            row += 1
        row += 1
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_ylim(row - 1.4, -1.2)
    axes.set_xlabel("requests answered")
    description = " ".join(
        f"{name}: " + ", ".join(f"{who} {count}" for who, count in series.items()) + "."
        for name, series in counts.items()
    )
    return _picture(figure, title, description)


def _stretches(samples: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Samples as they follow one another: a pause of more than the usual one parts them."""
    pauses = [later - at for (at, _), (later, _) in pairwise(samples)]
    longest = 1.5 * min(pauses, default=0)
    found: list[list[tuple[float, float]]] = []
    for sample, pause in zip(samples, [longest + 1, *pauses], strict=False):
        if pause > longest:
            found.append([])
        found[-1].append(sample)
    return found


def _milestones(stretch: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The samples to name: where the value changes, or the first and last if it often does."""
    changes = [stretch[0], *(later for one, later in pairwise(stretch) if one[1] != later[1])]
    return changes if len(changes) <= 4 else [stretch[0], stretch[-1]]


def _lanes(*timelines: Timeline) -> list[tuple[str, list[Bar]]]:
    """What the containers of each timeline did, by `Pod / container`."""
    return [
        (f"{timeline.subject.split()[-1]} / {who}", list(_bars(timeline, who)))
        for timeline in timelines
        for who in dict.fromkeys(
            e.who for e in timeline.changes if e.kind in ("started", "waiting")
        )
    ]


def _told(lanes: Sequence[tuple[str, list[Bar]]]) -> str:
    return " ".join(
        f"{name}: " + "; ".join(f"{bar.text} at {bar.begin:.1f} s" for bar in bars) + "."
        for name, bars in lanes
    )


def _draw_lanes(axes: Axes, lanes: Sequence[tuple[str, list[Bar]]]) -> None:
    end = max((bar.end for _, bars in lanes for bar in bars), default=1.0)
    for row, (_, bars) in enumerate(lanes):
        for bar in bars:
            _draw(axes, row, bar, least_width=end / 250)
    axes.set_yticks(range(len(lanes)), [name for name, _ in lanes])
    axes.set_ylim(len(lanes) - 0.4, -0.7)
    axes.set_xlim(0, end * 1.02)
    axes.set_xlabel("seconds since apply; a number is an exit code")


def _draw(axes: Axes, row: int, bar: Bar, least_width: float) -> None:
    """A bar in its lane; also a run that was over before the watch saw it leaves a stroke."""
    axes.barh(
        row,
        max(bar.end - bar.begin, least_width),
        left=bar.begin,
        height=0.6 if bar.state == "running" else 0.18,
        color=COLOURS[bar.state],
        hatch="////" if bar.state == "waiting" else None,
        edgecolor=TEXT,
        linewidth=0.4,
    )
    if bar.state == "ended":
        code = bar.text.removeprefix("exited ")
        axes.text(bar.begin, row - 0.34, code, fontsize=8, ha="center", color=TEXT)


def _bars(timeline: Timeline, who: str) -> Iterator[Bar]:
    """Yield a container's bars, running and waiting in turn.

    The kubelet reports a back-off only when it is nearly over, so a container counts as waiting
    from the end of one run to the start of the next, or to the end of the timeline.
    """
    happened = [e for e in timeline.of(who) if e.kind in ("started", "exited", "waiting")]
    for number, event in enumerate(happened):
        following = happened[number + 1 :]
        if event.kind == "started":
            end = following[0].at if following else timeline.until
            yield Bar(event.at, end, "running", event.what)
        elif event.kind == "exited":
            yield Bar(event.at, event.at, "ended", event.what)
            start = next((e.at for e in following if e.kind == "started"), timeline.until)
            waits = [e.what for e in following if e.kind == "waiting" and e.at <= start]
            if following:
                yield Bar(
                    event.at, start, "waiting", waits[0] if waits else "waiting for its restart"
                )
        elif not any(e.kind == "exited" for e in happened[:number]):
            end = following[0].at if following else timeline.until
            yield Bar(event.at, end, "waiting", event.what)


_LEGEND: dict[str, Any] = {
    "frameon": False,
    "labelcolor": TEXT,
    "fontsize": 9,
    "loc": "lower left",
    "bbox_to_anchor": (0, 1.0),
    "ncols": 4,
}


def _patch(state: str, name: str = "") -> Any:
    from matplotlib.patches import Patch

    return Patch(
        facecolor=COLOURS[state],
        edgecolor=TEXT,
        linewidth=0.4,
        hatch="////" if state == "waiting" else None,
        label=name or state,
    )


def _figure(height: float) -> tuple[Any, Axes]:
    figure, [axes] = _panels([height])
    return figure, axes


def _panels(heights: Sequence[float]) -> tuple[Any, list[Axes]]:
    """A figure, and its axes from the top down; they share the x axis."""
    # Figure and not pyplot: no global state, no backend, and half the import.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    panels = figure.subplots(
        len(heights), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for axes in panels:
        axes.set_facecolor("none")
        axes.tick_params(colors=TEXT, labelsize=9)
        axes.xaxis.label.set_color(TEXT)
        axes.yaxis.label.set_color(TEXT)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("bottom", "left"))
            spine.set_color(TEXT)
    return figure, list(panels)


def _picture(figure: Any, title: str, description: str) -> Picture:
    import matplotlib

    name = "plot-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    out = io.StringIO()
    # Text stays text (searchable, in the page's font); the salt makes ids the same in every run.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(TEXT, "currentColor")
    # matplotlib names the sans-serif families that this machine has; the page's own will do.
    svg = re.sub(r"font-family: [^;\"]+", "font-family: inherit", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font-size: \1", svg)
    # Two plots on a page must not share ids, and a <style> of theirs would style the whole page.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[a-z]+[\w.]*_\d+"', "<g", svg)
    attributes = (
        f'role="img" aria-labelledby="{name}-title {name}-description" '
        'style="max-width: 100%; height: auto; stroke-linejoin: round"'
    )
    head = (
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-description">{html.escape(description)}</desc>'
    )
    root, rest = svg.split(">", 1)
    svg = f"{root} {attributes}>{head}{rest}"
    return Picture(svg, f"{title}. {description}")
