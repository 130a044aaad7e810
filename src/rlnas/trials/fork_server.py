"""The process that trials are forks of: `python -m rlnas.trials.fork_server DESCRIPTOR ENVIRONMENT`.

Importing torch takes longer than many a trial, so it is imported once. The server imports rlnas and the packages of the
environment's family, but no module of the user's, and runs no operation of torch. So each trial starts as in a fresh
process. For each it receives three files over its socket: the trial's own socket, a pipe and a log. It forks a keeper,
which forks the trial, writes the trial's process id and later its exit code to the pipe, and kills what the trial left
running. The keeper needs no server, so a server that is killed harms no trial.

Where a fork is not safe, each trial executes a fresh `local_worker`.
"""

import gc
import importlib
import os
import signal
import socket
import sys

from rlnas.envs.families import family_of
from rlnas.processes import kill_group, leave


def _load(env: str) -> bool:
    """Imports what trials need; whether a fork of this process is safe then.

    System libraries of macOS do not survive one, and no lock does that another thread holds.
    """
    if sys.platform != "linux":
        return False
    importlib.import_module("rlnas.trials.local_worker")
    family_of(env).load()
    return len(os.listdir("/proc/self/task")) == 1


def serve(control: socket.socket, forks: bool) -> socket.socket | None:
    """Forks trials until the other end of a socket is gone; returns the trial's own socket in each, and `None` here."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers leave no zombies
    gc.collect()
    gc.freeze()  # so that trials share the pages of what is there
    while True:
        message, files, _, _ = socket.recv_fds(control, 1, 3)
        if not message:
            return None
        for file in files:
            os.set_inheritable(file, False)
        if _fork(files[-1]) == 0:
            control.close()
            return _keep(files, forks)
        for file in files:
            os.close(file)


def _fork(log: int) -> int | None:
    """Forks; `None` where the system refuses, which the log then says."""
    try:
        return os.fork()
    except OSError as error:
        os.write(log, f"no process could be started: {error}\n".encode())
        return None


def _keep(files: list[int], forks: bool) -> socket.socket:
    """Forks a trial and waits for its end; returns in the trial alone."""
    channel, status, log = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = _fork(log)
    if pid is None:
        os._exit(1)
    if pid == 0:
        os.close(status)
        os.setsid()
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        return _begin(channel, forks)
    try:
        os.write(status, f"{pid}\n".encode())
        _, ended = os.waitpid(pid, 0)
        kill_group(pid)
        os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
        # What it left in a session of its own may hold the socket open; what the trial said can still be read.
        socket.socket(fileno=channel).shutdown(socket.SHUT_RDWR)
    finally:
        os._exit(0)


def _begin(channel: int, forks: bool) -> socket.socket:
    if not forks:
        os.set_inheritable(channel, True)
        os.execv(sys.executable, [sys.executable, "-P", "-m", "rlnas.trials.local_worker", str(channel)])
    import numpy as np

    np.random.seed()  # as in a fresh process: no two trials draw the same. Python's own generator does so itself.
    return socket.socket(fileno=channel)


def main() -> int:
    """Serves; in a fork, runs its trial."""
    control = socket.socket(fileno=int(sys.argv[1]))
    forks = _load(sys.argv[2])
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # so far the log of the first trial, for an import that fails
        os.dup2(quiet, stream)
    channel = serve(control, forks)
    if channel is None:
        return 0
    from rlnas.trials.local_worker import work

    return work(channel)


if __name__ == "__main__":
    leave(main())
