"""Bytes that a page's viewer is sent, and what composing them costs, on the demo's own moving book.

Usage: python -m bench.frames [seconds]. One JSON line for each page: frames a second, bytes of the first
frame and of the median later one, kilobytes a second; then one line for the producer, whose work is done once
for all viewers: milliseconds for one composition of every topic, and the bytes of all of them.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

from components import topics
from components.board import Widget
from hedging.desk import Desk
from hedging.live import Producer, Slot, frame
from pages import demo, drift, exposure, limits, tickets

ROOT = Path(__file__).resolve().parents[1]
PAUSE = 0.1
PAGES = (exposure, drift, tickets, limits, demo)


def wanted(page: ModuleType) -> list[str]:
    """The topics that a viewer of the page asks for while BTC is chosen; the strip is on every page."""
    widgets = [
        widget
        for value in vars(page).values()
        if isinstance(value, tuple)
        for widget in value
        if isinstance(widget, Widget)
    ]
    named = {widget.topic.format(u="BTC") for widget in widgets}
    return sorted({topics.STRIP, topics.TILES, *named} if widgets else {topics.STRIP})


def measure(desk: Desk, seconds: float) -> None:
    """Watch the producer for some seconds and print what each page's viewer got."""
    spent: list[float] = []

    def compose() -> list[tuple[str, object]]:
        begun = time.perf_counter()
        found = list(topics.topics(desk.scene()))
        spent.append(1e3 * (time.perf_counter() - begun))
        return found

    producer = Producer(desk.sequence, compose)
    slots = {}
    for page in PAGES:
        slots[page.__name__] = Slot()
        slots[page.__name__].want(wanted(page))
    sent: dict[str, list[int]] = {name: [] for name in slots}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        producer.produce()
        for name, slot in slots.items():
            news = slot.take(producer.board)
            if news:
                sent[name].append(len(frame(news, "")))
        time.sleep(PAUSE)
    for name, sizes in sent.items():
        print(json.dumps(_row(name, sizes, seconds)))
    whole = sum(len(topic.body) for topic in producer.board.values())
    row = {
        "producer": "compose every topic",
        "median_ms": round(statistics.median(spent), 2),
        "p95_ms": round(sorted(spent)[int(0.95 * len(spent))], 2),
        "topics": len(producer.board),
        "bytes": whole,
    }
    print(json.dumps(row))


def _row(name: str, sizes: list[int], seconds: float) -> dict[str, object]:
    later = sizes[1:] or [0]
    return {
        "page": name,
        "frames_per_second": round(len(sizes) / seconds, 1),
        "first_frame_bytes": sizes[0] if sizes else 0,
        "median_frame_bytes": int(statistics.median(later)),
        "kilobytes_per_second": round(sum(later) / seconds / 1e3, 1),
    }


def main() -> None:
    """Start the demo, wait for its first views, measure."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    command = [sys.executable, "-m", "hedging", "demo"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as child:
        state = ""
        while not state and child.stdout is not None:
            line = child.stdout.readline()
            state = json.loads(line).get("state", "") if line.startswith("{") else ""
        desk = Desk.open(Path(state) if Path(state).is_absolute() else ROOT / state, has_demo=True)
        time.sleep(15)
        measure(desk, seconds)
        desk.close()
        child.communicate()


if __name__ == "__main__":
    main()
