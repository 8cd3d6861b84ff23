"""Names each test when it fails, not at the end alone: a run that is stopped has said what it found."""


class Failures:
    def __init__(self, terminal):
        self.terminal = terminal

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.terminal.ensure_newline()
            self.terminal.write_line(f"FAILED {report.nodeid}", red=True)

    def pytest_collectreport(self, report):
        self.pytest_runtest_logreport(report)


def pytest_sessionstart(session):
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Failures(terminal))
