"""`python -m cluster`: create, check and remove the cluster. The Makefile's targets call it."""

import argparse
import sys
from collections.abc import Callable

from cluster.errors import CommandError


def up_command(_: argparse.Namespace) -> None:
    """Run `up`."""
    from cluster.up import up

    up()


def bench_command(arguments: argparse.Namespace) -> None:
    """Run `bench`."""
    from cluster.bench import bench

    bench(arguments.rounds, arguments.cold)


def engine_command(arguments: argparse.Namespace) -> None:
    """Run `engine start` or `engine stop`."""
    from cluster import engine

    if arguments.action == "start":
        found = engine.connect()
        if found.owned:
            print(f"export DOCKER_HOST={found.env['DOCKER_HOST']}")
        else:
            print("A Docker engine runs already; the project uses it as it is.")
    elif engine.stop():
        print("The project's Docker engine was stopped. Its images stay until `make clean`.")
    else:
        print("The project's Docker engine isn't running.")


def doctor_command(_: argparse.Namespace) -> int:
    """Run `doctor`, and return its exit code."""
    from cluster.doctor import doctor

    return doctor()


def clean_command(_: argparse.Namespace) -> None:
    """Run `clean`."""
    from cluster.clean import clean

    clean()


def pin_command(_: argparse.Namespace) -> None:
    """Run `pin`."""
    from cluster.pin import pin

    pin()


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; `run` is the function of the chosen command."""
    commands = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    subcommands = commands.add_subparsers(metavar="COMMAND", required=True)

    command = subcommands.add_parser("up", help="start the cluster, or reuse it if it is healthy")
    command.set_defaults(run=up_command)

    command = subcommands.add_parser("bench", help="measure how fast the cluster comes up")
    command.add_argument("--rounds", type=int, default=3)
    command.add_argument("--cold", action="store_true", help="also build with empty Go caches")
    command.set_defaults(run=bench_command)

    command = subcommands.add_parser("engine", help="start or stop the project's own Docker engine")
    command.add_argument("action", choices=["start", "stop"])
    command.set_defaults(run=engine_command)

    command = subcommands.add_parser("doctor", help="check the machine, and print how to fix it")
    command.set_defaults(run=doctor_command)

    command = subcommands.add_parser("pin", help="write the digests of the images that are pulled")
    command.set_defaults(run=pin_command)

    command = subcommands.add_parser("clean", help="remove everything that the project created")
    command.set_defaults(run=clean_command)

    return commands


def main() -> int:
    """Run the command and return its exit code."""
    arguments = parser().parse_args()
    run: Callable[[argparse.Namespace], int | None] = arguments.run
    try:
        return run(arguments) or 0
    except CommandError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. Finished steps are kept: run the same command again to continue, "
            "or `make clean` to remove them.",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
