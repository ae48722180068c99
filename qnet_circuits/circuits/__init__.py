"""The circuit zoo: the network's own instructions, and the blocks that protocols are made of."""
