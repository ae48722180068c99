"""``auto``: chooses the exact engine, stim or Aer for a program after it is compiled."""

from __future__ import annotations

from collections.abc import Sequence

from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.base import BaseBackend, Capabilities, DeviceSimulator
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.simulation.sampling import CALL
from qnet_circuits.backends.stim import StimBackend
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import NoShotsError, UnsupportedError

#: The most bytes of an exact computation that is chosen unasked, so that it takes seconds at most.
_MEMORY = 2**26
#: Calls of Aer, about a second each, beyond which stim is chosen though noise is twirled.
_LONG = 30


class AutoBackend(DeviceSimulator):
    """A placeholder for the exact engine, stim or Aer until a program is compiled. Nothing runs on it.

    Args:
        name: Its name, ``auto`` or ``auto:<device>``.
        device: The simulated device. Default: none.
        noise: The description of the device's noise.
    """

    name = "auto"

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities: those of a sampling backend, which may be chosen."""
        return Capabilities(True, self.simulates_links, self.remote, self.equal_shots)

    def chosen(self, compiled: Compiled, shots: Sequence[int], sampled: bool) -> tuple[BaseBackend, str]:
        """Return the backend for a program, and the reason.

        Args:
            compiled: The program.
            shots: The shots of each circuit.
            sampled: Whether outcomes are needed; otherwise figures may be computed.

        Raises:
            UnsupportedError: If no backend can run the program.
        """
        rest = self.name.removeprefix("auto")
        if not sampled:
            engine = ExactBackend(f"exact{rest}", self.device, self.noise, _MEMORY)
            try:
                engine.evaluate(compiled, compiled.program.figures)
            except (UnsupportedError, NoShotsError):
                pass
            else:
                return engine, "nobody asks for shots, and the figures are computed exactly in little memory"
        stim, aer = (
            StimBackend(f"stim{rest}", self.device, self.noise),
            AerBackend(f"aer{rest}", self.device, self.noise),
        )
        try:
            stim.check(compiled)
        except UnsupportedError as error:
            aer.check(compiled)
            return aer, str(error)
        if not stim.twirls(compiled):
            return stim, "all gates are Clifford and all errors Pauli, so that stim samples them as they are"
        return _either(stim, aer, compiled, shots)


def _either(
    stim: StimBackend, aer: AerBackend, compiled: Compiled, shots: Sequence[int]
) -> tuple[BaseBackend, str]:
    """Choose between twirled noise on stim and a simulation on Aer that may take long."""
    try:
        aer.check(compiled)
    except UnsupportedError as error:
        return stim, f"{error}; all gates are Clifford, so that stim can sample them with twirled noise"
    if aer.work(compiled, shots) > _LONG * CALL:
        return stim, "all gates are Clifford, and so many shots would take long on Aer; noise is twirled"
    return aer, "Aer samples noise that stim would have to twirl, and takes no long time"
