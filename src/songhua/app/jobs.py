"""Long work in the background, one piece at a time, with progress and a way to stop it."""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import structlog

from songhua.api.ports import Job
from songhua.model import BadInput

log = structlog.get_logger()
_KEPT = 200

Report = Callable[[Mapping[str, Any]], None]


class Stopped(BadInput):
    """A person asked the work to stop."""

    def __init__(self) -> None:
        super().__init__("已停止。", "Stopped.")


@dataclass
class _Task:
    id: str
    kind: str
    state: str = "waiting"
    done: int = 0
    total: int = 0
    phase: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    error: tuple[str, str] = ("", "")
    stop: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """The queue of long work of this process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="work")
        self._tasks: OrderedDict[str, _Task] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, kind: str, work: Callable[[Report], Mapping[str, Any]]) -> str:
        """Queue a piece of work and return its id."""
        task = _Task(uuid.uuid4().hex, kind)
        with self._lock:
            self._tasks[task.id] = task
            while len(self._tasks) > _KEPT:
                self._tasks.popitem(last=False)
        self._pool.submit(self._run, task, work)
        return task.id

    @property
    def busy(self) -> bool:
        """Whether any work waits or is under way."""
        return any(task.ended is None for task in self._tasks.copy().values())

    def find(self, job_id: str) -> Job | None:
        """Return how a piece of work stands, or None when there is none of that id."""
        task = self._tasks.get(job_id)
        if task is None:
            return None
        seconds = (task.ended or time.monotonic()) - task.began
        return Job(
            id=task.id,
            kind=task.kind,
            state=task.state,
            done=task.done,
            total=task.total,
            phase=task.phase,
            seconds=seconds,
            result=task.result,
            error_zh=task.error[0],
            error_en=task.error[1],
        )

    def stop(self, job_id: str) -> None:
        """Ask a piece of work to stop at its next step."""
        if task := self._tasks.get(job_id):
            task.stop.set()

    def close(self) -> None:
        """Stop everything and wait for the step under way."""
        for task in self._tasks.values():
            task.stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, task: _Task, work: Callable[[Report], Mapping[str, Any]]) -> None:
        def report(step: Mapping[str, Any]) -> None:
            if task.stop.is_set():
                raise Stopped
            task.done = int(step.get("done", task.done))
            task.total = int(step.get("total", task.total))
            task.phase = str(step.get("phase", task.phase))

        task.state = "running"
        try:
            task.result = work(report)
            task.state = "done"
        except BadInput as fault:
            task.error = (fault.zh, fault.en)
            task.state = "failed"
        except Exception as fault:
            log.exception("job failed", kind=task.kind)
            task.error = (f"内部错误：{fault!r}", f"Internal error: {fault!r}")
            task.state = "failed"
        finally:
            task.ended = time.monotonic()
