import matplotlib.pyplot as plt
import numpy as np
import pytest
from qiskit.quantum_info import Statevector

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from tests.plotting.pictures import check_legible, texts, with_gid


def _area(ax, row, column):
    (square,) = with_gid(ax, f"entry {row} {column}")
    return square.get_width() * square.get_height()


def test_the_area_of_a_square_is_the_size_of_an_entry():
    ax = qn.plot_density_matrix(qn.predict(qn.StateTomography(link_fidelity=0.7)))
    check_legible(ax)
    assert _area(ax, 0, 0) == pytest.approx(0.4) and _area(ax, 0, 3) == pytest.approx(0.3)
    assert _area(ax, 1, 1) == pytest.approx(0.1) and not with_gid(ax, "entry 0 1")
    assert sorted(texts(ax)) == ["0.10"] * 2 + ["0.30"] * 2 + ["0.40"] * 2


def test_rows_are_named_by_the_first_qubit_in_front_and_phases_differ_in_colour():
    state = Statevector([np.sqrt(0.5), 0.5j, 0.5, 0])  # Qiskit's qubit 0 is the first: |00⟩, |10⟩, |01⟩.
    _, ax = plt.subplots()
    assert qn.plot_density_matrix(state, ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["00", "01", "10", "11"]
    assert _area(ax, 0, 2) == pytest.approx(np.sqrt(0.125)) and not with_gid(ax, "entry 3 3")
    colours = {with_gid(ax, f"entry 0 {column}")[0].get_facecolor() for column in (0, 1, 2)}
    assert len(colours) == 2
    turned = [with_gid(ax, f"entry {place}")[0].get_facecolor() for place in ("0 2", "2 0", "0 0")]
    assert len(set(turned)) == 3


def test_a_result_without_a_state_is_refused():
    with pytest.raises(ParameterError, match="Pauli means"):
        qn.plot_density_matrix(qn.predict(qn.RepeaterChain()))
