"""One circuit over several nodes: remote gates by shared pairs, few of them, with a proof that the circuit stays the same.

``steps`` brings a circuit into a form in which all gates between two qubits are diagonal. ``packets`` counts the pairs that an
assignment of qubits to nodes needs, and ``partition`` searches for the best assignment. ``moving`` lets qubits and gates go to
other nodes, which makes a ``plan``. ``ordering`` orders the steps so that few communication qubits are in use, ``building``
writes the network program, and ``proof`` reads the original circuit back from it.
"""
