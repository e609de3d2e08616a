"""`python -m cluster`: one cluster for everybody. The Makefile's targets call it."""

import argparse
import sys

from cluster.errors import Stop


def up_command(_: argparse.Namespace) -> None:
    from cluster.up import up

    up()


def bench_command(arguments: argparse.Namespace) -> None:
    from cluster.bench import bench

    bench(arguments.rounds, arguments.cold)


def engine_command(arguments: argparse.Namespace) -> None:
    from cluster import engine

    if arguments.action == "start":
        found = engine.connect()
        if found.owned:
            print(f"export DOCKER_HOST={found.env['DOCKER_HOST']}")
        else:
            print("A Docker engine runs already; the project uses it as it is.")
    elif engine.stop():
        print("The project's Docker engine has ended. Its images stay until `make clean`.")
    else:
        print("No Docker engine of the project's own runs.")


def doctor_command(_: argparse.Namespace) -> int:
    from cluster.doctor import doctor

    return doctor()


def clean_command(_: argparse.Namespace) -> None:
    from cluster.clean import clean

    clean()


def pin_command(_: argparse.Namespace) -> None:
    from cluster.pin import pin

    pin()


def parser() -> argparse.ArgumentParser:
    commands = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    subcommands = commands.add_subparsers(metavar="COMMAND", required=True)

    command = subcommands.add_parser("up", help="bring the cluster up, or see that it is")
    command.set_defaults(run=up_command)

    command = subcommands.add_parser("bench", help="measure how fast the cluster comes up")
    command.add_argument("--rounds", type=int, default=3)
    command.add_argument("--cold", action="store_true", help="also build with empty Go caches")
    command.set_defaults(run=bench_command)

    command = subcommands.add_parser("engine", help="start or stop the project's own Docker engine")
    command.add_argument("action", choices=["start", "stop"])
    command.set_defaults(run=engine_command)

    command = subcommands.add_parser("doctor", help="say what is missing and how to mend it")
    command.set_defaults(run=doctor_command)

    command = subcommands.add_parser("pin", help="write the digests of the images that are pulled")
    command.set_defaults(run=pin_command)

    command = subcommands.add_parser("clean", help="remove everything that was made")
    command.set_defaults(run=clean_command)

    return commands


def main() -> int:
    """Runs the command; returns its exit code."""
    arguments = parser().parse_args()
    try:
        return arguments.run(arguments) or 0
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. What was made so far stays: the same command goes on from there, "
            "`make clean` removes it.",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
