"""Calls made ahead: in order, and never many at once."""

from concurrent.futures import ThreadPoolExecutor

from core.image_sets.read_ahead import in_order


def test_results_come_in_order_and_the_work_is_taken_as_it_is_needed():
    taken = []

    def work():
        for number in range(20):
            taken.append(number)
            yield number, (number, 2)

    with ThreadPoolExecutor(2) as pool:
        results = in_order(pool, pow, work(), ahead=3)
        assert next(results) == (0, 0) and len(taken) == 4
        assert list(results) == [(number, number**2) for number in range(1, 20)]
