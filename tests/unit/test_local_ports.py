import socket
from dataclasses import astuple, replace

import pytest

from deploy.local.errors import LocalError
from deploy.local.ports import HOST, Ports, is_free


def test_the_services_listen_on_the_three_ports_after_the_base() -> None:
    ports = Ports.from_base(9000)

    assert (9001, 9002, 9003) == (ports.intake, ports.scheduling, ports.notifications)


def test_every_program_has_a_port_of_its_own_within_a_hundred_of_the_base() -> None:
    ports = astuple(Ports.from_base(9000))

    assert len(ports) == len(set(ports))
    assert all(9000 < port < 9100 for port in ports)


async def test_a_port_that_someone_listens_on_is_named_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        ports = replace(Ports.free(), scheduling=other.getsockname()[1])

        with pytest.raises(LocalError, match=rf"port {ports.scheduling} \(scheduling\) is taken .* --port-base"):
            await ports.wait_free(seconds=0)


def test_a_port_is_free_again_once_the_listener_has_gone() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)

    assert is_free(port)
