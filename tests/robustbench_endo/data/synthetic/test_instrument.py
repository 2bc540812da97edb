import numpy as np
import pytest

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.instrument import Instrument
from robustbench_endo.data.synthetic.patient import InstrumentStyle

STYLE = InstrumentStyle((0.1, 0.1, 0.1), 0.5, True)


def instrument(kind: str, **options: float) -> Instrument:
    values = {"heading": 0.0, "bend": 0.0, "opening": 0.4, "scale": 1.0} | options
    return Instrument(kind, np.array([0.1, -0.2]), style=STYLE, **values)


def test_instrument_jaws_close_at_the_working_point() -> None:
    tool = instrument("grasper", opening=0.0)
    near, far = tool.jaws
    assert (near.side, far.side) == (-1.0, 1.0)
    assert near.label == labels.GRASPER
    for jaw in tool.jaws:
        direction = np.array([jaw.ux, jaw.uy])
        assert np.array([jaw.x, jaw.y]) + 0.72 * jaw.length * direction == pytest.approx(tool.working_point)


def test_instrument_jaws_open_by_the_angle_between_them() -> None:
    one, other = instrument("scissors", opening=0.6).jaws
    assert np.arccos(one.ux * other.ux + one.uy * other.uy) == pytest.approx(0.6)


def test_instrument_shaft_leaves_at_the_angle_of_the_wrist() -> None:
    tool = instrument("grasper", heading=0.3, bend=0.5)
    assert np.arctan2(tool.shaft.uy, tool.shaft.ux) == pytest.approx(0.8)
    assert tool.wrist.length == pytest.approx(np.hypot(tool.shaft.x - tool.hinge[0], tool.shaft.y - tool.hinge[1]))
    assert tool.head_points.shape == (21, 2)
    assert tool.shaft_points[0] == pytest.approx([tool.shaft.x, tool.shaft.y])


def test_instrument_suction_has_a_tube_and_no_jaws() -> None:
    tool = instrument("suction")
    assert (tool.jaws, tool.wrist) == ((), None)
    assert [tool.tube.x, tool.tube.y] == pytest.approx(tool.working_point)
    assert instrument("grasper").tube is None
