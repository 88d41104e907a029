"""What the tests need beside Python: a database server, other times, strace; brought once."""

from __future__ import annotations

from tests.house.machine import APT_GET, SUDO, Machine, count

TESTS = "needs_postgres=yes;"


def test_demo_needs_no_database(machine: Machine) -> None:
    """Only the tests ask for a PostgreSQL server."""
    machine.add("apt-get", APT_GET)
    code, said, calls = machine.run()
    assert (code, count(calls, "postgresql")) == (0, 0)
    assert "PostgreSQL" not in said


def test_tests_bring_a_database_server_once(machine: Machine) -> None:
    """Debian's own cluster is kept from being made; the second run finds everything."""
    machine.needs = TESTS
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    assert (code, count(calls, "install -y --no-install-recommends postgresql")) == (0, 1)
    assert machine.conf.read_text() == "create_main_cluster = false\n"
    code, said, calls = machine.run()
    assert (code, said, count(calls, "apt-get")) == (0, "", 0)


def test_database_server_on_the_path_will_do(machine: Machine) -> None:
    """Whatever brought it there."""
    machine.needs = TESTS
    machine.add("apt-get", APT_GET)
    machine.add("initdb", "#!/bin/sh\n")
    code, _, calls = machine.run()
    assert (code, count(calls, "apt-get")) == (0, 0)


def test_what_the_system_does_with_clusters_is_left_to_it(machine: Machine) -> None:
    """A machine that has PostgreSQL's settings already keeps them."""
    machine.needs = TESTS
    machine.add("apt-get", APT_GET)
    machine.conf.parent.mkdir(parents=True)
    machine.conf.write_text("of the system\n")
    assert machine.run()[0] == 0
    assert machine.conf.read_text() == "of the system\n"


def test_machine_that_cannot_have_a_database_server_still_tests(machine: Machine) -> None:
    """Without apt, or without root, the tests that need it are skipped, and that is said."""
    machine.needs = TESTS
    for user, has_apt in (("0", False), ("1000", True)):
        machine.user = user
        if has_apt:
            machine.add("apt-get", APT_GET)
        code, said, calls = machine.run()
        assert (code, count(calls, "apt-get")) == (0, 0)
        assert "its tests are skipped" in said


def test_user_with_sudo_brings_the_database_server(machine: Machine) -> None:
    """Settings and package by sudo, nothing else."""
    machine.needs, machine.user = TESTS, "1000"
    machine.add("apt-get", APT_GET)
    machine.add("sudo", SUDO)
    code, _, calls = machine.run()
    assert code == 0
    by_sudo = [call for call in calls if call.startswith("sudo")]
    assert count(by_sudo, "createcluster.conf") == 1
    assert count(by_sudo, "install -y --no-install-recommends postgresql") == 1


def test_tests_bring_the_library_of_other_times_once(machine: Machine) -> None:
    """Where it is, wherever it came from, nothing is asked of apt."""
    machine.needs = f'needs_faketime=yes; faketime_home="{machine.folder}/lib";'
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    assert (code, count(calls, "install -y --no-install-recommends libfaketime")) == (0, 1)
    library = machine.folder / "lib/some-arch/faketime/libfaketime.so.1"
    library.parent.mkdir(parents=True)
    library.touch()
    code, said, calls = machine.run()
    assert (code, said, count(calls, "apt-get")) == (0, "", 0)


def test_tests_bring_strace_once(machine: Machine) -> None:
    """Where it is on PATH nothing is asked of apt; without root its tests are skipped."""
    machine.needs = "needs_strace=yes;"
    machine.user = "1000"
    code, said, _ = machine.run()
    assert (code, "no strace here: its tests are skipped" in said) == (0, True)
    machine.user = "0"
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    assert (code, count(calls, "install -y --no-install-recommends strace")) == (0, 1)
    machine.add("strace", "#!/bin/sh")
    code, said, calls = machine.run()
    assert (code, said, count(calls, "apt-get")) == (0, "", 0)
