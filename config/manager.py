"""`python -m config.manager -c FILE`: supervisor, which a full disk does not end.

Its log handlers print the error of a line that they could not write; where that print goes to the same full disk, it ends
supervisor and with it every program. A line of a log is not worth that.
"""

from supervisor import loggers, supervisord


def main() -> None:
    loggers.Handler.handleError = lambda self: None
    supervisord.main()


if __name__ == "__main__":
    main()
