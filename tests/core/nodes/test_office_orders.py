"""Messages are answered in threads, and whoever waits for orders takes none."""

import asyncio
import threading
import time

from core.nodes.authority import Authority
from core.nodes.certificates import NODE, new_request
from core.nodes.hello import own_versions
from core.nodes.office import THREADS, Office
from core.nodes.speed import FILE, Speed
from core.runs.workspace import workspace_folder
from core.settings.stored import write_stored


class Mirror:
    """One that has orders when it is told to, and fails when asked."""

    def __init__(self):
        self.has_orders, self.heard = False, []

    def listen(self, changed):
        self.changed = changed

    def answer(self, node, method, values):
        assert threading.current_thread() is not threading.main_thread()
        if method == "heard":
            self.heard.append((node, values))
        if method == "fails":
            raise KeyError("secret")
        return {"version": "1"} if method == "orders" and self.has_orders else {}


def let_in(runs_folder, *names):
    authority = Authority(runs_folder)
    authority.make()
    for name in names:
        authority.enroll(new_request()[1], name)
    return authority


def test_many_wait_for_orders_and_hear_at_once_of_them(runs_folder, tmp_path):
    names = [f"lab-{number}" for number in range(100)]

    async def wait():
        mirror, before = Mirror(), threading.active_count()
        office = Office(runs_folder, tmp_path, let_in(runs_folder, *names), mirror)

        def ask(name, method, **values):
            return office.answer(NODE, name, "tls://10.0.0.7:50000", method, values)

        assert await ask("lab-0", "orders", known={}, wait=20) == {"greet": True}
        assert {str(await ask(name, "hello", **own_versions())) for name in names} >= {"{'answer': {'name': 'lab-99'}}"}
        waiting = [asyncio.create_task(ask(name, "orders", known={}, wait=20)) for name in names]
        while not all(name in office._changed for name in names):
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(ask("lab-0", "heard", facts={"address": "8.8.8.8", "speed": 3.0}), 5) == {
            "answer": {}
        }
        assert threading.active_count() <= before + THREADS and not any(task.done() for task in waiting)
        mirror.has_orders = True
        began = time.monotonic()
        threading.Thread(target=lambda: [mirror.changed(name) for name in names]).start()
        assert await asyncio.gather(*waiting) == [{"answer": {"version": "1"}}] * 100
        assert time.monotonic() - began < 10
        mirror.has_orders = False
        assert await ask("lab-1", "orders", known={}) == {"answer": {}}, "without a wait"
        failed = await ask("lab-1", "fails")
        assert failed == {"answer": {"error": "The desk could not answer 'fails' (KeyError)."}}
        office.close()
        return mirror.heard

    write_stored(workspace_folder(runs_folder) / FILE, Speed(1.5, time.time()))
    assert asyncio.run(wait()) == [("lab-0", {"facts": {"address": "10.0.0.7", "speed": 2.0}})]
