"""Where the pooler is, and what the programs have in common."""

import os

host, port = os.environ["PGHOST"], int(os.environ["PGPORT"])
# Here a password is asked for, and the one of `app` is `right`.
password_port = int(os.environ["PASSWORD_PORT"])


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")
