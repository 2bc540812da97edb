"""States that add up over batches, metrics and processes, and what torchmetrics does with them."""

import multiprocessing
import pickle
import traceback

import matplotlib.pyplot as plt
import pytest
import torch

pytest.importorskip("torchmetrics")

from torchmetrics import MetricCollection

from robustbench_endo.metrics.torchmetrics import ASSD, HD95, HausdorffDistance, MaskSSIM, SurfaceDice

C = 3
GENERATOR = torch.Generator().manual_seed(0)
PREDS, TARGET = torch.randint(0, C, (2, 6, 14, 18), generator=GENERATOR)
EQUAL = torch.zeros_like(TARGET)
EQUAL[:, 4:9, 4:9] = 1


def all_metrics():
    return {
        "hd": HausdorffDistance(C),
        "hd95": HD95(C, average="none"),
        "assd": ASSD(C, average="macro"),
        "nsd": SurfaceDice(C),
        "nsd3": SurfaceDice(C, tolerance=3),
        "ssim": MaskSSIM(C),
        "ssim_foreground": MaskSSIM(C, include_background=False),
    }


def expected_values(preds=PREDS, target=TARGET):
    return {name: metric(preds, target) for name, metric in all_metrics().items()}


def assert_same(values, expected):
    assert values.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(values[name], value, rtol=1e-12, atol=0, msg=name)


def test_states_add_up_over_batches_of_any_size():
    expected = expected_values()
    for name, metric in all_metrics().items():
        first = metric(PREDS[:1], TARGET[:1])
        with torch.inference_mode():  # as the validation of Lightning
            metric.update(PREDS[1:4], TARGET[1:4])
        metric.update(PREDS[4:], TARGET[4:])
        assert_same({name: metric.compute()}, {name: expected[name]})
        assert_same({name: first}, {name: expected_values(PREDS[:1], TARGET[:1])[name]})
        metric.reset()
        metric.update(PREDS[:1], TARGET[:1])
        assert_same({name: metric.compute()}, {name: first})


@pytest.mark.parametrize("groups", [True, False])
def test_collection_is_right_although_first_values_are_equal(groups):
    # After this batch every distance is 0 and every share 1: sums with equal names would be shared for ever.
    collection = MetricCollection(all_metrics(), compute_groups=groups)
    collection.update(EQUAL, EQUAL)
    collection.update(PREDS, TARGET)
    expected = expected_values(torch.cat((EQUAL, PREDS)), torch.cat((EQUAL, TARGET)))
    assert_same(collection.compute(), expected)
    shared = [["assd", "hd", "hd95", "nsd"], ["nsd3"], ["ssim"], ["ssim_foreground"]]
    assert sorted(map(sorted, collection.compute_groups.values())) == (shared if groups else [])
    assert_same({name: metric.compute() for name, metric in collection.clone().items()}, expected)


def test_collection_computes_shared_distances_once(monkeypatch):
    calls = []
    values = HausdorffDistance.frame_values
    monkeypatch.setattr(
        HausdorffDistance.__base__, "frame_values", lambda *arguments: calls.append(1) or values(*arguments)
    )
    collection = MetricCollection([HausdorffDistance(C), HD95(C), ASSD(C), SurfaceDice(C)])
    collection.update(PREDS, TARGET)  # torchmetrics learns here which metrics share
    calls.clear()
    collection.update(PREDS, TARGET)
    assert len(calls) == 1


def test_metric_survives_pickling_cloning_and_moving():
    for name, metric in all_metrics().items():
        metric.update(PREDS, TARGET)
        for copied in (pickle.loads(pickle.dumps(metric)), metric.clone(), metric.to("cpu").half()):
            assert_same({name: copied.compute()}, {name: expected_values()[name]})
            assert copied.compute().dtype == torch.float64


def test_metric_is_nan_without_a_frame_that_has_a_value():
    metric = HausdorffDistance(C)
    metric.update(torch.zeros_like(TARGET), torch.full_like(TARGET, 255))
    assert metric.compute().isnan()
    with torch.autocast("cpu", torch.bfloat16):
        metric.update(torch.nn.functional.one_hot(PREDS, C).movedim(3, 1).bfloat16(), TARGET)
    assert metric.compute().equal(expected_values()["hd"])


def test_metric_plots_values_within_its_bounds():
    for metric in (SurfaceDice(C), HD95(C, average="none")):
        figure, axes = metric.plot([metric(PREDS[i : i + 2], TARGET[i : i + 2]) for i in range(3)])
        assert axes.get_ylim()[0] <= 0
        assert len(axes.lines) >= 1
        plt.close(figure)


def test_directions_are_declared():
    assert [metric.higher_is_better for metric in all_metrics().values()] == [False] * 3 + [True] * 4
    assert not any(metric.is_differentiable or metric.full_state_update for metric in all_metrics().values())


def compute_on_rank(rank, folder, queue):
    """The metrics of one of two processes, of which the first has 1 frame and the second the other 5."""
    try:
        torch.set_num_threads(1)
        torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
        collection = MetricCollection(all_metrics())
        for frames in ([0],) if rank == 0 else ([1, 2, 3], [4, 5]):
            collection.update(PREDS[frames], TARGET[frames])
        queue.put({name: value.tolist() for name, value in collection.compute().items()})
        torch.distributed.destroy_process_group()
    except Exception:  # noqa: BLE001  # whatever it is, the test reports it
        queue.put(traceback.format_exc())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forks with threads, which do nothing in the children
@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this build of torch has no gloo")
def test_processes_with_batches_of_different_sizes_add_up(tmp_path):
    expected = expected_values()
    context = multiprocessing.get_context("fork")  # a new interpreter would import everything again
    queue = context.Queue()
    processes = [context.Process(target=compute_on_rank, args=(rank, tmp_path, queue)) for rank in (0, 1)]
    for process in processes:
        process.start()
    results = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    for values in results:
        assert isinstance(values, dict), values
        assert_same({name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}, expected)
