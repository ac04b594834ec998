"""The one place that knows all parts and plugs them together.

`main` is the command `steward`. What a command does not need is not imported: `steward cluster list`
must not pay for a database.
"""

import gc
from collections.abc import Sequence


def serve() -> int:
    """Run the service until SIGTERM or Ctrl-C; clusters go on without it."""
    gc.disable()  # until it serves: hundreds of modules leave nothing to collect, and a fifth of the start is looking
    from steward.bootstrap import serving

    return serving.serve()


def doctor(*, form: str) -> int:
    """Say what this machine lacks, and the command that mends it."""
    from steward.bootstrap import examination

    return examination.report(form=form)


def components(*, versions: Sequence[str]) -> int:
    """Obtain the components of these versions, the default one where none is named."""
    from steward.components import __main__ as obtaining

    arguments = [word for version in versions for word in ("--kube", version)]
    return obtaining.main(arguments)


def main() -> None:
    from steward.cli import app

    app.build(serve=serve, doctor=doctor, components=components)()
