"""What a hostile kernel says and no notebook can hold is dropped: it costs the notebook nothing else."""

from __future__ import annotations

import json

import nbformat
import pytest
from nbclient.exceptions import CellExecutionComplete

from autograder.jail.execute import JailedExecute

ODD = (None, 0.1, [], {}, "x", [{"a": 1}], True)
GOOD = {
    "stream": {"name": "stdout", "text": "hello"},
    "display_data": {"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "later"}},
    "update_display_data": {"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "later"}},
    "execute_result": {"data": {"text/plain": "x"}, "metadata": {}, "execution_count": 1},
    "error": {"ename": "E", "evalue": "e", "traceback": ["E"]},
    "comm_open": {"comm_id": "c", "target_name": "jupyter.widget", "data": {"state": {}, "buffer_paths": []}},
    "comm_msg": {"comm_id": "c", "data": {"state": {}, "buffer_paths": []}},
    "clear_output": {"wait": False},
    "execute_input": {"execution_count": 1, "code": "1"},
}


def spoiled(kind: str):
    """Yield a good message's content, with each of its fields, at any depth, left out or odd."""

    def inside(value, path=()):
        if isinstance(value, dict):
            for key, part in value.items():
                yield (*path, key)
                yield from inside(part, (*path, key))

    for path in inside(GOOD[kind]):
        for odd in (*ODD, KeyError):
            content = json.loads(json.dumps(GOOD[kind]))
            place = content
            for key in path[:-1]:
                place = place[key]
            if odd is KeyError:
                del place[path[-1]]
            else:
                place[path[-1]] = odd
            yield content


@pytest.mark.parametrize("kind", GOOD)
def test_no_message_ends_the_grading(kind: str) -> None:
    executor = JailedExecute()
    executor.nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    executor.reset_execution_trackers()
    for content in spoiled(kind):
        message = {"header": {"msg_type": kind}, "msg_type": kind, "content": content, "metadata": {}, "buffers": []}
        try:
            executor.process_message(message, executor.nb.cells[0], 0)
        except CellExecutionComplete:
            pytest.fail("no cell was complete")
